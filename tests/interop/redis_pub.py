#!/usr/bin/python3
"""A publisher over Redis, in the layout of the Python library, on redis-py.

redis_pub.py SOCKET STREAM [-n MESSAGES] [-b BYTES] [--topic T] [--open]
             [--words] [--maxlen N] [--multi N]

Adds JSON bodies {"n": 0}, {"n": 1} ... to STREAM, pipelined, with the time of
now in the header, as the library writes it.  --open adds the library's opening
entry first.  With --words the bodies are the lines of standard input.  --multi
adds so many in one MULTI.
"""

import argparse
import sys
import time

import redis

import stamp
import wire


def bodies(args):
    if args.words:
        for line in sys.stdin:
            yield line.rstrip("\n").encode()
        return
    pad = "" if args.bytes == 0 else ', "pad": "%s"' % ("x" * args.bytes)
    for n in range(args.messages):
        yield ('{"n": %d%s}' % (n, pad)).encode()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("socket")
    parser.add_argument("stream")
    parser.add_argument("-n", dest="messages", type=int, default=1)
    parser.add_argument("-b", dest="bytes", type=int, default=0)
    parser.add_argument("--topic")
    parser.add_argument("--open", action="store_true")
    parser.add_argument("--words", action="store_true")
    parser.add_argument("--maxlen", type=int)
    parser.add_argument("--multi", type=int, default=0)
    args = parser.parse_args()
    server = redis.Redis(unix_socket_path=args.socket)
    if args.open:
        server.xadd(args.stream, {"meta": "create-or-join-to-stream"})
    step = args.multi or 500
    pipe = server.pipeline(transaction=args.multi > 0)
    for body in bodies(args):
        fields = {"hdr": wire.pack([stamp.pack(time.time_ns() // 1000)]), "msg": body}
        if args.topic is not None:
            fields["topic"] = args.topic
        pipe.xadd(args.stream, fields, maxlen=args.maxlen, approximate=False)
        if len(pipe) >= step:
            pipe.execute()
    pipe.execute()


main()
