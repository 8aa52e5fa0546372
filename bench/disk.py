"""(disk) The store's disk fails at every call that SQLite makes, once or for good; then it is well, and is judged."""

from __future__ import annotations

import sys
from collections import Counter
from itertools import groupby

from bench.figures import Figure
from bench.place import Place
from tests.crash.disk import End, Fault, broken
from tests.crash.killing import SCENES, Ground
from tests.crash.tracing import why_not


def measure(place: Place) -> list[Figure]:
    """Every point of every scene, once; takes half an hour on two busy processors. Needs strace."""
    if problem := why_not():
        print(f"(disk) left out: {problem}", file=sys.stderr)
        return []
    figures = []
    with Ground() as ground:
        for name in SCENES:
            figures.append(_figure(name, [_told(name, end) for end in broken(ground, name, by_turns)]))
            print(figures[-1].note, file=sys.stderr, flush=True)
    return figures


def by_turns(faults: list[Fault]) -> list[Fault]:
    """One for each point: all that may befall a call has its turn."""
    chosen: list[Fault] = []
    turns: Counter[str] = Counter()
    for point, choice in groupby(faults, key=lambda fault: fault.point):
        ways = list(choice)
        chosen.append(ways[turns[point.call] % len(ways)])
        turns[point.call] += 1
    return chosen


def _told(name: str, end: End) -> End:
    if end.bad:
        print(f"(disk) {name}, {end.fault}: {end.bad}", file=sys.stderr, flush=True)
    return end


def _figure(name: str, ends: list[End]) -> Figure:
    """One row per scene: 1 for a fault after which a mail was lost, sent twice or unrecorded, or told in no words."""
    calls = Counter(end.fault.point.call for end in ends)
    outcomes = Counter(end.outcome for end in ends if not end.bad)
    note = (
        f"(disk) {name}: {len(ends)} points ({', '.join(f'{call} {n}' for call, n in calls.items())}); "
        f"{sum(end.code == 1 for end in ends)} ended with a message, the rest was got over; once {outcomes['once']}, "
        f"unknown {outcomes['unknown']} (of these {sum(end.outcome == 'unknown' and not end.dotted for end in ends)} "
        f"before the server had the final dot), bad {sum(bool(end.bad) for end in ends)}"
    )
    return Figure(f"(disk) {SCENES[name].what}", "bad", [float(bool(end.bad)) for end in ends], (), "max", 0, note)
