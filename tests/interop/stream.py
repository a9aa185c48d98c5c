#!/usr/bin/python3
"""An independent publisher and consumer of streams, on pyzmq.

stream.py pub|push [options] URL
    Publishes to every reader (XPUB: a PUB that is told of its readers), or
    each message to one of them (PUSH), with the library's plain header.
    Prints its real URL when it is there, and at the end "sent N".
    What is published is stdin, a line each, or:
    -n N                 N made-up ones, {"n": 0} and on; --size BYTES: padded
    --vectors            the golden messages, which captured.py checks
    and for each of them:
    --topic TOPIC        a frame in front
    --seq, --key TEXT, --key-hex HEX, --zip
                         the longer header, with what is asked for
    --time TEXT          this time (RFC 3339 with Z), not now
    --bad KIND           one of this kind in front of it (bad.py); repeatable
    --rate R             R of them a second
    --wait K             the first waits until K readers are there
    --no-drop            a reader without room holds the others up (pub)
    --stay               does not leave after the last
    --connect            connects; else it binds

stream.py sub|pull [options] URL...
    Consumes.  Prints "ready" when it is connected to each URL, or, with
    --bind, its real URL; then each message as a line of JSON: ts, topic, key,
    body, as cal-sub -J writes them, seq, mid, flags; or "malformed" and why.
    -t PREFIX            subscribes to this; repeatable (all)
    -n N                 leaves after N messages
    --bodies, --hex      prints the body, or the frames in hex, of each
    --slow S             waits so long behind each
    --stop FILE          reads nothing while FILE is there
    --bind               binds; else it connects

Both: --hwm N; CURVE by --secret FILE --server-key FILE to connect, --secret
FILE --allow FILE... to bind, files of Z85 (curve.py).  SIGTERM ends it with 0.
"""

import argparse
import base64
import json
import os
import signal
import sys
import time

import snappy
import zmq
import zmq.utils.monitor

import bad
import captured
import curve
import stamp
import wire

DEADLINE = 30 * float(os.environ.get("CAL_SLOW") or 1)
LINGER = 10000


def parse_time(text):
    date, _, clock = text.rstrip("Z").partition("T")
    clock, _, us = clock.partition(".")
    return stamp.instant(*map(int, date.split("-")),
                         *map(int, clock.split(":")),
                         int(us.ljust(6, "0")[:6]))


class Writer:
    """The messages, one by one: lists of frames."""

    def __init__(self, options):
        self.options = options
        self.seq = 0
        self.time = parse_time(options.time) if options.time else None
        self.key = bytes.fromhex(options.key_hex) if options.key_hex \
            else options.key
        self.front = [options.topic.encode()] if options.topic else []

    def header(self):
        us = time.time_ns() // 1000 if self.time is None else self.time
        elements = [stamp.pack(us), self.seq if self.options.seq else None,
                    None, self.key, 1 if self.options.zip else None]
        while elements[-1] is None:
            elements.pop()
        self.seq += 1
        return wire.pack(elements)

    def message(self, body):
        header = self.header()
        if self.options.zip:
            body = snappy.compress(body)
        return self.front + [b"UPPER", header, body]

    def from_object(self, line):
        members = json.loads(line)
        us = time.time_ns() // 1000 if self.time is None else self.time
        mid = members.get("mid")
        elements = [stamp.pack(us), members.get("seq"),
                    mid and bytes.fromhex(mid), members.get("key")]
        while elements[-1] is None:
            elements.pop()
        front = [members["topic"].encode()] if "topic" in members else []
        return front + [b"UPPER", wire.pack(elements),
                        members["body"].encode()]

    def made_up(self, number):
        body = b'{"n": %d' % number
        pad = self.options.size - len(body) - 1
        if pad >= 8:
            body += b', "p":"' + b"x" * (pad - 8) + b'"'
        return body + b"}"

    def all(self):
        if self.options.vectors:
            for case in captured.cases({}):
                yield case.frames
        elif self.options.n is not None:
            for number in range(self.options.n):
                yield self.message(self.made_up(number))
        else:
            for line in sys.stdin.buffer:
                yield self.from_object(line) if self.options.objects \
                    else self.message(line.rstrip(b"\n"))


