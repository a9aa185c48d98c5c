#!/usr/bin/python3
"""Somebody who says that he is Redis.

redis_says.py SOCKET LINE...

Listens at SOCKET, prints a line when it does, and answers PING, and each
command but the last of LINE in its turn with the next LINE; all that follow
with the last.  A LINE is RESP without its end; \\r\\n in it is as in C.
"""

import socket
import sys


def commands(stream):
    while line := stream.readline():
        words = []
        for _ in range(int(line[1:])):
            words.append(stream.read(int(stream.readline()[1:]) + 2)[:-2])
        yield words


def main():
    lines = [line.replace("\\r\\n", "\r\n") for line in sys.argv[2:]]
    server = socket.socket(socket.AF_UNIX)
    server.bind(sys.argv[1])
    server.listen()
    print("ready", flush=True)
    while True:
        client, _ = server.accept()
        for words in commands(client.makefile("rb")):
            if words[0] == b"PING":
                said = "+PONG"
            else:
                said = lines.pop(0) if len(lines) > 1 else lines[0]
            client.sendall((said + "\r\n").encode())


main()
