"""(kill) The real command is killed at every system call that matters, started again, and judged by what is there."""

from __future__ import annotations

import sys
from collections import Counter

from bench.figures import Figure
from bench.place import Place
from tests.crash.killing import SCENES, End, Ground, kills, why_not


def measure(place: Place) -> list[Figure]:
    """Every point of every scene; takes about an hour on two busy processors. Needs strace."""
    if problem := why_not():
        print(f"(kill) left out: {problem}", file=sys.stderr)
        return []
    with Ground() as ground:
        return [_figure(name, [_told(name, end) for end in kills(ground, name, list)]) for name in SCENES]


def _told(name: str, end: End) -> End:
    if not end.good:
        print(f"(kill) {name}, {end.point.call} {end.point.number}: {end.outcome}", file=sys.stderr, flush=True)
    return end


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
