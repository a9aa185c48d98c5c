"""The rows of the table: what is compared with what, and the goal."""

import collections

WINDOWS = (1, 16, 100, 1000)
CURVE_WINDOWS = (1, 16, 100)
SIZES = (100, 1000, 64000)
STREAMED_SIZES = REDIS_SIZES = (100, 1000)
REDIS_WINDOWS = (1, 100)

# A time and a size want a ratio below their goal, a rate one above it.  ours
# and beside are names of figures (figures.py, streams.py, redis.py).
Row = collections.namedtuple("Row", "key words ours beside kind goal")


def words_of_size(size):
    return f"{size} B" if size < 1000 else f"{size // 1000} kB"


def words_of(window, size):
    many = "one at a time" if window == 1 else f"{window} in flight"
    return many + ", " + words_of_size(size)


def grid(key, words, ours, beside, goals, word="", windows=WINDOWS):
    """A row for each size and window."""
    for size in SIZES:
        for window in windows:
            at = f" {window} {size}{word}"
            yield Row(key, f"{words}: {words_of(window, size)}", ours + at,
                      beside + at, "rate", goals.get((window, size)))


def latencies(key, words, ours, beside):
    for window in WINDOWS:
        at = f" {window} 100/"
        for word in ("p50", "p99"):
            yield Row(key, f"{words}, {word}: {words_of(window, 100)}",
                      ours + at + word, beside + at + word, "time", None)


def streamed(key, words, ours, beside, goal=None):
    """A row for each size; the goal is that of the smaller one."""
    for size in STREAMED_SIZES:
        yield Row(key, f"{words}: {words_of_size(size)}", f"{ours} {size}",
                  f"{beside} {size}", "rate", goal if size == 100 else None)


def stored(key, words, ours, beside, goal=None):
    """The same over Redis; the goal is that of both."""
    for size in REDIS_SIZES:
        yield Row(key, f"{words}: {words_of_size(size)}",
                  f"redis {ours} {size}", f"redis {beside} {size}", "rate",
                  goal)


def asked(key, words, ours, goal=None):
    """Calls over Redis, beside those of the bare pair."""
    for size in REDIS_SIZES:
        for window in REDIS_WINDOWS:
            at = f" {window} {size}"
            yield Row(key, f"{words}: {words_of(window, size)}",
                      f"redis {ours}{at}", f"redis raw to raw{at}", "rate",
                      goal if window == 100 else None)


