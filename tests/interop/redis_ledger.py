#!/usr/bin/python3
"""Watches a group of Redis: is anything acknowledged that is not done?

redis_ledger.py SOCKET STREAM GROUP LEDGER

Until SIGTERM.  What the group was given and is not pending is acknowledged:
then it must stand in NAME.dead, or as "done N" in the ledger, N being its
body.  Redis may go and come again.
"""

import signal
import sys
import time

import redis



def key(entry_id):
    ms, _, seq = entry_id.decode().partition("-")
    return int(ms), int(seq)


class Watch:
    def __init__(self, path, stream, group, ledger):
        self.redis = redis.Redis(unix_socket_path=path)
        self.stream, self.group, self.ledger = stream, group, ledger
        self.over = False
        self.looks = 0
        self.seen = set()

    def look(self):
        pipe = self.redis.pipeline(transaction=True)
        pipe.xinfo_groups(self.stream)
        pipe.xpending_range(self.stream, self.group, "-", "+", 100000)
        pipe.xrange(self.stream)
        pipe.xrange(self.stream + ".dead")
        groups, pending, entries, dead = pipe.execute()
        last = next(key(g["last-delivered-id"]) for g in groups
                    if g["name"].decode() == self.group)
        waiting = {p["message_id"] for p in pending}
        buried = {fields[b"orig-id"] for _, fields in dead}
        with open(self.ledger, encoding="ascii") as file:
            done = {line.split()[1] for line in file
                    if line.startswith("done ")}
        for entry_id, fields in entries:
            if key(entry_id) > last or entry_id in waiting:
                continue
            body = fields[b"msg"].decode()
            if entry_id not in buried and body not in done:
                print(f"{body} is acknowledged, and not done", flush=True)
                sys.exit(1)
            self.seen.add(entry_id)
        self.looks += 1

    def run(self):
        print("watching", flush=True)
        while not self.over:
            try:
                self.look()
            except (redis.exceptions.RedisError, OSError):
                pass
            time.sleep(0.01)
        print(f"{self.looks} looks, {len(self.seen)} acknowledged")
        sys.exit(0 if self.seen else 2)


def main():
    watch = Watch(*sys.argv[1:])

    def stop(_signal, _frame):
        watch.over = True

    signal.signal(signal.SIGTERM, stop)
    watch.run()


main()
