#!/usr/bin/python3
"""Connections without manners, below ZeroMQ: what comes before a handshake is
over, and never gets there.

crowd.py idle N URL     says nothing
crowd.py junk N URL     says what is no ZMTP, or half of it
crowd.py giant N URL    after a greeting a command of 2 GiB, as far as it goes
crowd.py small N URL    after a greeting one small command after another
    --mechanism NAME    of the greeting (CURVE)
    --seconds S         until all have to be closed by the other side (30)

Prints "open" when all are connected and the first words are said; and then,
when all are closed, "closed FIRST LAST BYTES": after so many milliseconds, and
the bytes sent in all."""

import argparse
import os
import selectors
import socket
import struct
import sys
import time

STEP = 65536


def greeting(mechanism):
    name = mechanism.encode().ljust(20, b"\0")
    return b"\xff" + bytes(8) + b"\x7f\x03\x00" + name + bytes(32)


JUNK = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(506),
    bytes(1000),
    b"\xff",
    b"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f",
    greeting("CURVE")[:40],
    greeting("CURVE"),
    greeting("NULL"),
    greeting("\xc3\xa9\xff"),
]


class Line:
    """One connection; said is what it has left to say, without an end when
    there is more behind it."""

    def __init__(self, number, options, address):
        self.socket = socket.create_connection(address)
        self.socket.setblocking(False)
        self.more = b""
        self.said = b""
        if options.kind == "junk":
            number %= len(JUNK) + 1
            self.said = (JUNK[number] if number < len(JUNK)
                         else os.urandom(1000))
        elif options.kind == "giant":
            self.said = (greeting(options.mechanism) +
                         b"\x06" + struct.pack(">Q", 2 << 30))
            self.more = bytes(STEP)
        elif options.kind == "small":
            self.said = greeting(options.mechanism)
            self.more = b"\x04\x06\x05HELLO" * 1000
        self.sent = 0

    def say(self):
        """True while there is something left to say."""
        while self.said or self.more:
            self.said = self.said or self.more
            try:
                count = self.socket.send(self.said)
            except BlockingIOError:
                return True
            self.sent += count
            self.said = self.said[count:]
        return False

    def hear(self):
        """False when the other side hung up."""
        try:
            return self.socket.recv(STEP) != b""
        except BlockingIOError:
            return True


def open_all(options):
    host, _, port = options.url[len("tcp://"):].rpartition(":")
    return [Line(n, options, (host, int(port))) for n in range(options.count)]


def wait_all(lines, seconds):
    """The milliseconds after which each was closed by the other side."""
    start = time.monotonic()
    selector = selectors.DefaultSelector()
    for line in lines:
        selector.register(line.socket, selectors.EVENT_READ |
                          selectors.EVENT_WRITE, line)
    ends = []
    while len(ends) < len(lines):
        left = start + seconds - time.monotonic()
        if left < 0:
            raise SystemExit("crowd.py: %d are not closed" %
                             (len(lines) - len(ends)))
        for key, events in selector.select(left):
            line = key.data
            try:
                if events & selectors.EVENT_WRITE and not line.say():
                    selector.modify(line.socket, selectors.EVENT_READ, line)
                there = not events & selectors.EVENT_READ or line.hear()
            except ConnectionError:
                there = False
            if not there:
                selector.unregister(line.socket)
                line.socket.close()
                ends.append(round((time.monotonic() - start) * 1000))
    return ends


def main(words):
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["idle", "junk", "giant", "small"])
    parser.add_argument("count", type=int)
    parser.add_argument("url")
    parser.add_argument("--mechanism", default="CURVE")
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args(words)
    lines = open_all(options)
    for line in lines:
        try:
            if options.kind == "junk":
                line.say()
        except ConnectionError:
            pass
    print("open", flush=True)
    ends = wait_all(lines, options.seconds)
    print("closed", min(ends), max(ends), sum(line.sent for line in lines))


if __name__ == "__main__":
    main(sys.argv[1:])