class Readers:
    """Counts who is there: by subscriptions, or by connections that were let
    in."""

    def __init__(self, socket, push):
        self.socket, self.count = socket, 0
        # Of one that ends it is not told whether it was ever let in.
        self.monitor = socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED) if push else None

    def turn(self):
        if self.monitor is None:
            self.count += 1 if self.socket.recv()[:1] == b"\x01" else -1
            return
        zmq.utils.monitor.recv_monitor_message(self.monitor)
        self.count += 1

    def wait(self, wanted):
        end = time.monotonic() + DEADLINE
        while self.count < wanted:
            left = max(0, end - time.monotonic())
            if not (self.monitor or self.socket).poll(left * 1000):
                sys.exit("stream.py: only %d readers" % self.count)
            self.turn()

    def stop(self):
        if self.monitor is not None:
            self.socket.disable_monitor()
            self.monitor.close(0)


def open_socket(context, kind, options):
    socket = context.socket(kind)
    # A consumer has nothing to say to a publisher that left first.
    socket.linger = 0 if kind in (zmq.SUB, zmq.PULL) else LINGER
    if options.hwm is not None:
        socket.set_hwm(options.hwm)
    return socket, curve.secure(context, socket, options)


def publish(options):
    push = options.role == "push"
    context = zmq.Context()
    socket, guard = open_socket(context, zmq.PUSH if push else zmq.XPUB,
                                options)
    if not push:
        # Each subscription is told, also one that somebody else has.
        socket.setsockopt(zmq.XPUB_VERBOSER, 1)
        socket.setsockopt(zmq.XPUB_NODROP, int(options.no_drop))
    readers = Readers(socket, push)
    if options.connect:
        socket.connect(options.url)
        print(options.url, flush=True)
    else:
        socket.bind(options.url)
        print(socket.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
    sent = 0
    try:
        readers.wait(options.wait)
        sent = send_all(socket, options)
        while options.stay:
            signal.pause()
    finally:
        print("sent", sent, flush=True)
        readers.stop()
        close(context, socket, guard)


def send_all(socket, options):
    """Whatever does not fit waits, or is dropped by PUB."""
    sent, start = 0, time.monotonic()
    for frames in Writer(options).all():
        if options.rate:
            time.sleep(max(0, start + sent / options.rate -
                           time.monotonic()))
        for name in options.bad:
            socket.send_multipart(bad.KINDS[name])
        socket.send_multipart(frames)
        sent += 1
    return sent


def close(context, socket, guard):
    socket.close()
    if guard:
        guard.stop()
    context.term()


def put_text(line, name, data):
    """A member, in base64 where it is no text."""
    if data:
        try:
            line[name] = data.decode()
        except UnicodeDecodeError:
            line[name + "_b64"] = base64.b64encode(data).decode()


def is_one_value(body):
    try:
        text = body.decode()
        json.loads(text)
    except ValueError:
        return False
    return text == text.strip() and not set(text) & set("\r\n")


def depth(value):
    if isinstance(value, dict):
        value = tuple(value.values())
    return 1 + max(map(depth, value), default=0) \
        if isinstance(value, tuple) else 0


def read_header(frame):
    """Time, seq, mid, key, flags, as far as they are ours."""
    elements = wire.unpack(frame)
    if not isinstance(elements, tuple) or not elements:
        raise ValueError("the header is no array with a time")
    if depth(elements) > 33:
        raise ValueError("the header is nested too deep")
    kinds = ((lambda x: type(x) is int and x >= 0),
             (lambda x: type(x) is bytes and len(x) == 16),
             (lambda x: type(x) in (bytes, str) and len(x) <= 4096),
             (lambda x: type(x) is int and x >= 0))
    ours = []
    for element, fits in zip(elements[1:], kinds):
        if element is not None and not fits(element):
            break
        ours.append(element)
    return stamp.shown(elements[0]), ours + [None] * (4 - len(ours))


def read_message(frames):
    """A line for a message; ValueError says why it is none."""
    if len(frames) < 3 or frames[-3] != b"UPPER":
        raise ValueError("frames are not UPPER, header and body")
    ts, (seq, mid, key, flags) = read_header(frames[-2])
    body, line = frames[-1], {"ts": ts}
    if flags and flags & 1:
        body = snappy.uncompress(body)
    put_text(line, "topic", frames[0] if len(frames) > 3 else b"")
    put_text(line, "key", key.encode() if isinstance(key, str) else key)
    if seq is not None:
        line["seq"] = seq
    if mid is not None:
        line["mid"] = mid.hex()
    if flags:
        line["flags"] = flags
    if not is_one_value(body):
        line["body_b64"] = base64.b64encode(body).decode()
        return json.dumps(line, separators=(",", ":"))
    return '%s,"body":%s}' % (json.dumps(line, separators=(",", ":"))[:-1],
                              body.decode())


def show(frames, options):
    out = sys.stdout.buffer
    if options.hex:
        line = wire.frames_hex(frames).encode()
    elif options.bodies:
        line = frames[-1]
    else:
        try:
            line = read_message(frames).encode()
        except Exception as problem:
            line = json.dumps({"malformed": str(problem), "frames": [
                frame.hex() for frame in frames]}).encode()
    out.write(line + b"\n")
    out.flush()


def connect_all(socket, urls):
    """Returns when each has shaken hands."""
    monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
    for url in urls:
        socket.connect(url)
    for _ in urls:
        if not monitor.poll(DEADLINE * 1000):
            sys.exit("stream.py: not connected")
        zmq.utils.monitor.recv_monitor_message(monitor)
    socket.disable_monitor()
    monitor.close(0)


def consume(options):
    context = zmq.Context()
    kind = zmq.PULL if options.role == "pull" else zmq.SUB
    socket, guard = open_socket(context, kind, options)
    if kind == zmq.SUB:
        for topic in options.topics or [""]:
            socket.subscribe(topic.encode())
    try:
        if options.bind:
            for url in options.urls:
                socket.bind(url)
                print(socket.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
        else:
            connect_all(socket, options.urls)
            print("ready", flush=True)
        receive_all(socket, options)
    finally:
        close(context, socket, guard)


def receive_all(socket, options):
    came = 0
    while options.n is None or came < options.n:
        while options.stop and os.path.exists(options.stop):
            time.sleep(0.01)
        show(socket.recv_multipart(), options)
        came += 1
        if options.slow:
            time.sleep(options.slow)


def common(role):
    role.add_argument("--hwm", type=int)
    curve.add_options(role)


def parser_of():
    parser = argparse.ArgumentParser()
    roles = parser.add_subparsers(dest="role", required=True)
    for name in ("pub", "push"):
        role = roles.add_parser(name)
        common(role)
        for flag in ("connect", "vectors", "objects", "seq", "zip", "no-drop",
                     "stay"):
            role.add_argument("--" + flag, action="store_true")
        for text in ("topic", "key", "key-hex", "time"):
            role.add_argument("--" + text)
        role.add_argument("-n", type=int)
        role.add_argument("--size", type=int, default=0)
        role.add_argument("--wait", type=int, default=0)
        role.add_argument("--rate", type=float)
        role.add_argument("--bad", action="append", default=[],
                          choices=list(bad.KINDS))
        role.add_argument("url")
    for name in ("sub", "pull"):
        role = roles.add_parser(name)
        common(role)
        for flag in ("bind", "bodies", "hex"):
            role.add_argument("--" + flag, action="store_true")
        role.add_argument("-t", dest="topics", action="append")
        role.add_argument("-n", type=int)
        role.add_argument("--slow", type=float)
        role.add_argument("--stop")
        role.add_argument("urls", nargs="+", metavar="url")
    return parser


def main():
    options = parser_of().parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    if options.role in ("pub", "push"):
        publish(options)
    else:
        consume(options)


if __name__ == "__main__":
    main()
