#!/usr/bin/python3
"""A CURVE server whose ZAP handler is not to be relied on.

zap.py ANSWER KEYS      mute, 300, 400, 500, garbage or short; NAME of the keys

Prints its URL when it is ready, and "asked" for each client."""

import sys

import zmq

from raw import read_key


def answer(kind, request):
    if kind == "garbage":
        return [b"\xff\xfe", b"", b"nonsense"]
    if kind == "short":
        return [b"1.0", request[1]]
    return [b"1.0", request[1], kind.encode(), b"No", b"", b""]


def main(kind, keys):
    context = zmq.Context()
    handler = context.socket(zmq.REP)
    handler.bind("inproc://zeromq.zap.01")
    server = context.socket(zmq.ROUTER)
    server.curve_server = True
    server.curve_secretkey = read_key(keys + ".key")
    server.zap_domain = b"cal"
    server.bind("tcp://127.0.0.1:*")
    print(server.last_endpoint.decode().rstrip("\0"), flush=True)
    while True:
        request = handler.recv_multipart()
        print("asked", flush=True)
        if kind == "mute":
            handler.poll(None)
        handler.send_multipart(answer(kind, request))


if __name__ == "__main__":
    main(*sys.argv[1:])
