"""Rounds: every figure once in each, in shuffled order; and the table of what
came of them."""

import random
import resource
import statistics
import sys
import time

from rigs import TICK


def machine_cpu():
    """Seconds of processor used by all processes, and stolen by the host."""
    with open("/proc/stat", encoding="ascii") as stat:
        ticks = [int(field) for field in stat.readline().split()[1:9]]
    user, nice, system, _, _, irq, softirq, steal = ticks
    return (user + nice + system + irq + softirq) / TICK, steal / TICK


def own_cpu(servers):
    total = servers.cpu()
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total


class Loads:
    """What else went on in the machine while figures were taken."""

    def __init__(self, servers):
        self.servers = servers
        self.foreign, self.stolen = [], []

    def beside(self, figure):
        """Takes a figure."""
        mine, (all_, steal) = own_cpu(self.servers), machine_cpu()
        start = time.monotonic()
        got = figure()
        took = time.monotonic() - start
        mine, (all_2, steal_2) = own_cpu(self.servers) - mine, machine_cpu()
        self.foreign.append(max(0.0, (all_2 - all_ - mine) / took))
        self.stolen.append((steal_2 - steal) / took)
        return got

    def say(self):
        print("\nforeign load while measuring, in processors: median"
              f" {statistics.median(self.foreign):.2f}, largest"
              f" {max(self.foreign):.2f}; stolen by the host: median"
              f" {statistics.median(self.stolen):.2f}, largest"
              f" {max(self.stolen):.2f}\n")


def measure(known, rows, rounds, loads):
    """Figures by name, a list with one of each round.  One of several numbers
    gives each of them under NAME/WORD."""
    pairs = [{name.partition("/")[0] for name in (row.ours, row.beside)}
             for row in rows]
    wanted = sorted(set().union(*(pair for pair in pairs
                                  if pair <= set(known))))
    figures = {}
    for number in range(rounds):
        random.shuffle(wanted)
        for name in wanted:
            got = loads.beside(known[name])
            if not isinstance(got, dict):
                got = {"": got}
            for word, figure in got.items():
                key = f"{name}/{word}" if word else name
                figures.setdefault(key, []).append(figure)
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return figures


def spread(values):
    """Half the distance between the quartiles, as part of the median."""
    if len(values) < 2:
        return 0.0
    low, middle, high = statistics.quantiles(values, n=4)
    return (high - low) / 2 / middle


def show(figures, kind):
    figure = statistics.median(figures)
    if kind == "size":
        return f"{figure / 1e6:8.2f} MB"
    return f"{figure:8.1f} us" if kind == "time" else f"{figure:8.0f} /s"


def verdict(row, ratio):
    if row.goal is None:
        return "-"
    if row.kind == "rate":
        return f">= {row.goal:g}" + ("" if ratio >= row.goal else "  missed")
    return f"<= {row.goal:g}" + ("" if ratio <= row.goal else "  missed")


def print_table(figures, rows):
    print(f"\n{'':4} {'':62} {'ours':>11} {'beside':>11} "
          f"{'ratio':>6} {'spread':>6}  goal")
    for row in rows:
        ours, beside = figures.get(row.ours), figures.get(row.beside)
        if not ours or not beside:
            print(f"{row.key:4} {row.words:62} not measured here")
            continue
        ratios = [a / b for a, b in zip(ours, beside)]
        ratio = statistics.median(ratios)
        print(f"{row.key:4} {row.words:62} {show(ours, row.kind)} "
              f"{show(beside, row.kind)} {ratio:6.2f} {spread(ratios):6.0%}  "
              + verdict(row, ratio))
