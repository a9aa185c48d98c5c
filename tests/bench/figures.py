"""The figures that can be taken, by name.  A server is started when the first
figure asks for it, and stays."""

import os
import subprocess
import sys

from redis import redis_figures
from rigs import (ANY_PORT, BENCH, BIN, BIN_SHARED, PAIR, PYTHON, Keys,
                  link_of, lines_file, memory, methods_dir, piped, run,
                  start_mqtt, string_lines, timed)
from rows import CURVE_WINDOWS, SIZES, WINDOWS
from streams import streams

CALL, SERVE = f"{BIN}/cal-call", f"{BIN}/cal-serve"
SEQUENTIAL, MANY, ONE_SHOT, SPAWNS = 10000, 100000, 100, 1500
KEYED = 40000                   # messages with keys, or with many in flight

# Messages of one run: a third of a second or so, and more than a window.
COUNTS = {1: 4000, 16: 30000, 100: 80000, 1000: 80000}
LARGE_COUNTS = {1: 1000, 16: 2000, 100: 2000, 1000: 2000}
PYTHON_COUNTS = {1: 800, 16: 2000, 100: 3000, 1000: 4000}
LARGE_PYTHON_COUNTS = {1: 200, 16: 500, 100: 500, 1000: 1200}


def count_of(window, size, python=False):
    if python:
        return (PYTHON_COUNTS if size < 64000 else LARGE_PYTHON_COUNTS)[window]
    return (COUNTS if size < 64000 else LARGE_COUNTS)[window]


def has_coprocess():
    said = subprocess.run([SERVE, "--help"], check=True,
                          stdout=subprocess.PIPE).stdout
    return b"--coprocess" in said


class Places:
    """Servers by name, and the URLs where they are."""

    def __init__(self, servers):
        worker = [SERVE, "-q", "-1", ANY_PORT, "cat", "--coprocess", "lines",
                  "-j", "1", "--depth", "100"]
        deep = worker + ["--max-queue", "20000"]
        cat = ["--", "cat"]
        exec_ = [SERVE, "-q", "-1", "-j", "4", ANY_PORT]
        rig = {name: [f"{BENCH}/raw{name}"] for name in
               ("echo", "worker", "spawn")}
        self.servers = servers
        self.urls = {}
        self.keys = keys = Keys()
        # The words, and the core that holds it, if one does.
        self.known = {
            "echo": (rig["echo"] + [ANY_PORT], None),
            "echo held": (rig["echo"] + [ANY_PORT], 0),
            "bare worker": (rig["worker"] + [ANY_PORT], None),
            "bare worker held": (rig["worker"] + [ANY_PORT], 0),
            "spawn": (rig["spawn"] + ["-j", "4", ANY_PORT], None),
            "cat": (exec_ + ["cat"] + cat, None),
            "worker": (worker + cat, None),
            "worker held": (worker + cat, 0),
            "deep": (deep + cat, None),
            "reply": (deep + ["--order", "reply"] + cat, None),
            "python": ([PYTHON, PAIR, "serve", ANY_PORT], None),
            "curve echo": (rig["echo"] + [ANY_PORT], None),
            "curve echo held": (rig["echo"] + [ANY_PORT], 0),
            "curve bare worker": (rig["worker"] + [ANY_PORT], None),
            "curve worker": (worker + keys.serve + cat, None),
        }
        self.exec_ = exec_

    def at(self, name):
        if name not in self.urls:
            argv, core = self.known[name]
            env = self.keys.bind if name.startswith("curve ") else None
            self.urls[name] = self.servers.start(argv, core=core, env=env)
        return self.urls[name]

    def methods(self, count):
        name = f"methods {count}"
        self.known.setdefault(name, (self.exec_ + ["--dir",
                                                   methods_dir(count)], None))
        return self.at(name)

    def grown(self):
        """A server of commands with 200 MB in it."""
        if "grown" not in self.urls:
            env = dict(os.environ, LD_PRELOAD=f"{BENCH}/grow.so",
                       BENCH_GROW_MB="200")
            self.urls["grown"] = self.servers.start(self.known["cat"][0],
                                                    env=env)
            print(f"grown cal-serve:"
                  f" {memory(self.servers.running[-1].pid) / 1e6:.1f} MB"
                  " resident")
        return self.urls["grown"]

    def check(self, names):
        """What is measured must first be right."""
        text = b"".join(b'"%d"\n' % number for number in range(1000))
        for name in names:
            keys = self.keys.call if name.startswith("curve ") else []
            out = subprocess.run([CALL, *keys, "-l", "-j", "100",
                                  self.at(name), "cat"], input=text,
                                 check=True, timeout=60,
                                 stdout=subprocess.PIPE).stdout
            if out != text:
                sys.exit(f"{CALL}: lines come back changed from {name}")


