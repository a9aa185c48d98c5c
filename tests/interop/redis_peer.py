#!/usr/bin/python3
"""An independent peer for calls over Redis, both sides, in the layout of the
Callosum library: written from its description alone, on python3-redis.

redis_peer.py SOCKET serve NAME [--batches N]
    Opens as the library does, prints "ready", answers by the method's name as
    peer.py does, and is deaf after N batches of entries (1; 0: never).

redis_peer.py SOCKET call NAME METHOD [BODY] [options]
    Opens as the library does, sends one request, prints what the first batch
    of answers holds, and leaves.
    --seq N, --key TEXT, --cancel-after S, --timeout S

redis_peer.py SOCKET forge NAME
    Answers the first request in NAME.bind as nobody may: for another cid, and
    for another number, to its own stream and to NAME.conn.

redis_peer.py SOCKET add NAME METHOD [BODY] [options]
    Only writes a request, and prints the id of its entry.
    --seq N, --cid HEX, --rto KEY, --dl MS, --times N, --cancel (a CANCEL, to
    NAME.cancel)
"""

import argparse
import signal
import sys
import time

import redis

import peer
import wire

GROUP = "library"


def open_stream(db, stream, group):
    """As the library opens the stream that it reads."""
    db.xadd(stream, {"meta": "create-stream"})
    groups = [found["name"] for found in db.xinfo_groups(stream)]
    if group.encode() not in groups:
        db.xgroup_create(stream, group, "$", mkstream=True)


def read_batch(db, stream, group, seconds):
    """The first batch of entries that is not empty; [] in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = db.xreadgroup(group, "peer", {stream: ">"}, block=200)
        if found:
            entries = found[0][1]
            for ident, _ in entries:
                db.xack(stream, group, ident)
            return [fields for _, fields in entries if b"meta" not in fields]
    return []


def write(db, stream, frames):
    return db.xadd(stream, {"hdr": frames[1], "msg": frames[2]})


class Server:
    def __init__(self, db, name):
        self.db = db
        self.read = name + ".bind"
        self.written = name + ".conn"
        self.waiting = {}
        open_stream(db, self.read, GROUP)
        print("ready", flush=True)

    def handle(self, fields):
        message = wire.Message([b"UPPER", fields[b"hdr"], fields[b"msg"]])
        if message.kind == wire.CANCEL:
            if self.waiting.pop(message.triple(), None):
                write(self.db, self.written,
                      wire.reply(message.raw, wire.CANCELLED))
        elif message.header["meth"] == "wait":
            self.waiting[message.triple()] = message
        else:
            for frames in peer.answers(message.header["meth"], message.raw,
                                       message):
                write(self.db, self.written, frames)

    def turn(self):
        entries = read_batch(self.db, self.read, GROUP, 3600)
        for fields in entries:
            self.handle(fields)
        return bool(entries)


def serve(db, options):
    server = Server(db, options.name)
    batches = 0
    while options.batches == 0 or batches < options.batches:
        batches += server.turn()
    signal.pause()


def frames_of(options):
    extra = {}
    if options.dl is not None:
        extra["dl"] = options.dl
    if options.cid is not None:
        extra["cid"] = bytes.fromhex(options.cid)
    if options.rto is not None:
        extra["rto"] = options.rto
    if options.cancel:
        return [b"UPPER", wire.header(wire.CANCEL, options.method,
                                      options.key, options.seq, **extra),
                wire.payload(None, wire.NO_META)]
    return wire.function(options.method, options.body.encode(), options.key,
                         options.seq, **extra)


def add(db, options):
    for _ in range(options.times):
        ident = write(db, options.name + (
            ".cancel" if options.cancel else ".bind"), frames_of(options))
        print(ident.decode())
        options.seq += 1


def forge(db, options):
    _, fields = db.xrange(options.name + ".bind", count=1)[0]
    raw = wire.raw_map(fields[b"hdr"])
    header = wire.unpack(fields[b"hdr"])
    other = dict(raw, seq=wire.pack(header["seq"] ^ 1))
    for stream in (header["rto"], options.name + ".conn"):
        write(db, stream, wire.reply(raw, wire.RESULT, b'"forged"',
                                     cid=b"x" * 16))
        write(db, stream, wire.reply(other, wire.RESULT, b'"forged"',
                                     cid=header["cid"]))
        write(db, stream, wire.reply(other, wire.RESULT, b'"forged"'))


def call(db, options):
    stream = options.name + ".conn"
    open_stream(db, stream, GROUP)
    write(db, options.name + ".bind", frames_of(options))
    if options.cancel_after is not None:
        time.sleep(options.cancel_after)
        write(db, options.name + ".bind",
              wire.cancel(options.method, options.key, options.seq))
    entries = read_batch(db, stream, GROUP, options.timeout)
    for fields in entries:
        print(wire.show([b"UPPER", fields[b"hdr"], fields[b"msg"]]),
              flush=True)
    db.xgroup_delconsumer(stream, GROUP, "peer")
    if not entries:
        sys.exit("redis_peer.py: no answer in %g s" % options.timeout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("socket")
    parser.add_argument("what", choices=["serve", "call", "add",
                                         "forge"])
    parser.add_argument("name")
    parser.add_argument("method", nargs="?")
    parser.add_argument("body", nargs="?", default="null")
    parser.add_argument("--batches", type=int, default=1)
    parser.add_argument("--seq", type=int, default=0)
    parser.add_argument("--key", default=b"")
    parser.add_argument("--cid")
    parser.add_argument("--rto")
    parser.add_argument("--dl", type=int)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--cancel", action="store_true")
    parser.add_argument("--cancel-after", type=float)
    parser.add_argument("--timeout", type=float, default=10)
    options = parser.parse_args()
    db = redis.Redis(unix_socket_path=options.socket)
    globals()[options.what](db, options)


if __name__ == "__main__":
    main()
