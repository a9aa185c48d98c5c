"""Between a program and Redis: passes on what both say, until it is told not to.

    relay.py LISTEN REDIS        paths of Unix sockets

While the file LISTEN.mute is there, what Redis answers is thrown away; the
connection ends with its first answer.
"""
import os
import selectors
import socket
import sys

CHUNK = 1 << 16


def pump(source, other):
    """False: it is over."""
    data = source.recv(CHUNK)
    if data:
        other.sendall(data)
    return bool(data)


def serve(client, path, mute):
    server = socket.socket(socket.AF_UNIX)
    server.connect(path)
    sides = selectors.DefaultSelector()
    sides.register(client, selectors.EVENT_READ)
    sides.register(server, selectors.EVENT_READ)
    while True:
        for key, _ in sides.select():
            if key.fileobj is client:
                if not pump(client, server):
                    return
            elif os.path.exists(mute):
                server.recv(CHUNK)
                os.unlink(mute)
                return
            elif not pump(server, client):
                return


def main():
    listen, path = sys.argv[1:3]
    door = socket.socket(socket.AF_UNIX)
    door.bind(listen)
    door.listen()
    print(listen, flush=True)
    while True:
        client, _ = door.accept()
        with client:
            serve(client, path, listen + ".mute")


main()
