"""The figures of a running daemon: how much waits, how old it is, what came back. Counts and ages, nobody's data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from mailhitl.backends.page import Gauge
from mailhitl.case import OPEN, State
from mailhitl.daemon.health.troubles import Pulse
from mailhitl.insight.course import is_sample
from mailhitl.ports.store import Store

#: What comes back after an answer has left (``downstream``).
CAME_BACK = ("bounce", "complaint", "reopened", "wrong")
DAY = timedelta(days=1)

Values = dict[tuple[str, ...], float]


def figures(store: Store, pulses: Iterable[Pulse], now: datetime) -> Iterator[Gauge]:
    """Yield every figure, read anew."""
    pulses = list(pulses)
    boxes = [pulse.mailbox for pulse in pulses]
    counts = {box: store.cases.counts(box) for box in boxes}
    cases: Values = {(box, str(state)): float(counts[box].get(state, 0)) for box in boxes for state in State}
    yield Gauge("cases", "Cases in each state.", ("mailbox", "state"), cases)
    oldest: Values = {(box,): _oldest(store, box, now) for box in boxes}
    yield Gauge("oldest_waiting_seconds", "Age of the oldest open case, 0 when none waits.", MAILBOX, oldest)
    automatic: Values = {(box,): float(store.cases.automatic_sends(box, now - DAY)) for box in boxes}
    yield Gauge(
        "automatic_sends_last_day", "Answers that no person saw before they left, last 24 h.", MAILBOX, automatic
    )
    up: Values = {(p.mailbox,): float(p.failing_since is None and p.last_round is not None) for p in pulses}
    yield Gauge("up", "1 when the last round went through, 0 while the mailbox is not served.", MAILBOX, up)
    ages: Values = {(p.mailbox,): (now - (p.last_round or p.started_at)).total_seconds() for p in pulses}
    yield Gauge("last_round_age_seconds", "Seconds since everything was gone through without an error.", MAILBOX, ages)
    came = [entry.kind for entry in store.journal.entries(CAME_BACK, since=now - DAY) if not is_sample(entry)]
    back: Values = {(kind,): float(came.count(kind)) for kind in CAME_BACK}
    yield Gauge("came_back_last_day", "Bounces, complaints and unhappy customers, last 24 h.", ("kind",), back)


def _oldest(store: Store, mailbox: str, now: datetime) -> float:
    waiting = store.cases.in_state(*OPEN, mailbox=mailbox)
    return max((now - case.opened_at).total_seconds() for case in waiting) if waiting else 0.0


MAILBOX = ("mailbox",)
