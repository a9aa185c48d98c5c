"""The figures of Redis: lines into a stream, lines out of it, and calls, all
beside bare rigs on hiredis and at a server of our own."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import islice

from rigs import (BENCH, BIN, BIN_SHARED, DEADLINE, lines_file, run,
                  timed)
from rows import REDIS_SIZES, REDIS_WINDOWS
from streams import (LIMIT, PUB, SERVE, SUB, at_rest, has_streams,
                     serve_memory)

CALL = f"{BIN}/cal-call"
RAW, RPC = f"{BENCH}/rawredis", f"{BENCH}/rawrpc"
WORKER = ["--coprocess", "lines", "-j", "1", "--depth", "100"]
ECHO = ["cat", "--", "cat"]

# Messages of one run, by size; calls of one run, by window.
COUNTS = {100: 300000, 1000: 150000}
CALLS = {1: 4000, 100: 40000}
ONE_SHOT = 100


class Redis:
    """A server on a Unix socket in a folder of its own, which keeps nothing;
    started when it is first needed."""

    def __init__(self, servers):
        self.servers, self.folder = servers, None
        self.files, self.filled, self.called = {}, set(), set()
        self.groups = 0

    @staticmethod
    def is_here():
        return all(shutil.which(name) for name in
                   ("redis-server", "redis-cli", "redis-benchmark"))

    def socket(self):
        if self.folder is None:
            self.start()
        return self.folder.name + "/socket"

    def start(self):
        # Not in $BENCH: the address of a socket is short.
        self.folder = tempfile.TemporaryDirectory(prefix="cal-bench.")
        self.servers.start(
            ["redis-server", "--port", "0", "--unixsocket", self.socket(),
             "--save", "", "--appendonly", "no", "--daemonize", "no",
             "--dir", self.folder.name], ready=False)
        end = time.monotonic() + DEADLINE
        while subprocess.run(["redis-cli", "-s", self.socket(), "ping"],
                             check=False, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout != b"PONG\n":
            if time.monotonic() > end:
                sys.exit("redis-server does not start")
            time.sleep(0.05)

    def say(self, *words):
        """What it answers, in words."""
        return run(["redis-cli", "-s", self.socket(), *words])

    def url(self, stream):
        return f"redis+unix://{self.socket()}?stream={stream}"

    def lines(self, size):
        """A file of JSON strings, each another one."""
        if size not in self.files:
            self.files[size] = lines_file(
                f"redis.{size}", COUNTS[size],
                lambda number: f'"{number:0{size - 2}}"\n')
        return self.files[size]

    def stream(self, size):
        """One that has all these lines."""
        name = f"read.{size}"
        if size not in self.filled:
            with open(self.lines(size), "rb") as lines:
                subprocess.run([RAW, "pub", self.socket(), name],
                               stdin=lines, check=True)
            self.filled.add(size)
        return name

    def group(self):
        self.groups += 1
        return f"group{self.groups}"

    def server(self, who):
        """The name at which a server, ours or bare, is called."""
        if who not in self.called:
            self.servers.start(
                [RPC, "serve", self.socket(), who] if who == "raw" else
                [SERVE, "-q", "-1", *WORKER, self.url(who), *ECHO])
            self.called.add(who)
        return who


# Streams.

def publisher_of(redis, who, stream):
    if who == "raw":
        return [RAW, "pub", redis.socket(), stream]
    return [PUB, "-q", "-l", redis.url(stream)]


def reader_of(redis, who, stream, group, count):
    if who == "raw":
        return [RAW, "-c", str(count), "sub", redis.socket(), stream, group]
    ack = ["--ack"] if who == "ack" else []
    return [SUB, "-q", "-G", group, *ack, "-c", str(count), redis.url(stream)]


def publish_rate(redis, who, size):
    count = COUNTS[size]
    redis.say("del", "written")
    took = timed(publisher_of(redis, who, "written"),
                 stdin=redis.lines(size))
    if redis.say("xlen", "written") != [str(count)]:
        sys.exit(f"{who}: not every line is in the stream")
    redis.say("del", "written")
    return 1e6 * count / took


def read_rate(redis, who, size):
    """A group of its own; nothing of it is left to be acknowledged."""
    stream, group, count = redis.stream(size), redis.group(), COUNTS[size]
    took = timed(reader_of(redis, who, stream, group, count))
    if redis.say("xpending", stream, group)[:1] != ["0"]:
        sys.exit(f"{who}: not every message is acknowledged")
    redis.say("xgroup", "destroy", stream, group)
    return 1e6 * count / took


def own_rate(redis, size):
    """Redis' own measure of the same command."""
    redis.say("del", "written")
    out = subprocess.run(
        ["redis-benchmark", "-s", redis.socket(), "-c", "1", "-P", "100",
         "-n", str(COUNTS[size]), "--csv", "XADD", "written", "*", "hdr",
         "x" * 12, "msg", "x" * size], check=True,
        stdout=subprocess.PIPE).stdout.decode()
    redis.say("del", "written")
    return float(out.splitlines()[-1].split('","')[1])