class Lines:
    """Files of input, each written when it is first asked for."""

    def __init__(self):
        self.paths = {}

    def of(self, name, write):
        if name not in self.paths:
            self.paths[name] = write()
        return self.paths[name]

    def strings(self, size):
        count = LARGE_COUNTS[1000] if size == 64000 else MANY
        return self.of(size, lambda: string_lines(size, count))

    def keyed(self, keys):
        return self.of(f"keys {keys}", lambda: lines_file(
            f"keys.{keys}", KEYED,
            lambda number: f'k{number % keys:05}:"{"x" * 98}"\n'))


def pairs(places, lines):
    """Both ends, ours and bare, for each window and size."""
    known = {}

    def call(place, window, size):
        count = count_of(window, size)
        return lambda: 1e6 * count / timed(
            [CALL, "-l", "-j", str(window), "-c", str(count),
             places.at(place), "cat"], stdin=lines.strings(size))

    def bare(place, window, size):
        return ["-b", str(size), "-n", str(count_of(window, size)), "-w",
                str(window), places.at(place), "cat"]

    def bare_call(place, window, size):
        return lambda: 1e6 * count_of(window, size) / timed(
            [f"{BENCH}/rawpipe"] + bare(place, window, size))

    def python(window, size):
        return lambda: float(run(
            [PYTHON, PAIR, "call", "-w", str(window), "-b", str(size), "-n",
             str(count_of(window, size, True)), places.at("python"),
             "echo"])[1])

    for window in WINDOWS:
        for size in SIZES:
            at = f" {window} {size}"
            known["pair cal" + at] = call("worker", window, size)
            known["pair raw" + at] = bare_call("bare worker", window, size)
            known["pair python" + at] = python(window, size)
            known["call cal" + at] = call("bare worker", window, size)
            for name, place in (("serve cal", "worker"),
                                ("serve raw", "bare worker")):
                known[name + at] = lambda place=place, w=window, s=size: \
                    piped(bare(place, w, s))
    return known


def ones(places, lines):
    """One at a time, held on one core; and one-shot callers."""
    def held(place):
        return lambda: timed(
            [CALL, "-l", "-c", str(SEQUENTIAL), places.at(place), "cat"],
            core=0, stdin=lines.strings(100)) / SEQUENTIAL

    def held_bare(place):
        return lambda: timed(
            [f"{BENCH}/rawpipe", "-b", "100", "-n", str(SEQUENTIAL),
             places.at(place), "cat"], core=0) / SEQUENTIAL

    def one(program):
        return lambda: timed([program, places.at("echo"), "cat", '"hi"'],
                             ONE_SHOT)

    known = {
        "seq cal": held("echo held"),
        "seq raw": held_bare("echo held"),
        "seq pair cal": held("worker held"),
        "seq pair raw": held_bare("bare worker held"),
        "one cal": one(CALL),
        "one raw": one(f"{BENCH}/rawclient.best"),
    }
    if os.access(f"{BIN_SHARED}/cal-call", os.X_OK):
        known["one cal shared"] = one(f"{BIN_SHARED}/cal-call")
        known["one raw shared"] = one(f"{BENCH}/rawclient")
    return known


def echoes(places, lines):
    def many_cal(size):
        return lambda: 1e6 * MANY / timed(
            [CALL, "-l", "-j", "100", places.at("echo"), "cat"],
            stdin=lines.strings(size))

    def many_raw(size):
        return lambda: 1e6 * MANY / timed(
            [f"{BENCH}/rawpipe", "-b", str(size), "-n", str(MANY), "-w",
             "100", places.at("echo"), "cat"])

    return {
        "many cal 100": many_cal(100),
        "many raw 100": many_raw(100),
        "many cal 1000": many_cal(1000),
        "many raw 1000": many_raw(1000),
        "refuse cal": lambda: 1e6 * MANY / timed(
            [f"{BENCH}/rawpipe", "-e", "-n", str(MANY), "-w", "100",
             places.at("cat"), "nothing"]),
    }


