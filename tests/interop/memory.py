#!/usr/bin/python3
"""memory.py PID FILE...: how often the last line of each file, a key, is found
in the memory of a process; one line for each: COUNT FILE.  Fails when the
memory cannot be read."""

import sys

OVERLAP = 64
STEP = 1 << 24


def regions(pid):
    with open("/proc/%s/maps" % pid, encoding="ascii",
              errors="replace") as maps:
        for line in maps:
            words = line.split()
            if words[1][0] == "r" and words[-1] not in ("[vvar]",
                                                        "[vsyscall]"):
                yield [int(word, 16) for word in words[0].split("-")]


def chunks(pid):
    with open("/proc/%s/mem" % pid, "rb", 0) as memory:
        for start, end in regions(pid):
            while start < end:
                memory.seek(start)
                try:
                    yield memory.read(min(end - start, STEP + OVERLAP))
                except OSError:
                    break               # no page of a file behind it
                start += STEP


def main(pid, paths):
    counts = {}
    texts = {}
    for path in paths:
        with open(path, "rb") as file:
            texts[path] = file.read().rstrip(b"\n").split(b"\n")[-1]
        counts[path] = 0
    total = 0
    for chunk in chunks(pid):
        total += len(chunk)
        for path, text in texts.items():
            counts[path] += chunk.count(text)
    if total == 0:
        sys.exit("memory.py: nothing could be read")
    for path in paths:
        print(counts[path], path)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
