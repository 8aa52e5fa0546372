"""(power) The power goes at random system calls; what is on the disk then is put in place, started again and judged."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack

from bench.figures import Figure
from bench.place import Place
from tests.crash.killing import End, Ground
from tests.crash.power import SCENES, Looked, look_at_disks, losses
from tests.crash.stopping import Stage, stops
from tests.crash.tracing import why_not
from tests.postgres import Postgres

#: How often the power goes in each scene: 500 times in all.
LOSSES = {"approve": 230, "reject": 80, "fetch": 100, "first": 90}
#: How often PostgreSQL is stopped at once.
STOPS = {"approve": 60, "reject": 20, "fetch": 20}
#: How often the power goes on a disk that never syncs: the judge has to find it.
DEAF = 40


def measure(place: Place) -> list[Figure]:
    """Half an hour on two busy processors. Needs strace and PostgreSQL."""
    if problem := why_not():
        print(f"(power) left out: {problem}", file=sys.stderr)
        return []
    seed = random.SystemRandom().getrandbits(32)
    print(f"(power) seed {seed}", file=sys.stderr, flush=True)
    figures = []
    with Ground() as ground:
        for name, count in LOSSES.items():
            ends = ((outage.loss, end) for outage, end in losses(ground, name, count, seed))
            figures.append(_figure(SCENES[name].what, ends))
        figures.append(_looked(look_at_disks(ground, seed)))
        deaf = ((outage.loss, end) for outage, end in losses(ground, "approve", DEAF, seed, deaf=True))
        figures.append(_figure("the first of these, on a disk that never syncs", deaf, limit=None))
        with ExitStack() as stack:
            stage = Stage(ground, stack.enter_context(Postgres()))
            figures += [
                _figure(f"PostgreSQL stopped: {SCENES[name].what}", stops(stage, name, count, seed))
                for name, count in STOPS.items()
            ]
    return figures


def _figure(what: str, ends: Iterable[tuple[str, End]], limit: float | None = 0) -> Figure:
    """1 for a loss after which something was forgotten, lost, sent twice or waits for nobody, else 0."""
    kinds, outcomes, bad = Counter[str](), Counter[str](), []
    killed = repeated = 0
    for kind, end in ends:
        kinds[kind] += 1
        outcomes[end.outcome if end.good else "neither"] += 1
        bad.append(float(not end.good))
        killed += end.killed
        repeated += end.repeated
        if not end.good:
            print(f"(power) {what}, {kind}: {end.point}: {end.outcome}", file=sys.stderr, flush=True)
    of_each = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
    note = (
        f"(power) {what}: {len(bad)} ({of_each}), {killed} of them on the way; "
        f"once {outcomes['once']}, unknown {outcomes['unknown']}, neither {outcomes['neither']}; "
        f"packets repeated under one id {repeated}"
    )
    print(note, file=sys.stderr, flush=True)
    return Figure(f"(power) {what}", "bad", bad, (), "max", limit, note)


def _looked(looked: Looked) -> Figure:
    for wrong in looked.wrong:
        print(f"(power) {wrong}", file=sys.stderr)
    note = f"(power) disks after which the store was looked at: {looked.images}, wrong {len(looked.wrong)}"
    return Figure("(power) a body that has left is known", "bad", [float(len(looked.wrong))], (), "max", 0, note)
