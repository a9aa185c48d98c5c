#!/usr/bin/python3
"""A DEALER without manners: sends what it is told, in the order of its
arguments, and prints what comes back, one line a message.

raw.py [--identity NAME] [--bind] [--keys NAME --server FILE] URL STEP...

With --keys it encrypts, with NAME.pub and NAME.key; an identity that begins
with "0x" is hexadecimal.

    ping                two empty frames behind PING
    hello               PING as our programs send it
    case:NAME           the frames of a golden case
    hex:AA,BB,,CC       these frames; an empty word is an empty frame
    text:A,B,C          the same, as text
    call:METH[:BODY[:KEY[:SEQ]]]        a good request
    cancel:METH[:KEY[:SEQ]]
    zeros:N             one frame of N zero bytes behind two others
    flood:N             N PINGs
    recv[:N[:S]]        N messages (1), or fail after S seconds (10)
    quiet:S             nothing may come for S seconds
    close               ends the connection, the next step makes a new one
    wait:FILE           until FILE is there
    mark:FILE           makes FILE
"""

import os
import sys
import time

import zmq

import wire


def frames_of(step):
    name, _, rest = step.partition(":")
    if name == "ping":
        return [b"PING", b"", b""]
    if name == "hello":
        return [b"PING", b"cal1", b""]
    if name == "case":
        return wire.case_frames(wire.vectors()[rest])
    if name == "hex":
        return [bytes.fromhex(word) for word in rest.split(",")]
    if name == "text":
        return [word.encode() for word in rest.split(",")]
    if name == "zeros":
        return [b"UPPER", wire.header(wire.FUNCTION), bytes(int(rest))]
    if name == "call":
        words = rest.split(":") + [""] * 4
        if len(words) > 8:
            raise SystemExit("raw.py: a body with ':' needs hex:")
        return wire.function(words[0], (words[1] or "null").encode(),
                             words[2] or b"", int(words[3] or 0))
    if name == "cancel":
        words = rest.split(":") + [""] * 3
        return wire.cancel(words[0], words[1] or b"", int(words[2] or 0))
    return None


def read_key(path):
    """The key of a plain file, below its comment."""
    with open(path, "rb") as file:
        return file.read().split(b"\n")[-2]


class Line:
    def __init__(self, url, identity, bind, keys, server):
        self.url, self.identity, self.bind = url, identity, bind
        self.keys, self.server = keys, server
        self.context = zmq.Context()
        self.socket = None

    def open(self):
        if self.socket is None:
            self.socket = self.context.socket(zmq.DEALER)
            self.socket.linger = 2000
            if self.identity:
                self.socket.setsockopt(zmq.IDENTITY, self.identity)
            if self.keys:
                self.socket.curve_publickey = read_key(self.keys + ".pub")
                self.socket.curve_secretkey = read_key(self.keys + ".key")
                self.socket.curve_serverkey = read_key(self.server)
            if self.bind:
                self.socket.bind(self.url)
            else:
                self.socket.connect(self.url)
        return self.socket

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def take(self, seconds):
        """What comes next, as text, or None; a server may ask at any time
        whether we are still there, and is answered."""
        socket = self.open()
        end = time.monotonic() + seconds
        while socket.poll(max(0, end - time.monotonic()) * 1000):
            frames = socket.recv_multipart()
            if self.bind or frames != [b"PING", b"", b""]:
                return wire.show(frames)
            socket.send_multipart([b"PONG", b"", b""])
        return None

    def recv(self, count, seconds):
        end = time.monotonic() + seconds
        for _ in range(count):
            line = self.take(end - time.monotonic())
            if line is None:
                raise SystemExit("raw.py: no answer in %g s" % seconds)
            print(line, flush=True)

    def quiet(self, seconds):
        line = self.take(seconds)
        if line is not None:
            raise SystemExit("raw.py: unexpected: " + line)

    def step(self, step):
        name, _, rest = step.partition(":")
        if name == "recv":
            words = rest.split(":")
            self.recv(int(words[0] or 1),
                      float(words[1]) if len(words) > 1 else 10)
        elif name == "quiet":
            self.quiet(float(rest))
        elif name == "close":
            self.close()
        elif name == "flood":
            for _ in range(int(rest)):
                self.open().send_multipart([b"PING", b"", b""])
        elif name == "wait":
            # As patient as a test may be long, where it is slow.
            slow = float(os.environ.get("CAL_SLOW") or 1)
            end = time.monotonic() + 20 * slow
            while not os.path.exists(rest):
                if time.monotonic() > end:
                    raise SystemExit("raw.py: no file " + rest)
                self.open().poll(20)
        elif name == "mark":
            open(rest, "w").close()
        else:
            frames = frames_of(step)
            if frames is None:
                raise SystemExit("raw.py: no step " + step)
            self.open().send_multipart(frames)


def main(words):
    identity, bind, keys, server = None, False, None, None
    while words and words[0].startswith("--"):
        option = words.pop(0)
        if option == "--identity":
            word = words.pop(0)
            identity = (bytes.fromhex(word[2:]) if word.startswith("0x")
                        else word.encode())
        elif option == "--bind":
            bind = True
        elif option == "--keys":
            keys = words.pop(0)
        elif option == "--server":
            server = words.pop(0)
    line = Line(words.pop(0), identity, bind, keys, server)
    try:
        for step in words:
            line.step(step)
    finally:
        line.close()
        line.context.term()


if __name__ == "__main__":
    main(sys.argv[1:])
