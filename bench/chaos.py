"""Answers through networks that fail at random places, to Dovecot and to the SMTP server: what was lost or doubled."""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from bench.figures import Figure
from bench.place import Place
from mailhitl.case import State
from tests.chaos import Fault
from tests.crash.bad_network import Desk, desk_at

ANSWERS = 100
KINDS = ("cut", "cut", "stall", "half-open", "drip", "garbage", "truncate")


def measure(place: Place, answers: int = ANSWERS) -> list[Figure]:
    seed = random.SystemRandom().getrandbits(32)
    chance, ends = random.Random(seed), Counter[str]()
    for number in range(answers):
        with tempfile.TemporaryDirectory() as folder, desk_at(place.dovecot, Path(folder)) as desk:
            ends[_one(desk, chance)] += 1
        print(f"{number + 1} of {answers}: {dict(ends)}", file=sys.stderr, flush=True)
    note = f"seed {seed}"
    return [
        Figure(f"{answers} answers through networks that fail: lost", "", [ends["lost"]], judged="max", limit=0),
        Figure("the same: twice", "", [ends["twice"]], judged="max", limit=0),
        Figure("the same: unknown, a person is asked", "", [ends["unknown"]], note=note),
        Figure("the same: once", "", [ends["once"]]),
    ]


def _one(desk: Desk, chance: random.Random) -> str:
    """One mail until its answer has left or a person is asked: once, unknown, lost, twice."""
    desk.imap_net.break_by(_fault(chance, 6_000))
    desk.customer_writes(0)
    desk.worker.poke()
    desk.imap_net.felt(2.0)
    desk.imap_net.heal()
    try:
        desk.waits_for_people(1)
        desk.imap_net.break_by(_fault(chance, 3_000))
        desk.smtp_net.break_by(_fault(chance, 2_000))
        desk.approve(desk.standing("Drafts/Review")[0])
        desk.worker.poke()
        desk.smtp_net.felt(4.0)
        desk.imap_net.heal()
        desk.smtp_net.heal()
        desk.until(lambda: desk.cases[0].state is State.SENT or desk.cases[0].revision == 2)
        if desk.cases[0].state is State.SENT:
            desk.finishes(0)
        else:
            desk.until(lambda: len(desk.standing("Drafts/Review")) == 1)
    except AssertionError as error:
        print(error, file=sys.stderr)
        return "lost"
    if desk.arrived(0) > 1:
        return "twice"
    if desk.cases[0].state is State.SENT:
        return "once" if desk.arrived(0) else "lost"
    return "unknown"


def _fault(chance: random.Random, most: int) -> Fault:
    return Fault(chance.choice(KINDS), chance.randrange(most), to_client=chance.random() < 0.6)
