#!/usr/bin/python3
"""A worker for `cal-serve --text --coprocess framed`: folds text.

Each body, and each answer, comes after its length: four bytes, the highest
first.
"""
import struct
import sys
import textwrap


def fold(text):
    return textwrap.fill(text, width=24)


while head := sys.stdin.buffer.read(4):
    size, = struct.unpack(">I", head)
    body = sys.stdin.buffer.read(size).decode()
    answer = fold(body).encode()
    sys.stdout.buffer.write(struct.pack(">I", len(answer)) + answer)
    sys.stdout.buffer.flush()
