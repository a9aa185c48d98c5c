#!/usr/bin/python3
"""A worker for --coprocess that does what its requests say.

worker.py [options] lines|framed|jsonrpc

    --log FILE          writes down what happens, each in one line:
                            start PID           it runs
                            read BODY           a request (its whole line)
                            cancel ID           a request is taken back
                            answered BODY       before it answers
                            end                 its input has ended
    --hold FILE         reads on, but answers only once FILE is there
    --reverse           of what it has read, answers the last first
    --obey              answers at once what is taken back: an error
    --stay              ignores the end of its input, and SIGTERM

A body is answered by itself, but for {"do": [STEP...]}:

    answer[:BODY]       the answer; of BODY, or of what was asked
    error:TEXT          TEXT as the error of a jsonrpc answer
    params              what jsonrpc says of the request, as the answer
    raw:TEXT            TEXT as it is; $id in it is the request's number
    flood:N             N bytes that end nothing
    err:TEXT            TEXT on stderr, as it is
    wait:FILE           until FILE is there
    mark:FILE           makes FILE
    die, exit:N         ends by SIGKILL, or with a status
    deaf                reads and answers nothing any more
    stop                stops itself, as SIGSTOP does
    close-in, close-out
"""

import argparse
import json
import os
import select
import signal
import sys

TICK = 0.02                     # seconds between two looks for a file
PIECE = 262144                  # bytes


class Worker:
    def __init__(self, args):
        self.args = args
        self.input = bytearray()
        self.ended = False
        self.waiting = []       # (id, body, params) that were read
        self.log_fd = os.open(args.log, os.O_WRONLY | os.O_APPEND |
                              os.O_CREAT, 0o644) if args.log else None
        if args.stay:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def log(self, word, what=""):
        if self.log_fd is None:
            return
        if isinstance(what, bytes):
            what = what[:200].decode("utf-8", "replace")
        line = "%s %s" % (word, what) if what != "" else word
        os.write(self.log_fd, (line + "\n").encode())

    # What it reads.

    def cut(self):
        """The messages that are there."""
        if self.args.kind != "framed":
            if b"\n" not in self.input:
                return []
            *lines, rest = bytes(self.input).split(b"\n")
            self.input = bytearray(rest)
            return lines
        frames, at = [], 0
        while len(self.input) - at >= 4:
            end = at + 4 + int.from_bytes(self.input[at:at + 4], "big")
            if end > len(self.input):
                break
            frames.append(bytes(self.input[at + 4:end]))
            at = end
        del self.input[:at]
        return frames

    def take(self, message):
        if self.args.kind != "jsonrpc":
            self.log("read", message)
            self.waiting.append((None, message, {}))
            return
        request = json.loads(message)
        if request["jsonrpc"] != "2.0":
            raise SystemExit("not 2.0")
        if request["method"] == "$/cancelRequest":
            self.take_back(request["params"]["id"])
            return
        self.log("read", message)
        params = dict(request["params"], method=request["method"])
        # The bytes of the body, which come first.
        body = message[message.index(b'"body":') + 7:] \
            if b'"body":' in message else b"null"
        end = json.JSONDecoder().raw_decode(body.decode())[1]
        self.waiting.append((request["id"], body.decode()[:end].encode(),
                             params))

    def take_back(self, number):
        self.log("cancel", str(number))
        for request in self.waiting if self.args.obey else []:
            if request[0] == number:
                self.waiting.remove(request)
                self.error(number, "Cancelled")
                break

    # What it says.

    def say(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(1, view):]

    def answer(self, number, body):
        self.log("answered", body)
        if self.args.kind == "framed":
            self.say(len(body).to_bytes(4, "big") + body)
        elif self.args.kind == "lines":
            self.say(body + b"\n")
        else:
            self.say(b'{"jsonrpc":"2.0","id":%d,"result":%s}\n' %
                     (number, body or b"null"))

    def error(self, number, name):
        self.say(json.dumps({"jsonrpc": "2.0", "id": number, "error": {
            "code": -1, "message": "it is " + name,
            "data": {"name": name, "traceback": "tb"}}}).encode() + b"\n")

    def step(self, step, number, body, params):
        name, _, rest = step.partition(":")
        if name == "answer":
            self.answer(number, rest.encode() or body)
        elif name == "error":
            self.error(number, rest)
        elif name == "params":
            self.answer(number, json.dumps(params).encode())
        elif name == "raw":
            self.say(rest.replace("$id", str(number)).encode("latin-1"))
        elif name == "flood":
            for _ in range(int(rest) // 65536 + 1):
                self.say(b"x" * 65536)
        elif name == "err":
            os.write(2, rest.encode("latin-1"))
        elif name == "wait":
            while not os.path.exists(rest):
                select.select([], [], [], TICK)
        elif name == "mark":
            os.close(os.open(rest, os.O_WRONLY | os.O_CREAT))
        elif name == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif name == "exit":
            os._exit(int(rest))
        elif name == "deaf":
            while True:
                signal.pause()
        elif name == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif name == "close-in":
            os.close(0)
        elif name == "close-out":
            os.close(1)
        else:
            raise SystemExit("no such step: " + step)

    def work(self, number, body, params):
        if not body.startswith(b'{"do"'):
            self.answer(number, body)
            return
        for step in json.loads(body)["do"]:
            self.step(step, number, body, params)

    # The two together.

    def held(self):
        return self.args.hold and not os.path.exists(self.args.hold)

    def read(self):
        wait = TICK if self.waiting else None
        if self.ended or not select.select([0], [], [], wait)[0]:
            return
        data = os.read(0, PIECE)
        self.input += data
        if not data:
            self.log("end")
            self.ended = True
        elif b"\n" in data or self.args.kind == "framed":
            for message in self.cut():
                self.take(message)

    def run(self):
        self.log("start", str(os.getpid()))
        while not self.ended or self.waiting:
            self.read()
            if self.held():
                continue
            while self.waiting:
                at = -1 if self.args.reverse else 0
                self.work(*self.waiting.pop(at))
        while self.args.stay:
            signal.pause()


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--log")
    parser.add_argument("--hold")
    for name in "reverse", "obey", "stay":
        parser.add_argument("--" + name, action="store_true")
    parser.add_argument("kind", choices=["lines", "framed", "jsonrpc"])
    Worker(parser.parse_args()).run()


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.exit(1)