ROWS = [
    *grid("P1", "pair, lines worker, beside bare pair", "pair cal",
          "pair raw", {(100, 100): 0.7, (100, 1000): 0.8}),
    *grid("P1b", "the same beside a Python asyncio pair", "pair cal",
          "pair python", {(100, 100): 25}),
    *grid("P1c", "cal-serve, lines worker, bare caller",
          "serve cal", "serve raw", {(100, 100): 0.75, (100, 1000): 0.85},
          "/rate"),
    *latencies("P1c", "the same", "serve cal", "serve raw"),
    *grid("P1d", "cal-call, bare server with a worker", "call cal",
          "pair raw", {}),
    Row("P1e", "cal-call, bare echo server: 100 in flight, 100 B",
        "many cal 100", "many raw 100", "rate", 0.7),
    Row("P1e", "the same, 1 kB",
        "many cal 1000", "many raw 1000", "rate", 0.8),
    Row("P1e", "cal-serve, 100 at once, answers without a command",
        "refuse cal", "many raw 100", "rate", 0.75),
    Row("P2", "sequential, all on one core: cal-call -l beside a bare caller",
        "seq cal", "seq raw", "time", 1.15),
    Row("P2", "the same, pair with a worker beside the bare pair",
        "seq pair cal", "seq pair raw", "time", None),
    Row("P3", "one-shot cal-call, whole process, beside a bare client",
        "one cal", "one raw", "time", 1.2),
    Row("P3s", "the same, both with shared libraries",
        "one cal shared", "one raw shared", "time", 1.2),
    Row("P3b", "one-shot cal-call beside mosquitto_rr",
        "one cal", "one mqtt", "time", 0.8),
    Row("P4", "a cat per request, 4 at once, beside a bare spawner",
        "spawn cal", "spawn raw", "rate", 0.9),
    Row("P4g", "cal-serve grown to 200 MB beside itself",
        "spawn cal 200", "spawn cal", "rate", 0.8),
    Row("P4l", "bare spawner behind a socket beside its bare loop",
        "spawn raw", "spawn loop", "rate", None),
    *streamed("P5", "cal-pub -l to cal-sub, PUB/SUB, beside bare lines",
              "pub cal", "pub raw", 0.7),
    *streamed("P5", "the same, PUSH/PULL", "push cal", "push raw", 0.7),
    *streamed("P5r", "cal-pub -s raw -l to cal-sub -s raw, PUB/SUB",
              "pub bytes", "pub raw"),
    *streamed("P5r", "the same, PUSH/PULL", "push bytes", "push raw"),
    *streamed("P5c", "cal-pub, bare reader, PUB/SUB", "pub cal to raw",
              "pub raw"),
    *streamed("P5c", "the same, PUSH/PULL", "push cal to raw", "push raw"),
    *streamed("P5d", "cal-sub, bare publisher, PUB/SUB", "pub raw to cal",
              "pub raw"),
    *streamed("P5d", "the same, PUSH/PULL", "push raw to cal", "push raw"),
    Row("P5b", "PUB/SUB beside mosquitto_pub -l to mosquitto_sub: 100 B",
        "pub cal 100", "pub mqtt", "rate", 6),
    Row("P5b", "the same beside a Python asyncio publisher, bare reader",
        "pub cal 100", "pub python", "rate", 20),
    Row("P5h", "bare PUB/SUB, 64 messages ahead beside 1000: 100 B",
        "pub raw 100", "pub raw ahead 100", "rate", None),
    Row("P5h", "the same, PUSH/PULL",
        "push raw 100", "push raw ahead 100", "rate", None),
    *stored("P6", "Redis, cal-pub -l beside a bare publisher", "pub cal",
            "pub raw", 0.85),
    *stored("P6b", "Redis' own measure (-P 100) beside that", "pub own",
            "pub raw"),
    *stored("P6c", "Redis, cal-sub -G beside a bare reader", "sub cal",
            "sub raw", 0.75),
    *stored("P6d", "the same with --ack", "sub ack", "sub raw"),
    *asked("P6e", "Redis, pair, lines worker, beside bare",
           "cal to cal", 0.8),
    *asked("P6f", "Redis, cal-serve with it, bare caller",
           "raw to cal"),
    *asked("P6g", "Redis, cal-call, bare server", "cal to raw"),
    Row("P6h", "one-shot cal-pub to Redis, whole process, beside bare",
        "redis one cal", "redis one raw", "time", 1.2),
    Row("P6h", "the same, both with shared libraries",
        "redis one cal shared", "redis one raw shared", "time", None),
    Row("P6m", "idle cal-sub at Redis, resident, beside 6 MB",
        "redis memory sub", "redis memory limit", "size", 1),
    Row("P6m", "idle cal-serve at Redis", "redis memory serve",
        "redis memory limit", "size", 1),
    Row("P6m", "cal-sub behind 300,000 messages", "redis memory late",
        "redis memory limit", "size", 1),
    Row("P6m", "the same beside itself behind 30,000", "redis memory late",
        "redis memory early", "size", 1.2),
    Row("P7", "idle cal-sub, resident, beside 6 MB",
        "memory sub/idle", "memory limit", "size", 1),
    Row("P7", "idle cal-serve", "memory serve", "memory limit", "size", 1),
    Row("P7", "cal-sub behind a million messages beside itself idle",
        "memory sub/after", "memory sub/idle", "size", 1.2),
    *grid("P9", "pair, keys beside none", "curve pair cal",
          "pair cal", {}, windows=CURVE_WINDOWS),
    *grid("P9r", "bare pair, keys beside none",
          "curve pair raw", "pair raw", {}, windows=CURVE_WINDOWS),
    *grid("P9b", "keys, pair beside bare pair", "curve pair cal",
          "curve pair raw", {}, windows=CURVE_WINDOWS),
    Row("P9e", "keys, cal-call, bare echo server: 100 in flight, 100 B",
        "curve many cal 100", "curve many raw 100", "rate", 0.9),
    Row("P9e", "the same, 1 kB",
        "curve many cal 1000", "curve many raw 1000", "rate", 0.9),
    Row("P9s", "sequential, all on one core: keys beside none",
        "curve seq cal", "seq cal", "time", None),
    Row("P9s", "the same, bare caller",
        "curve seq raw", "seq raw", "time", None),
    Row("P9s", "the same with keys, cal-call beside a bare caller",
        "curve seq cal", "curve seq raw", "time", None),
    Row("P9o", "one-shot cal-call with keys beside itself without",
        "curve one cal", "one cal", "time", None),
    Row("P9o", "the same, bare client",
        "curve one raw", "one raw", "time", None),
    Row("P9o", "the same with keys, cal-call beside a bare client",
        "curve one cal", "curve one raw", "time", None),
    Row("P8", "10,000 keys beside 10: pair, 10 in flight",
        "keys 10000", "keys 10", "time", 1.2),
    Row("P8", "the same, all in flight, --order reply",
        "alive 10000", "alive 10", "time", 1.2),
    Row("P8", "10,000 in flight beside 10: pair",
        "flight 10000", "flight 10", "time", 1.2),
    Row("P8", "the same beside 1000",
        "flight 10000", "flight 1000", "time", None),
    Row("P8", "10,000 methods beside 10: found, then refused for the body",
        "found 10000", "found 10", "time", 1.2),
    Row("P8", "the same, not found",
        "missed 10000", "missed 10", "time", 1.2),
    Row("P8", "the same, each a command that does nothing",
        "spread 10000", "spread 10", "time", 1.2),
]
