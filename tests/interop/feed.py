#!/usr/bin/python3
"""Feeds cases into a live server, each followed by a good call that must be
answered, and compares what came back with what a table says.

feed.py vectors URL TABLE KIND      the golden cases of a kind that a caller
                                    sends; TABLE has a row for each case
feed.py inputs URL [ROW]            bad input of our own (inputs.py)

Outcomes: ignored, result (the request's own body back), error:NAME, pong,
python (what the Python server answered, byte for byte), skip; several with |
in between.  "refused" is ignored or error:BadRequest: whether such a header
counts as readable is the server's to say.
"""

import sys
import time

import zmq

import wire

REFUSED = ("ignored", "error:BadRequest")


class Feeder:
    def __init__(self, url):
        self.url = url
        self.context = zmq.Context()
        self.socket = None
        self.good = 1000000
        self.failures = 0
        self.count = 0
        self.open()

    def open(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 500
        self.socket.connect(self.url)

    def good_call(self):
        """Sends a good call; returns what came before its answer, or None
        when it never came."""
        self.good += 1
        frames = wire.function("echo", b'"good"', b"good", self.good)
        raw = wire.raw_map(frames[1])
        try:
            self.socket.send_multipart(frames)
        except zmq.Again:
            return None
        before = []
        end = time.monotonic() + 10
        while self.socket.poll(max(0, end - time.monotonic()) * 1000):
            got = self.socket.recv_multipart()
            if len(got) == 3 and got[0] == b"UPPER":
                try:
                    message = wire.Message(got)
                except Exception:
                    before.append(got)
                    continue
                if message.raw["seq"] == raw["seq"]:
                    if message.kind == wire.RESULT:
                        return before
                    return None
            before.append(got)
        return None

    def feed(self, name, frames, outcomes, python=None):
        self.count += 1
        self.socket.send_multipart(frames)
        # A result comes from a command: give it the time, so that order
        # does not matter.
        early = []
        if not any(word in ("ignored", "skip") for word in outcomes):
            if self.socket.poll(10000):
                early.append(self.socket.recv_multipart())
        later = self.good_call()
        if later is None:
            self.fail(name, "the good call behind it was not answered")
            self.open()
            if self.good_call() is None:
                sys.exit("feed.py: the server went deaf at " + name)
            return
        got = early + later
        problem = self.judge(frames, got, outcomes, python)
        if problem:
            self.fail(name, problem)

    def judge(self, frames, got, outcomes, python):
        if len(got) > 1:
            return "several answers: " + "; ".join(map(wire.show, got))
        if not got:
            if "ignored" in outcomes:
                return None
            return "no answer, wanted " + "|".join(outcomes)
        answer = got[0]
        found, problem = self.outcome(
            frames, answer, python if "python" in outcomes else None)
        if found in outcomes:
            return problem
        return "got %s (%s), wanted %s" % (found, wire.show(answer)[:300],
                                           "|".join(outcomes))

    def outcome(self, frames, answer, python):
        """The word for an answer, and what is wrong with it, if anything."""
        if python is not None and answer == python:
            return "python", None
        if b"PONG" in answer[:2]:
            return "pong", None
        try:
            message = wire.Message(answer)
        except Exception as error:
            return "broken", repr(error)
        problem = None
        try:
            sent = wire.raw_map(frames[-2])
            for key in ("meth", "okey", "seq"):
                if message.raw[key] != sent[key]:
                    problem = "%s came back as %r" % (key, message.raw[key])
        except Exception:
            if message.kind != wire.ERROR:
                problem = "executed, though nothing can be read"
        if message.header["zip"] is not False:
            problem = "compressed without being asked"
        if message.kind == wire.RESULT:
            if not isinstance(message.body, bytes):
                problem = "the body is no bin"
            elif not problem:
                problem = self.compare_body(frames, message)
            return "result", problem
        if message.kind == wire.ERROR:
            if len(message.error) != 3 or not all(
                    isinstance(text, str) for text in message.error):
                problem = "the error is not three str"
            return "error:" + message.error[0], problem
        return wire.NAMES[message.kind], problem

    @staticmethod
    def compare_body(frames, message):
        sent = wire.Message(frames)
        body = sent.body
        if isinstance(body, str):
            body = body.encode()
        if message.body != body:
            return "another body: %r" % message.body[:80]
        return None

    def fail(self, name, problem):
        self.failures += 1
        print("%s: %s" % (name, problem), flush=True)

    def late(self):
        """Nothing may come after all was answered."""
        if self.socket.poll(200):
            self.fail("the end", "late: " +
                      wire.show(self.socket.recv_multipart()))


def read_table(path):
    rows = {}
    with open(path, encoding="ascii") as file:
        for line in file:
            words = line.split()
            if words and not words[0].startswith("#"):
                if words[0] in rows:
                    sys.exit("feed.py: two rows for " + words[0])
                rows[words[0]] = words[1]
    return rows


def expand(outcome):
    words = []
    for word in outcome.split("|"):
        words += REFUSED if word == "refused" else [word]
    return words


def feed_vectors(feeder, table, kind):
    rows = read_table(table)
    cases = wire.vectors()
    for name in rows:
        if name not in cases:
            feeder.fail(name, "a row without a case")
    for name, case in cases.items():
        if name not in rows:
            feeder.fail(name, "no row in " + table)
            continue
        if case["kind"] != kind or rows[name].startswith("caller:"):
            continue
        server = case.get("python_server") or {}
        python = server.get("reply")
        if python is not None:
            python = [bytes.fromhex(frame) for frame in python]
        if name == "ping_client" or name == "ping_with_payload":
            other = {"ping_client": "pong_server",
                     "ping_with_payload": "pong_with_payload"}[name]
            python = wire.case_frames(cases[other])
        feeder.feed(name, wire.case_frames(case), expand(rows[name]), python)


def feed_inputs(feeder, only):
    import inputs
    for row, name, outcome, frames in inputs.cases():
        if only in (None, row):
            feeder.feed("%s %s" % (row, name), frames, expand(outcome))


def main(words):
    feeder = Feeder(words[1])
    if feeder.good_call() is None:
        sys.exit("feed.py: no answer to a good call to begin with")
    if words[0] == "vectors":
        feed_vectors(feeder, words[2], words[3])
    else:
        feed_inputs(feeder, words[2] if len(words) > 2 else None)
    feeder.late()
    feeder.socket.close()
    feeder.context.term()
    print("%d cases, %d failures" % (feeder.count, feeder.failures))
    sys.exit(1 if feeder.failures or not feeder.count else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
