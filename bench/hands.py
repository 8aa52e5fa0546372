"""Ten thousand steps of two people in one mailbox, on two kinds of server: how many mails were mistreated."""

from __future__ import annotations

import random

from bench.figures import Figure
from bench.place import Place
from tests.contract.accounts import account_name, settings
from tests.contract.conftest import BARE
from tests.contract.hands import at_work
from tests.servers import Dovecot

STEPS = 10_000


def measure(place: Place, steps: int = STEPS) -> list[Figure]:
    seed = random.SystemRandom().getrandbits(32)
    figures = [_figure("Dovecot", place.dovecot, steps, seed)]
    with Dovecot(BARE) as bare:
        figures.append(_figure("Dovecot without extensions", bare, steps, seed))
    return figures


def _figure(what: str, dovecot: Dovecot, steps: int, seed: int) -> Figure:
    history = at_work(settings(dovecot.port, account_name()), steps, seed)
    note = (
        f"{what}: {history.ours} steps of ours, {history.others} of the other one, who expunged "
        f"{len(history.expunged)} of {history.mails} mails; seed {seed}"
        + "".join(f"\n  {line}" for line in history.wrong[:20])
    )
    return Figure(
        f"{steps} steps at once, {what}: wrong mails", "", [len(history.wrong)], judged="max", limit=0, note=note
    )
