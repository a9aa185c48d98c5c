#!/usr/bin/python3
"""A caller and a server on asyncio, made as the Python library is made: to be
measured beside.

pair.py serve URL
    Answers every method with the value that it was given, until SIGTERM;
    prints its real URL when it is ready.

pair.py call [-n CALLS] [-w WINDOW] [-b BYTES] URL METHOD
    Makes calls, at most WINDOW of them in flight, with a JSON string of BYTES
    bytes as the body, and checks the answers.  Prints the calls in a second.

pair.py both [-n CALLS] [-w WINDOW] [-b BYTES]
    Both, in two processes.

As in the library there is a task for each request and for each call, a queue
of what is to be sent and a task that sends it; answers are found by method,
key and number; bodies go through json on all four ways.  What the library has
besides (schedulers, tracing, checks by attrs) is left out, and so is the limit
at which its server drops answers; this is the faster of the two.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import time

import zmq
import zmq.asyncio

import wire

DEADLINE = 10


def header(kind, meth, okey, seq):
    return wire.pack({"type": kind, "meth": meth, "okey": okey, "seq": seq,
                      "zip": False})


def payload(meta, value):
    return wire.pack({"meta": meta,
                      "body": json.dumps(value).encode()})


def value_of(frame):
    return json.loads(wire.unpack(frame)["body"])


class Side:
    """What both sides have: a socket, a queue to it, and two loops."""

    def __init__(self, kind):
        self.socket = zmq.asyncio.Context.instance().socket(kind)
        self.socket.linger = 100
        self.queue = asyncio.Queue()
        self.tasks = set()

    def start(self, coroutine):
        task = asyncio.create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def send_loop(self):
        while True:
            await self.socket.send_multipart(await self.queue.get())


class Server(Side):
    def __init__(self, url):
        super().__init__(zmq.ROUTER)
        self.socket.sndhwm = 0          # else it would drop answers
        self.socket.bind(url)

    async def answer(self, who, told, frame):
        value = value_of(frame)
        await self.queue.put([
            who, b"UPPER",
            header(wire.RESULT, told["meth"], told["okey"], told["seq"]),
            payload(wire.NO_META, value)])

    async def run(self):
        self.start(self.send_loop())
        while True:
            frames = await self.socket.recv_multipart()
            if frames[-3] == b"PING":
                await self.queue.put([frames[0], b"PONG"] + frames[-2:])
                continue
            told = wire.unpack(frames[-2])
            if told["type"] == wire.FUNCTION:
                self.start(self.answer(frames[0], told, frames[-1]))


class Caller(Side):
    def __init__(self, url, method):
        super().__init__(zmq.DEALER)
        self.socket.connect(url)
        self.method = method
        self.next_seq = 0
        self.waiting = {}

    async def shake_hands(self):
        await self.socket.send_multipart([b"PING", b"", b""])
        frames = await asyncio.wait_for(self.socket.recv_multipart(), DEADLINE)
        if frames[0] != b"PONG":
            sys.exit("pair.py: no PONG")

    async def receive_loop(self):
        while True:
            frames = await self.socket.recv_multipart()
            told = wire.unpack(frames[-2])
            waiting = self.waiting.pop(
                (told["meth"], told["okey"], told["seq"]), None)
            if waiting is None:
                continue
            if told["type"] == wire.RESULT:
                waiting.set_result(value_of(frames[-1]))
            else:
                waiting.set_exception(
                    RuntimeError(wire.NAMES[told["type"]]))

    async def call(self, value):
        triple = (self.method, b"", self.next_seq)
        self.next_seq += 1
        self.waiting[triple] = asyncio.get_running_loop().create_future()
        answer = self.waiting[triple]
        await self.queue.put([b"UPPER", header(wire.FUNCTION, *triple),
                              payload(b"", value)])
        return await answer

    async def many(self, count, window, value):
        """Calls in a second."""
        await self.shake_hands()
        self.start(self.send_loop())
        self.start(self.receive_loop())
        places = asyncio.Semaphore(window)

        async def one():
            try:
                if await asyncio.wait_for(self.call(value),
                                          60 + DEADLINE) != value:
                    sys.exit("pair.py: an answer is not what was sent")
            finally:
                places.release()

        begin = time.monotonic()
        calls = []
        for _ in range(count):
            await places.acquire()
            calls.append(self.start(one()))
        await asyncio.gather(*calls)
        return count / (time.monotonic() - begin)


def serve(options):
    async def run():
        server = Server(options.url)
        print(server.socket.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
        await server.run()

    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    asyncio.run(run())


def call(options):
    async def run():
        caller = Caller(options.url, options.method)
        rate = await caller.many(options.n, options.w, "x" * (options.b - 2))
        print("rate %.0f" % rate, flush=True)

    asyncio.run(run())


def both(options):
    server = subprocess.Popen([sys.executable, __file__, "serve",
                               "tcp://127.0.0.1:*"], stdout=subprocess.PIPE)
    try:
        options.url = server.stdout.readline().decode().strip()
        options.method = "echo"
        call(options)
    finally:
        server.terminate()
        server.wait()


def main():
    parser = argparse.ArgumentParser()
    roles = parser.add_subparsers(dest="role", required=True)
    role = roles.add_parser("serve")
    role.add_argument("url")
    for name in ("call", "both"):
        role = roles.add_parser(name)
        role.add_argument("-n", type=int, default=1000)
        role.add_argument("-w", type=int, default=1)
        role.add_argument("-b", type=int, default=100)
        if name == "call":
            role.add_argument("url")
            role.add_argument("method")
    options = parser.parse_args()
    {"serve": serve, "call": call, "both": both}[options.role](options)


if __name__ == "__main__":
    main()
