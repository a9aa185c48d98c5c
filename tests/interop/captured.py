#!/usr/bin/python3
"""The golden stream messages, and whether somebody read them right.

captured.py TABLE SHOWN [PUBLISHED]
captured.py TABLE: how many of them a reader shows

"stream.py push --vectors" sends them.  SHOWN is what a reader made of them, in
their order: lines of "cal-sub -s raw -J", or of "stream.py pull".  PUBLISHED
is what "stream.py pull --hex" got when those lines were published again, times
and all ("cal-pub -s raw -J --keep-time").  Both are compared with what the
cases and TABLE (vectors.txt) say: rows "sub:TIME" for what is shown,
"both:TIME" where publishing it gives the very frames.  A case without a row
fails.
"""

import base64
import json
import os
import sys

import wire
from feed import read_table

LIBRARY = ("pubsub", "pubsub-decode")
PLAIN = ("time", "topic", "key", "body")


class Case:
    """A message, and what of it there is to see: bytes and texts by name, or
    None where nothing is."""

    def __init__(self, name, frames, shows, again):
        self.name, self.frames = name, frames
        self.shows, self.again = shows, again


def own_cases():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "..", "vectors", "extensions.json"),
              encoding="ascii") as file:
        for case in json.load(file)["cases"]:
            if case["kind"] != "stream":
                continue
            shows = case["decoded"]
            if shows is not None:
                shows = {name: bytes.fromhex(value)
                         if name in ("topic", "mid", "key", "body") else value
                         for name, value in shows.items()}
            # What is not shown cannot be published again.
            again = case["again"] and set(shows) <= set(PLAIN)
            yield Case(case["name"], wire.case_frames(case), shows, again)


def library_cases(rows):
    """Without rows, for whoever only sends them."""
    for name, case in wire.vectors().items():
        if case["kind"] not in LIBRARY:
            continue
        word, _, time = rows.get(name, "sub:").partition(":")
        frames = wire.case_frames(case)
        yield Case(name, frames, {"time": time, "body": frames[-1]},
                   word == "both")


def cases(rows):
    return list(library_cases(rows)) + list(own_cases())


def members(line):
    """An object's members, each value as it stands there."""
    decoder, found, at = json.JSONDecoder(), {}, 1
    while line[at:at + 1] not in ("}", ""):
        name, at = decoder.raw_decode(line, at)
        if name in found or line[at] != ":":
            raise ValueError("not an object: " + line[:100])
        _, end = decoder.raw_decode(line, at + 1)
        found[name] = line[at + 1:end]
        at = end + (line[end] == ",")
    if line[0] != "{" or line[at:] != "}":
        raise ValueError("not an object: " + line[:100])
    return found


def value(found, name, raw=False):
    """A member as bytes; b"" where there is none."""
    if name + "_b64" in found:
        return base64.b64decode(json.loads(found[name + "_b64"]))
    text = found.get(name, '""' if not raw else "")
    return (text if raw else json.loads(text)).encode()


def judge(case, line):
    found = members(line)
    shown = {"time": json.loads(found.get("ts", '"-"')),
             "body": value(found, "body", True),
             "topic": value(found, "topic"), "key": value(found, "key")}
    for name in PLAIN:
        want = case.shows.get(name, b"")
        if shown[name] != want:
            return "%s %r, wanted %r" % (name, shown[name][:80], want[:80])
    return None


def read_lines(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        return file.read().splitlines()


class Result:
    def __init__(self):
        self.count = self.failures = 0

    def fail(self, name, problem):
        self.failures += 1
        print("%s: %s" % (name, problem), flush=True)

    def compare(self, all_cases, lines, check):
        for case, line in zip(all_cases, lines):
            self.count += 1
            try:
                problem = check(case, line)
            except (ValueError, KeyError) as error:
                problem = repr(error)
            if problem:
                self.fail(case.name, problem)
        if len(all_cases) != len(lines):
            self.fail("the end", "%d lines, wanted %d" % (len(lines),
                                                          len(all_cases)))


def compare_frames(case, line):
    want = wire.frames_hex(case.frames)
    if case.again and line != want:
        return "published again as %s, not %s" % (line[:200], want[:200])
    return None


def main(words):
    result, rows = Result(), read_table(words[0])
    for case in library_cases(rows):
        if case.name not in rows:
            result.fail(case.name, "no row in " + words[0])
    shown = [case for case in cases(rows) if case.shows is not None]
    if len(words) == 1:
        print(len(shown))
        sys.exit(result.failures)
    result.compare(shown, [line for line in read_lines(words[1])
                           if not line.startswith('{"malformed"')], judge)
    if len(words) > 2:
        result.compare(shown, read_lines(words[2]), compare_frames)
    print("%d cases, %d failures" % (result.count, result.failures))
    sys.exit(1 if result.failures or not result.count else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
