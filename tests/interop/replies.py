#!/usr/bin/python3
"""Plays the golden answers to cal-call: a server that answers each call with
the frames of a case, under the call's own method, key and number, and compares
what cal-call made of it.

replies.py CAL-CALL TABLE

Rows: caller:STATUS (and the body on stdout for 0; name, repr and traceback on
stderr for 1 and 3), caller:ignored (the case's frames are sent first, then a
good answer).  Every case is also sent under its own method, key and number,
which no call has: that must be ignored.
"""

import subprocess
import sys

import zmq

import wire
from feed import read_table


def respond(case, request):
    """The case's frames under the request's triple."""
    frames = wire.case_frames(case)
    was = wire.unpack(frames[1])
    mine = wire.header(was["type"], wire.Raw(request.raw["meth"]),
                       wire.Raw(request.raw["okey"]),
                       wire.Raw(request.raw["seq"]), was["zip"])
    return [frames[0], mine, frames[2]]


class Theatre:
    def __init__(self, program):
        self.program = program
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.linger = 200
        port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        self.url = "tcp://127.0.0.1:%d" % port

    def receive(self):
        if not self.socket.poll(15000):
            raise ValueError("cal-call sent nothing")
        return self.socket.recv_multipart()

    def play(self, case, ignored):
        """Runs one call; returns status, stdout, stderr."""
        words = self.program + ["-W", "20", "-r"]
        header = (case.get("decoded") or {}).get("header") or {}
        key = header.get("okey", {})
        if key.get("kind") == "str" and key.get("text"):
            words += ["-k", key["text"]]
        words += [self.url, header.get("meth", "echo"), '"question"']
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        try:
            self.answer(case, ignored)
            out, err = child.communicate(timeout=60)
        except Exception:
            child.kill()
            child.communicate()
            raise
        return child.returncode, out, err

    def answer(self, case, ignored):
        greeted = False
        while True:
            frames = self.receive()
            who, frames = frames[0], frames[1:]
            if frames[0] == b"PING":
                greeted = True
                if case["kind"] == "handshake":
                    frames = wire.case_frames(case)
                    frames = [b"PONG"] + frames[1:]
                self.socket.send_multipart([who, b"PONG"] + frames[1:])
                continue
            if not greeted:
                raise ValueError("the first message is no PING")
            request = wire.Message(frames)
            if request.kind != wire.FUNCTION or request.body != b'"question"':
                raise ValueError("not the call: " + request.line())
            break
        good = [who] + wire.reply(request.raw, wire.RESULT, b"good")
        if case["kind"] == "handshake":
            self.socket.send_multipart(good)
            return
        self.socket.send_multipart([who] + wire.case_frames(case))
        self.socket.send_multipart([who] + respond(case, request))
        if ignored:
            self.socket.send_multipart(good)


def expected_out(case):
    message = wire.Message(wire.case_frames(case))
    if message.kind != wire.RESULT:
        return b"", message.error
    body = message.body
    return body.encode() if isinstance(body, str) else body, ()


def judge(case, outcome, status, out, err):
    want = 0 if outcome == "ignored" else int(outcome)
    if status != want:
        return "status %d, wanted %d: %r" % (status, want, err[-300:])
    if outcome == "ignored":
        return None if out == b"good" else "stdout %r" % out[:100]
    body, error = expected_out(case)
    if out != body:
        return "stdout %r, wanted %r" % (out[:100], body[:100])
    for text in error:
        if text.splitlines() and \
                text.splitlines()[0][:1000].encode() not in err:
            return "stderr has no %r: %r" % (text[:60], err[:300])
    return None


def main(words):
    theatre = Theatre(words[0].split())
    rows = read_table(words[1])
    count = failures = 0
    for name, case in wire.vectors().items():
        if case["kind"] not in ("handshake", "rpc"):
            continue
        row = rows.get(name, "")
        if not row.startswith("caller:"):
            continue
        count += 1
        outcome = row.split(":")[1]
        try:
            problem = judge(case, outcome,
                            *theatre.play(case, outcome == "ignored"))
        except Exception as error:
            problem = repr(error)
        if problem:
            failures += 1
            print("%s: %s" % (name, problem), flush=True)
    print("%d cases, %d failures" % (count, failures))
    theatre.socket.close()
    theatre.context.term()
    sys.exit(1 if failures or not count else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