def curves(places, lines):
    """The same with keys, at the servers whose names begin so."""
    keys = places.keys
    ours = [CALL, *keys.call]

    def lined(place, window, size, count):
        return lambda: 1e6 * count / timed(
            ours + ["-l", "-j", str(window), "-c", str(count),
                    places.at(place), "cat"], stdin=lines.strings(size))

    def bare(place, window, size, count):
        return lambda: 1e6 * count / timed(
            [f"{BENCH}/rawpipe", "-b", str(size), "-n", str(count), "-w",
             str(window), places.at(place), "cat"], env=keys.connect)

    known = {
        "curve seq cal": lambda: timed(
            ours + ["-l", "-c", str(SEQUENTIAL), places.at("curve echo held"),
                    "cat"], core=0, stdin=lines.strings(100)) / SEQUENTIAL,
        "curve seq raw": lambda: timed(
            [f"{BENCH}/rawpipe", "-b", "100", "-n", str(SEQUENTIAL),
             places.at("curve echo held"), "cat"], core=0,
            env=keys.connect) / SEQUENTIAL,
        "curve one cal": lambda: timed(
            ours + [places.at("curve echo"), "cat", '"hi"'], ONE_SHOT),
        "curve one raw": lambda: timed(
            [f"{BENCH}/rawclient.best", places.at("curve echo"), "cat",
             '"hi"'], ONE_SHOT, env=keys.connect),
    }
    for size in (100, 1000):
        at = f" {size}"
        known["curve many cal" + at] = lined("curve echo", 100, size, MANY)
        known["curve many raw" + at] = bare("curve echo", 100, size, MANY)
    for window in CURVE_WINDOWS:
        for size in SIZES:
            at, count = f" {window} {size}", count_of(window, size)
            known["curve pair cal" + at] = lined("curve worker", window, size,
                                                 count)
            known["curve pair raw" + at] = bare("curve bare worker", window,
                                                size, count)
    return known


def commands(places):
    def spawns(url_of):
        return lambda: piped(["-n", str(SPAWNS), "-w", "8", url_of(),
                              "cat"])["rate"]

    known = {
        "spawn cal": spawns(lambda: places.at("cat")),
        "spawn raw": spawns(lambda: places.at("spawn")),
        "spawn loop": lambda: float(run([f"{BENCH}/rawspawn", "-j", "4", "-l",
                                         str(SPAWNS)])[1]),
    }
    if link_of(SERVE) != "static":
        known["spawn cal 200"] = spawns(places.grown)
    return known


def scales(places, lines):
    """Microseconds a message with few and with many of something."""
    def keyed(place, jobs, keys):
        return lambda: timed(
            [CALL, "-l", "-K", ":", "-j", str(jobs), places.at(place), "cat"],
            stdin=lines.keyed(keys)) / KEYED

    def flight(jobs):
        return lambda: timed(
            [CALL, "-l", "-j", str(jobs), "-c", str(KEYED), places.at("deep"),
             "cat"], stdin=lines.strings(100)) / KEYED

    def named(word, methods, messages, *options):
        return lambda: 1e6 / piped(
            [*options, "-m", str(methods), "-n", str(messages), "-w", "100",
             places.methods(methods), word])["rate"]

    known = {}
    for many in (10, 10000):
        known[f"keys {many}"] = keyed("deep", 10, many)
        known[f"alive {many}"] = keyed("reply", 10000, many)
        known[f"found {many}"] = named("m", many, MANY, "-e", "-x")
        known[f"missed {many}"] = named("n", many, MANY, "-e")
        known[f"spread {many}"] = named("m", many, SPAWNS)
    for many in (10, 1000, 10000):
        known[f"flight {many}"] = flight(many)
    return known


STREAMED = ("pub ", "push ", "memory ")
WITH_WORKER = ("pair cal", "serve cal", "seq pair cal", "keys", "alive",
               "flight", "curve pair cal")


def prepare(servers, rows):
    """What of the rows can be measured: functions, by name."""
    places, lines = Places(servers), Lines()
    places.check(["echo", "cat"])
    known = {**pairs(places, lines), **ones(places, lines),
             **echoes(places, lines), **curves(places, lines),
             **commands(places),
             **scales(places, lines)}
    wanted = {name.partition("/")[0] for row in rows
              for name in (row.ours, row.beside)}
    if any(name.startswith(STREAMED) for name in wanted):
        known.update(streams(servers))
    if any(name.startswith("redis ") for name in wanted):
        known.update(redis_figures(servers))
    if not has_coprocess():
        print("cal-serve has no --coprocess here")
        known = {name: figure for name, figure in known.items()
                 if not name.startswith(WITH_WORKER)}
    elif any(name.startswith(WITH_WORKER) for name in wanted):
        places.check(["worker", "bare worker"])
    if any(name.startswith("curve ") for name in wanted):
        places.check(["curve echo", "curve bare worker", "curve worker"])
    if "one mqtt" in wanted:
        call = start_mqtt(servers)
        if call is None:
            print("P3b is left out: mosquitto_rr and mosquitto are not here"
                  " (scripts/bootstrap --bench installs them)")
        else:
            known["one mqtt"] = lambda: timed(call, ONE_SHOT)
    return known
