#!/usr/bin/python3
"""An independent peer for tests, both sides of a call.

peer.py serve [--connect] [--hello] [--log FILE] URL
    Answers by the method's name (below) until SIGTERM; prints its real URL
    when it is ready.  With --connect it is a worker that dials out.
    --hello: says that it is one of us.
    --secret FILE --allow FILE [--allow FILE...]: encrypts, and lets these
    keys in; --domain NAME.

peer.py call [options] URL METHOD [BODY]
    One call as the library makes it: PING, PONG, then the request.  Prints
    every answer as one line.
    --key TEXT, --key-hex HEX (bin), --seq N, --zip, --str (body as str),
    --cancel-after S, --timeout S, --no-ping, --count N (answers to wait for),
    --dl MS, --max BYTES, --cid HEX, --bind
    --secret FILE --server-key FILE: encrypts

Keys are files of Z85, public ones but for --secret.
"""

import argparse
import signal
import sys
import time

import zmq

import curve
import wire

SHORT = ("ValueError", "ValueError('no')", "Traceback: here\nand there")


def frames_result(raw, message, **extra):
    return [wire.reply(raw, wire.RESULT, message.body, **extra)]


def own_frames(raw, kind, meta, body):
    """An answer with a payload of any shape."""
    frames = wire.reply(raw, kind)
    frames[2] = wire.map_of([("meta", meta), ("body", body)])
    return frames


# What a server does for each method: the messages that it sends at once.
def answers(name, raw, message):
    def result(body, **more):
        return wire.reply(raw, wire.RESULT, body, **more)

    def failure(kind, *error):
        return wire.reply(raw, kind, None, error)

    other = dict(raw, seq=wire.pack(4000000000))
    bad = result(message.body)
    table = {
        "echo": lambda: frames_result(raw, message),
        "bin": lambda: [result(bytes(range(256)))],
        "str": lambda: [result('{"a": "\u00fc"}')],
        "zip": lambda: [result(b'"' + b"z" * 100000 + b'"', zipped=True)],
        "nan": lambda: [result(b"[NaN, Infinity, -Infinity]")],
        "pretty": lambda: [result(b'{\n "a": 0.1,\r\n "b": 1e400 }\n')],
        "fail": lambda: [failure(wire.FAILURE, *SHORT)],
        "error": lambda: [failure(wire.ERROR, "TypeError", "TypeError('x')",
                                  "tb")],
        "refuse": lambda: [failure(wire.ERROR, message.body.decode()[1:-1],
                                   "refused", "")],
        "dirty": lambda: [failure(wire.FAILURE, "Esc\x1b[31m",
                                  "a\u009bb\x00c\u202ed\x07",
                                  "t\x1b]0;x\x07\nline\rtwo")],
        "longtb": lambda: [failure(wire.FAILURE, "E", "r", "x" * 10000000)],
        "cancelled": lambda: [wire.reply(raw, wire.CANCELLED)],
        "null": lambda: [wire.reply(raw, wire.NULL), result(message.body)],
        "twice": lambda: [result(b"1"), result(b"2")],
        "other": lambda: [wire.reply(other, wire.RESULT, b"99"),
                          result(b"1")],
        "garbage": lambda: [[b"UPPER", b"\xc1", b"\xc1"], [b"x"],
                            [b"UPPER", bad[1]],
                            [b"upper", bad[1], bad[2]], bad],
        "nil": lambda: [result(None)],
        "intbody": lambda: [result(5)],
        "notjson": lambda: [result(b"nope")],
        "emptybody": lambda: [result(b"")],
        "nobody": lambda: [[b"UPPER", bad[1], wire.map_of(
            [("meta", wire.NO_META)])]],
        "badsnappy": lambda: [[b"UPPER", wire.header(
            wire.RESULT, wire.Raw(raw["meth"]), wire.Raw(raw["okey"]),
            wire.Raw(raw["seq"]), True), bad[2]]],
        "bomb": lambda: [[b"UPPER", wire.header(
            wire.RESULT, wire.Raw(raw["meth"]), wire.Raw(raw["okey"]),
            wire.Raw(raw["seq"]), True), b"\xff\xff\xff\xff\x0f"]],
        "twoels": lambda: [own_frames(raw, wire.FAILURE,
                                      wire.pack(["a", "b"]), None)],
        "fourels": lambda: [own_frames(raw, wire.FAILURE,
                                       wire.pack(list("abcd")), None)],
        "binels": lambda: [own_frames(
            raw, wire.FAILURE, wire.pack([b"N", b"r", b"t"]), None)],
        "intels": lambda: [own_frames(raw, wire.FAILURE,
                                      wire.pack([1, 2, 3]), None)],
        "nometa": lambda: [own_frames(raw, wire.FAILURE, b"", None)],
        "type9": lambda: [[b"UPPER", wire.header(
            9, wire.Raw(raw["meth"]), wire.Raw(raw["okey"]),
            wire.Raw(raw["seq"])), bad[2]]],
        "big": lambda: [result(b'"' + b"b" * 3000000 + b'"')],
        "function": lambda: [wire.function("nope", b"1"),
                             result(message.body)],
    }
    if name in table:
        return table[name]()
    return [failure(wire.ERROR, "MethodNotFound", "no method '%s'" % name,
                    "")]


