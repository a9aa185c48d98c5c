#!/usr/bin/python3
"""CURVE as the Callosum library does it, on pyzmq: a server with a ZAP handler
that knows a domain and some keys, and a client; and a look at what libzmq tells
a client whose handshake fails.

curve.py URL [--secret FILE] [--server-key FILE] [--until EVENT] [--count N]
         [--quiet S]
    Connects and prints each event of the socket's monitor as a line NAME VALUE,
    up to the Nth EVENT (HANDSHAKE_SUCCEEDED); after that nothing may come for S
    seconds.
"""

import argparse
import sys
import time

import zmq
import zmq.auth.thread
import zmq.utils.monitor


def read_key(path):
    """The last line: comments stand above it."""
    with open(path, encoding="ascii") as file:
        return file.read().split("\n")[-2].encode()


def add_options(parser):
    parser.add_argument("--secret")
    parser.add_argument("--server-key")
    parser.add_argument("--allow", action="append")
    parser.add_argument("--domain", default="interop")


class Users:
    """What zmq.auth asks about a key: domain and Z85 text."""

    def __init__(self, domain, paths):
        self.domain = domain
        self.keys = {read_key(path) for path in paths}

    def callback(self, domain, key):
        return domain == self.domain and key in self.keys


def secure(context, socket, options):
    """Gives the socket its keys; a server's guard has to be stopped."""
    if options.server_key:
        connect(socket, options)
    elif options.secret:
        return listen(context, socket, options)
    return None


def connect(socket, options):
    """A client has a pair of its own; one is made up if none is given."""
    public, secret = zmq.curve_keypair()
    if options.secret:
        secret = read_key(options.secret)
        public = zmq.curve_public(secret)
    socket.curve_serverkey = read_key(options.server_key)
    socket.curve_publickey, socket.curve_secretkey = public, secret


def listen(context, socket, options):
    guard = zmq.auth.thread.ThreadAuthenticator(context)
    guard.start()
    guard.configure_curve_callback(
        options.domain, Users(options.domain, options.allow or []))
    socket.zap_domain = options.domain.encode()
    socket.curve_server = 1
    socket.curve_secretkey = read_key(options.secret)
    return guard


def name_of(number):
    for name in dir(zmq):
        if name.startswith("EVENT_") and getattr(zmq, name) == number:
            return name[len("EVENT_"):]
    return str(number)


def show(monitor):
    event = zmq.utils.monitor.recv_monitor_message(monitor)
    name = name_of(event["event"])
    print(name, event["value"], flush=True)
    return name


def watch(monitor, options):
    left, end = options.count, time.monotonic() + 30
    while left > 0:
        if not monitor.poll(max(0, end - time.monotonic()) * 1000):
            sys.exit("curve.py: no " + options.until)
        if show(monitor) == options.until:
            left -= 1
    while options.quiet and monitor.poll(options.quiet * 1000):
        # What belongs to the end of the connection may come behind it.
        if show(monitor) not in ("DISCONNECTED", "CLOSED"):
            sys.exit("curve.py: it is not quiet")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    add_options(parser)
    parser.add_argument("--until", default="HANDSHAKE_SUCCEEDED")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--quiet", type=float)
    options = parser.parse_args()
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.linger = 0
    secure(context, socket, options)
    monitor = socket.get_monitor_socket()
    socket.connect(options.url)
    try:
        watch(monitor, options)
    finally:
        socket.disable_monitor()
        monitor.close(0)
        socket.close()
        context.term()


if __name__ == "__main__":
    main()
