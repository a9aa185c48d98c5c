#!/usr/bin/python3
"""Somebody who says that he is Redis.

redis_says.py SOCKET LINE...

Listens at SOCKET, prints a line when it does, and answers PING; any other
command, whoever sends it, with the next LINE, and when there is only one left
with that.  A LINE is RESP without its end; \\r\\n in it is as in C.  In place of
a LINE, "hang up" ends the connection.
"""

import contextlib
import os
import socket
import sys
import threading


def commands(stream):
    while line := stream.readline():
        words = []
        for _ in range(int(line[1:])):
            words.append(stream.read(int(stream.readline()[1:]) + 2)[:-2])
        yield words


def serve(client, lines):
    for words in commands(client.makefile("rb")):
        if words[0] == b"PING":
            said = "+PONG"
        else:
            said = lines.pop(0) if len(lines) > 1 else lines[0]
        if said == "hang up":
            client.shutdown(socket.SHUT_RDWR)
            return
        with contextlib.suppress(BrokenPipeError):
            client.sendall(os.fsencode(said) + b"\r\n")


def main():
    lines = [line.replace("\\r\\n", "\r\n") for line in sys.argv[2:]]
    server = socket.socket(socket.AF_UNIX)
    server.bind(sys.argv[1])
    server.listen()
    print("ready", flush=True)
    while True:
        client, _ = server.accept()
        threading.Thread(target=serve, args=(client, lines),
                         daemon=True).start()


main()
