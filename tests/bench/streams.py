"""The figures of streams: lines into a publisher, lines out of a reader."""

import os
import shutil
import subprocess
import sys
import time

from rigs import (ANY_PORT, BENCH, BIN, DEADLINE, PUBLISHER, PYTHON, free_port,
                  lines_file, memory, timed)

PUB, SUB, SERVE = (f"{BIN}/cal-{name}" for name in ("pub", "sub", "serve"))
RAW = f"{BENCH}/rawlines"
ONE = {"pub": "sub", "push": "pull"}
OURS = {"pub": ["--no-drop"], "push": ["--distribute"]}

# Messages of one run, by size (rows.STREAMED_SIZES).
COUNTS = {100: 600000, 1000: 200000}
PYTHON_COUNT, MQTT_COUNT, IDLE_COUNT = 20000, 100000, 1000000
LIMIT = 6e6                     # bytes that an idle program may have resident


def numbered_lines(size, count):
    """JSON strings of size bytes, each another one."""
    return lines_file(f"streamed.{size}.{count}", count,
                      lambda number: f'"{number:0{size - 2}}"\n')


class Pairs:
    """Publishers and their readers, started for one figure each."""

    def __init__(self):
        self.files = {}

    def lines(self, size, count):
        if (size, count) not in self.files:
            self.files[size, count] = numbered_lines(size, count)
        return self.files[size, count]

    def publish(self, argv, path):
        """The process, and the address that it prints."""
        with open(path, "rb") as lines:
            child = subprocess.Popen(argv, stdin=lines,
                                     stdout=subprocess.PIPE)
        return child, child.stdout.readline().decode().strip()

    def end(self, child):
        if child.wait(DEADLINE) != 0:
            sys.exit(f"{child.args}: status {child.returncode}")
        child.stdout.close()

    def rate(self, publisher, reader, path, count):
        """Messages a second: from the reader's start to its end."""
        child, url = self.publish(publisher, path)
        try:
            took = timed(reader + ["-c", str(count), url])
            self.end(child)
        finally:
            child.kill()
            child.wait()
        return 1e6 * count / took

    def check(self, publisher, reader):
        """What is measured must first be right."""
        path = self.lines(100, 1000)
        child, url = self.publish(publisher, path)
        try:
            out = subprocess.run(reader + ["-c", "1000", url], check=True,
                                 stdin=subprocess.DEVNULL, timeout=60,
                                 stdout=subprocess.PIPE).stdout
            self.end(child)
        finally:
            child.kill()
            child.wait()
        with open(path, "rb") as file:
            if out != file.read():
                sys.exit(f"{reader}: lines come changed from {publisher}")


def publisher_of(who, kind, *options):
    if who == "raw":
        return [RAW, *options, kind, ANY_PORT]
    return [PUB, "-q", "-1", "-l", *OURS[kind], *options, ANY_PORT]


def reader_of(who, kind, *options):
    if who == "raw":
        return [RAW, ONE[kind]]
    distribute = ["--distribute"] if kind == "push" else []
    return [SUB, "-q", *distribute, *options]


def pairs_of(pairs, are_here):
    """Figures by name: KIND, publisher, reader, size."""
    known = {}

    def add(name, publisher, reader, size):
        count = COUNTS[size]
        known[f"{name} {size}"] = lambda: pairs.rate(
            publisher, reader, pairs.lines(size, count), count)

    for kind in ONE:
        for size in COUNTS:
            add(f"{kind} raw", publisher_of("raw", kind),
                reader_of("raw", kind), size)
            if not are_here:
                continue
            add(f"{kind} cal", publisher_of("cal", kind),
                reader_of("cal", kind), size)
            add(f"{kind} bytes", publisher_of("cal", kind, "-s", "raw"),
                reader_of("cal", kind, "-s", "raw"), size)
            add(f"{kind} cal to raw", publisher_of("cal", kind),
                reader_of("raw", kind), size)
            add(f"{kind} raw to cal", publisher_of("raw", kind),
                reader_of("cal", kind), size)
        add(f"{kind} raw ahead", publisher_of("raw", kind, "-w", "1000"),
            reader_of("raw", kind), 100)
    return known


def python_rate(pairs):
    return pairs.rate([PYTHON, PUBLISHER, "-n", str(PYTHON_COUNT), "-b",
                       "100", ANY_PORT], reader_of("raw", "pub"),
                      os.devnull, PYTHON_COUNT)


