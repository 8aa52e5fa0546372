"""(kill) The real command is killed at every system call that matters, started again, and judged by what is there."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator

from bench.figures import Figure
from bench.place import Place
from tests.crash.killing import SCENES, End, Ground, kills
from tests.crash.tracing import Point, why_not

#: After so many points a line says how far it has come.
TOLD_EVERY = 25


def measure(place: Place) -> list[Figure]:
    """Every point of every scene; takes half an hour to an hour on two processors. Needs strace."""
    if problem := why_not():
        print(f"(kill) left out: {problem}", file=sys.stderr)
        return []
    with Ground() as ground:
        figures = []
        for name in SCENES:
            figures.append(_figure(name, list(_told(ground, name))))
            print(figures[-1].note, file=sys.stderr, flush=True)
    return figures


def _told(ground: Ground, name: str) -> Iterator[End]:
    """Kill at every point, and say meanwhile how far it has come and what was bad."""
    began, points, outcomes = time.perf_counter(), list[Point](), Counter[str]()

    def every(found: list[Point]) -> list[Point]:
        points.extend(found)
        return found

    for number, end in enumerate(kills(ground, name, every), 1):
        outcomes[end.outcome if end.good else "bad"] += 1
        if not end.good:
            print(f"(kill) {name}, {end.point.call} {end.point.number}: {end.outcome}", file=sys.stderr, flush=True)
        if number % TOLD_EVERY == 0:
            told = ", ".join(f"{what} {times}" for what, times in sorted(outcomes.items()))
            took = time.perf_counter() - began
            print(f"(kill) {name}: {number} of {len(points)} points, {told}; {took:.0f} s", file=sys.stderr, flush=True)
        yield end


def _figure(name: str, ends: list[End]) -> Figure:
    """One row per scene: 1 for a kill after which a mail was lost, came twice or waits for nobody, else 0."""
    outcomes = Counter(end.outcome for end in ends if end.good)
    calls = Counter(end.point.call for end in ends)
    early = sum(end.outcome == "unknown" and not end.dotted for end in ends)
    note = (
        f"(kill) {name}: {len(ends)} points ({', '.join(f'{call} {n}' for call, n in calls.items())}), "
        f"{sum(end.killed for end in ends)} killed; once {outcomes['once']}, unknown {outcomes['unknown']} "
        f"(of these {early} before the server had the final dot), neither {sum(not end.good for end in ends)}; "
        f"packets repeated under one id {sum(end.repeated for end in ends)}"
    )
    return Figure(f"(kill) {SCENES[name].what}", "bad", [float(not end.good) for end in ends], (), "max", 0, note)