class Server:
    def __init__(self, options):
        self.hello = options.hello
        self.log = open(options.log, "a") if options.log else None
        self.context = zmq.Context()
        self.waiting = {}
        self.deaf = False
        self.socket = self.context.socket(
            zmq.DEALER if options.connect else zmq.ROUTER)
        self.socket.linger = 200
        self.router = not options.connect
        self.guard = curve.secure(self.context, self.socket, options)
        if options.connect:
            self.socket.connect(options.url)
            self.socket.send_multipart(
                [b"PING", b"cal1" if options.hello else b"", b""])
            print(options.url, flush=True)
        else:
            self.socket.bind(options.url)
            print(self.socket.getsockopt_string(zmq.LAST_ENDPOINT),
                  flush=True)

    def send(self, who, frames):
        self.socket.send_multipart(([who] if self.router else []) + frames)

    def pong(self, who, frames):
        told = frames[-2:]
        if self.hello and told == [b"cal1", b""]:
            told = [b"cal1", wire.pack({
                "version": "0", "methods": ["*"], "order": "exit",
                "serializer": "json", "max_body": 10 << 20, "ext": ["dl"],
                "unknown": [1]})]
        self.send(who, [b"PONG"] + told)

    def function(self, who, message):
        name = message.header["meth"]
        if name == "wait":              # until it is cancelled
            self.waiting[who, message.triple()] = message
        elif name == "silent":
            pass
        elif name == "deaf":
            self.deaf = True
        elif name == "exit":            # the connection goes away
            sys.exit(0)
        elif name == "slow":            # the body says how many seconds
            time.sleep(float(message.body))
            self.send(who, wire.reply(message.raw, wire.RESULT,
                                      message.body))
        else:
            for frames in answers(name, message.raw, message):
                self.send(who, frames)

    def cancel(self, who, message):
        if self.waiting.pop((who, message.triple()), None):
            self.send(who, wire.reply(message.raw, wire.CANCELLED))

    def turn(self):
        frames = self.socket.recv_multipart()
        who = frames.pop(0) if self.router else b""
        if self.log:
            self.log.write("%.3f %s %s\n" % (time.monotonic(), who.hex(),
                                             wire.show(frames)))
            self.log.flush()
        if self.deaf or len(frames) < 3:
            return
        if frames[-3] == b"PING":
            self.pong(who, frames)
        elif frames[-3] == b"UPPER":
            message = wire.Message(frames)
            if message.kind == wire.FUNCTION:
                self.function(who, message)
            elif message.kind == wire.CANCEL:
                self.cancel(who, message)


def serve(options):
    server = Server(options)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    try:
        while True:
            server.turn()
    except KeyboardInterrupt:
        pass
    finally:
        server.socket.close()
        if server.guard:
            server.guard.stop()
        server.context.term()


def receive(socket, seconds, what):
    if not socket.poll(seconds * 1000):
        sys.exit("peer.py: no %s in %g s" % (what, seconds))
    return socket.recv_multipart()


def call(options):
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.linger = 200
    guard = curve.secure(context, socket, options)
    if options.bind:
        socket.bind(options.url)
        print(socket.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
        frames = receive(socket, options.timeout, "worker")
        if frames[0] != b"PING":
            sys.exit("peer.py: a worker must PING first: " +
                     wire.show(frames))
        print(wire.show(frames), flush=True)
        socket.send_multipart([b"PONG"] + frames[1:])
    else:
        socket.connect(options.url)
    if not options.no_ping and not options.bind:
        socket.send_multipart([b"PING", b"", b""])
        frames = receive(socket, 5, "PONG")
        if frames != [b"PONG", b"", b""]:
            sys.exit("peer.py: not a PONG: " + wire.show(frames))
    okey = b""
    if options.key is not None:
        okey = options.key
    if options.key_hex is not None:
        okey = bytes.fromhex(options.key_hex)
    body = options.body if options.str else options.body.encode()
    extra = {}
    if options.dl is not None:
        extra["dl"] = options.dl
    if options.max is not None:
        extra["max"] = options.max
    if options.cid is not None:
        extra["cid"] = bytes.fromhex(options.cid)
    socket.send_multipart(wire.function(options.method, body, okey,
                                        options.seq, options.zip, **extra))
    if options.cancel_after is not None:
        end = time.monotonic() + options.cancel_after
        while time.monotonic() < end:
            # Below 0 it would wait for ever.
            if socket.poll(max(0, (end - time.monotonic()) * 1000)):
                break
        else:
            socket.send_multipart(wire.cancel(options.method, okey,
                                              options.seq))
    for _ in range(options.count):
        frames = receive(socket, options.timeout, "answer")
        print(wire.show(frames), flush=True)
    socket.close()
    if guard:
        guard.stop()
    context.term()


def main():
    parser = argparse.ArgumentParser()
    roles = parser.add_subparsers(dest="role", required=True)
    role = roles.add_parser("serve")
    role.add_argument("--connect", action="store_true")
    role.add_argument("--hello", action="store_true")
    role.add_argument("--log")
    curve.add_options(role)
    role.add_argument("url")
    role = roles.add_parser("call")
    curve.add_options(role)
    for name in ("--zip", "--str", "--no-ping", "--bind"):
        role.add_argument(name, action="store_true")
    for name in ("--key", "--key-hex", "--cid"):
        role.add_argument(name)
    role.add_argument("--seq", type=int, default=0)
    role.add_argument("--dl", type=int)
    role.add_argument("--max", type=int)
    role.add_argument("--count", type=int, default=1)
    role.add_argument("--cancel-after", type=float)
    role.add_argument("--timeout", type=float, default=10)
    role.add_argument("url")
    role.add_argument("method")
    role.add_argument("body", nargs="?", default="null")
    options = parser.parse_args()
    (serve if options.role == "serve" else call)(options)


if __name__ == "__main__":
    main()
