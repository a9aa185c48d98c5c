#!/usr/bin/python3
"""A subscriber that means no good: flood.py URL COUNT subscribes to COUNT
topics of 200 bytes, and stays."""

import sys

import zmq


def main():
    context = zmq.Context()
    socket = context.socket(zmq.SUB)
    # Whatever does not fit would be dropped in silence.
    socket.sndhwm = 0
    socket.linger = 0
    monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
    socket.connect(sys.argv[1])
    if not monitor.poll(30000):
        sys.exit("flood.py: not connected")
    socket.disable_monitor()
    monitor.close(0)
    for number in range(int(sys.argv[2])):
        socket.subscribe((b"%d/" % number).ljust(200, b"x"))
    socket.recv_multipart()


if __name__ == "__main__":
    main()