def check_streams(redis):
    """What is measured must first be right."""
    with open(redis.lines(100), "rb") as file:
        lines = b"".join(islice(file, 1000))
    for who in ("raw", "cal"):
        subprocess.run(publisher_of(redis, who, "checked"), input=lines,
                       check=True, timeout=60)
        for reader in ("raw", "cal", "ack"):
            out = subprocess.run(
                reader_of(redis, reader, "checked", redis.group(), 1000),
                check=True, stdin=subprocess.DEVNULL, timeout=60,
                stdout=subprocess.PIPE).stdout
            if out != lines:
                sys.exit(f"Redis: lines come to {reader} changed from {who}")
        redis.say("del", "checked")


def stream_figures(redis):
    known = {}
    for size in REDIS_SIZES:
        for who in ("raw", "cal"):
            known[f"redis pub {who} {size}"] = \
                lambda who=who, size=size: publish_rate(redis, who, size)
        for who in ("raw", "cal", "ack"):
            known[f"redis sub {who} {size}"] = \
                lambda who=who, size=size: read_rate(redis, who, size)
        known[f"redis pub own {size}"] = \
            lambda size=size: own_rate(redis, size)
    return known


# Calls.

def call_rate(redis, caller, server, window, size):
    count = CALLS[window]

    def measure():
        if caller == "raw":
            return 1e6 * count / timed(
                [RPC, "-b", str(size), "-n", str(count), "-w", str(window),
                 "call", redis.socket(), redis.server(server), "cat"])
        return 1e6 * count / timed(
            [CALL, "-l", "-j", str(window), "-c", str(count),
             redis.url(redis.server(server)), "cat"],
            stdin=redis.lines(size))
    return measure


def check_calls(redis):
    text = b"".join(b'"%d"\n' % number for number in range(1000))
    for who in ("raw", "cal"):
        name = redis.server(who)
        out = subprocess.run([CALL, "-l", "-j", "100", redis.url(name),
                              "cat"], input=text, check=True, timeout=60,
                             stdout=subprocess.PIPE).stdout
        if out != text:
            sys.exit(f"Redis: lines come back changed from {who}")
        # The bare caller looks at all that comes back by itself.
        run([RPC, "-w", "100", "call", redis.socket(), name, "cat"])


def call_figures(redis):
    known = {}
    for window in REDIS_WINDOWS:
        for size in REDIS_SIZES:
            for caller in ("raw", "cal"):
                for server in ("raw", "cal"):
                    known[f"redis {caller} to {server} {window} {size}"] = \
                        call_rate(redis, caller, server, window, size)
    return known


# One message a process, and what idle ones have in memory.

def one_figures(redis):
    def ours(folder):
        return lambda: timed([f"{folder}/cal-pub", redis.url("one"),
                              '"hi"'], ONE_SHOT)

    def bare(program):
        return lambda: timed([program, "one", redis.socket(), "one", '"hi"'],
                             ONE_SHOT)

    known = {
        "redis one cal": ours(BIN),
        "redis one raw": bare(f"{RAW}.best"),
    }
    if os.access(f"{BIN_SHARED}/cal-pub", os.X_OK):
        known["redis one cal shared"] = ours(BIN_SHARED)
        known["redis one raw shared"] = bare(RAW)
    return known


def sub_memory(redis, count):
    """At rest behind so many messages, which are all that there are."""
    stream, group = f"memory.{count}", redis.group()
    with open(redis.lines(100), "rb") as file:
        subprocess.run(publisher_of(redis, "raw", stream),
                       input=b"".join(islice(file, count)), check=True)
    reader = subprocess.Popen([SUB, "-q", "-1", "-G", group,
                               redis.url(stream)],
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        reader.stderr.readline()
        for _ in range(count):
            reader.stdout.readline()
        return at_rest(reader.pid)
    finally:
        reader.terminate()
        reader.wait()
        redis.say("del", stream)


def memory_figures(redis):
    return {
        "redis memory limit": lambda: LIMIT,
        "redis memory sub": lambda: sub_memory(redis, 0),
        "redis memory early": lambda: sub_memory(redis, COUNTS[100] // 10),
        "redis memory late": lambda: sub_memory(redis, COUNTS[100]),
        "redis memory serve": lambda: serve_memory(redis.url("idle")),
    }


def redis_figures(servers):
    """What can be measured here, by name."""
    redis = Redis(servers)
    if not redis.is_here() or not has_streams():
        print("P6 is left out: redis-server is not here (scripts/bootstrap"
              " --bench installs it)")
        return {}
    check_streams(redis)
    check_calls(redis)
    return {**stream_figures(redis), **call_figures(redis),
            **one_figures(redis), **memory_figures(redis)}
