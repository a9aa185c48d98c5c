#!/usr/bin/python3
"""A publisher on asyncio, made as the Python library is made: to be measured
beside.

publisher.py [-n MESSAGES] [-b BYTES] [--push] URL

Binds, prints its real URL, and gives a JSON string of BYTES bytes to whoever
subscribes (with --push: to whoever pulls) so many times, from the first reader
on.

As in the library a message is an object in a queue, with the time at which it
was pushed, and a task takes it from there, serializes and sends it; one comes
each turn of the loop.  What the library has besides (tracing, checks by attrs,
a temporenc in pure Python) is left out, and no reader misses anything; this is
the faster of the two.
"""

import argparse
import asyncio
import datetime
import json

import zmq
import zmq.asyncio

import wire


class Message:
    def __init__(self, value):
        self.created_at = datetime.datetime.now(datetime.timezone.utc)
        self.value = value

    def frames(self):
        return [b"UPPER", wire.pack([temporenc(self.created_at)]),
                json.dumps(self.value).encode()]


def temporenc(at):
    bits = (0xe8 << 64 | at.year << 55 | (at.month - 1) << 51 |
            (at.day - 1) << 46 | at.hour << 41 | at.minute << 35 |
            at.second << 29 | at.microsecond << 9 | 64 << 2)
    return bits.to_bytes(9, "big")


class Publisher:
    def __init__(self, kind, url):
        self.socket = zmq.asyncio.Context.instance().socket(kind)
        self.socket.linger = 10000
        if kind == zmq.XPUB:
            self.socket.setsockopt(zmq.XPUB_NODROP, 1)
        self.socket.bind(url)
        self.queue = asyncio.Queue()
        self.task = asyncio.create_task(self.send_loop())

    async def first_reader(self):
        if self.socket.type == zmq.XPUB:
            await self.socket.recv()
        else:
            await self.socket.poll(flags=zmq.POLLOUT)

    def push(self, value):
        self.queue.put_nowait(Message(value))

    async def send_loop(self):
        while True:
            message = await self.queue.get()
            await self.socket.send_multipart(message.frames())
            self.queue.task_done()

    async def drain(self):
        await self.queue.join()
        self.task.cancel()
        self.socket.close()


async def run(options):
    publisher = Publisher(zmq.PUSH if options.push else zmq.XPUB, options.url)
    print(publisher.socket.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
    await publisher.first_reader()
    value = "x" * (options.b - 2)
    for _ in range(options.n):
        publisher.push(value)
        await asyncio.sleep(0)
    await publisher.drain()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=1000)
    parser.add_argument("-b", type=int, default=100)
    parser.add_argument("--push", action="store_true")
    parser.add_argument("url")
    asyncio.run(run(parser.parse_args()))
    zmq.asyncio.Context.instance().term()


if __name__ == "__main__":
    main()