class Broker:
    """mosquitto, with a queue that has no limit: else it drops what a reader
    is late to take."""

    NAMES = ("mosquitto", "mosquitto_pub", "mosquitto_sub")

    def __init__(self, servers):
        path = os.environ["PATH"] + ":/usr/sbin"
        self.found = [shutil.which(name, path=path) for name in self.NAMES]
        self.servers, self.at = servers, None

    def is_here(self):
        return None not in self.found

    def start(self):
        port = free_port()
        conf = f"{BENCH}/mosquitto.conf"
        with open(conf, "w", encoding="ascii") as out:
            out.write(f"listener {port} 127.0.0.1\nallow_anonymous true\n"
                      "max_queued_messages 0\npersistence false\n")
        self.servers.start([self.found[0], "-c", conf], ready=False,
                           stderr=subprocess.DEVNULL)
        self.at = ["-h", "127.0.0.1", "-p", port]
        # Whoever subscribes gets this first, and then is known to be there.
        word = [self.found[1], *self.at, "-t", "ready", "-r", "-m", "ready"]
        end = time.monotonic() + DEADLINE
        while subprocess.run(word, check=False,
                             stderr=subprocess.DEVNULL).returncode != 0:
            if time.monotonic() > end:
                sys.exit("mosquitto does not start")
            time.sleep(0.05)

    def rate(self, path, count):
        """From the publisher's start to the end of the reader's output."""
        if self.at is None:
            self.start()
        reader = subprocess.Popen(
            [self.found[2], *self.at, "-t", "ready", "-t", "q", "-C",
             str(count + 1), "-W", "60"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        out = reader.stdout.fileno()
        try:
            if os.read(out, 100) != b"ready\n":
                sys.exit("mosquitto_sub does not say that it is there")
            start = time.monotonic()
            with open(path, "rb") as lines:
                publisher = subprocess.Popen(
                    [self.found[1], *self.at, "-t", "q", "-l"], stdin=lines)
            came = sum(chunk.count(b"\n")
                       for chunk in iter(lambda: os.read(out, 1 << 20), b""))
            took = time.monotonic() - start
        finally:
            reader.kill()
            reader.wait()
        if publisher.wait(DEADLINE) != 0 or came != count:
            sys.exit(f"mosquitto lost {count - came} messages")
        return count / took


def at_rest(pid):
    """Resident bytes, once they have been the same for a while."""
    last, same = 0, 0
    end = time.monotonic() + DEADLINE
    while same < 5:
        if time.monotonic() > end:
            sys.exit(f"process {pid} does not come to rest")
        time.sleep(0.1)
        now = memory(pid)
        last, same = now, same + 1 if now == last else 0
    return last


def serve_memory(url=ANY_PORT):
    server = subprocess.Popen(
        [SERVE, "-q", "-1", url, "cat", "--", "cat"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        server.stdout.readline()
        return at_rest(server.pid)
    finally:
        server.terminate()
        server.wait()


def sub_memory():
    """Before there is a message, and behind a million of them."""
    publisher = subprocess.Popen(publisher_of("raw", "push"),
                                 stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE)
    url = publisher.stdout.readline().decode().strip()
    reader = subprocess.Popen(reader_of("cal", "push") + ["-1", url],
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE)
    try:
        reader.stderr.readline()
        idle = at_rest(reader.pid)
        line = b'"%s"\n' % (b"x" * 98)
        for _ in range(IDLE_COUNT // 1000):
            publisher.stdin.write(line * 1000)
        publisher.stdin.close()
        publisher.wait(DEADLINE)
        return {"idle": idle, "after": at_rest(reader.pid)}
    finally:
        for child in (publisher, reader):
            child.kill()
            child.wait()


def has_streams():
    return os.access(PUB, os.X_OK) and os.access(SUB, os.X_OK)


def streams(servers):
    """What can be measured here, by name."""
    pairs, broker, are_here = Pairs(), Broker(servers), has_streams()
    for kind in ONE:
        pairs.check(publisher_of("raw", kind), reader_of("raw", kind))
        if are_here:
            pairs.check(publisher_of("cal", kind), reader_of("cal", kind))
    known = {**pairs_of(pairs, are_here),
             "pub python": lambda: python_rate(pairs),
             "memory serve": serve_memory, "memory limit": lambda: LIMIT}
    if are_here:
        known["memory sub"] = sub_memory
    else:
        print("cal-pub and cal-sub are not here")
    if broker.is_here():
        known["pub mqtt"] = lambda: broker.rate(
            pairs.lines(100, MQTT_COUNT), MQTT_COUNT)
    else:
        print("mosquitto is not here (scripts/bootstrap --bench installs it)")
    return known
