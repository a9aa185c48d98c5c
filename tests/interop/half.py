#!/usr/bin/python3
"""Speaks ZMTP 3.0 by hand, as a DEALER, and sends the half of a request: the
first frames and half of a payload.  half.py URL BYTES; stays until it is
ended."""

import signal
import socket
import struct
import sys

import wire


def frame(data, more):
    flags = (1 if more else 0) | (2 if len(data) > 255 else 0)
    if len(data) > 255:
        return bytes([flags]) + struct.pack(">Q", len(data)) + data
    return bytes([flags, len(data)]) + data


def read(line, count):
    data = b""
    while len(data) < count:
        part = line.recv(count - len(data))
        if not part:
            sys.exit("half.py: the line was cut")
        data += part
    return data


def prop(name, value):
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


def main():
    host, port = sys.argv[1].split("//")[1].rsplit(":", 1)
    line = socket.create_connection((host, int(port)))
    line.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0")
                 + b"\0" + bytes(31))
    read(line, 64)
    ready = b"\x05READY" + prop(b"Socket-Type", b"DEALER") + prop(
        b"Identity", b"")
    line.sendall(bytes([4, len(ready)]) + ready)
    head = read(line, 2)
    read(line, head[1])
    parts = wire.function("quick", b'"' + b"h" * int(sys.argv[2]) + b'"')
    line.sendall(frame(parts[0], True) + frame(parts[1], True))
    whole = frame(parts[2], False)
    line.sendall(whole[:len(whole) // 2])
    print("half", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
