"""Reads what callgrind wrote: the cost of each function by itself."""

import re

# "fn=(3) name" the first time, "fn=(3)" afterwards.
NAME = re.compile(r"(c?)(ob|fn)=\((\d+)\)(?: (.*))?")


class Reader:
    def __init__(self):
        self.names = {"ob": {}, "fn": {}}
        self.at = {"ob": "", "fn": ""}
        self.costs = {}
        self.skip = False               # the next line is a callee's cost

    def name(self, called, kind, number, text):
        if text is not None:
            self.names[kind][number] = text
        if not called:
            self.at[kind] = self.names[kind][number]

    def line(self, text):
        if not text or text[0] == "#":
            return
        found = NAME.match(text)
        if found:
            self.name(*found.groups())
        elif text.startswith("calls="):
            self.skip = True
        elif text[0] in "+-*0123456789":
            words = text.split()
            if not self.skip and len(words) > 1:
                # Copies in one program have a cycle's number behind a quote.
                where = self.at["ob"], self.at["fn"].partition("'")[0]
                self.costs[where] = self.costs.get(where, 0) + int(words[-1])
            self.skip = False


def read_cost(path):
    """{(object, function): instructions}"""
    reader = Reader()
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            reader.line(line.rstrip("\n"))
    return reader.costs
