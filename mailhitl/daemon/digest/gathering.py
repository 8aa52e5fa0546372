"""The week's digest, gathered from the store: what the mail says and what ``mailhitl digest`` shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from mailhitl.case import State
from mailhitl.daemon.digest.plan import Plan
from mailhitl.daemon.digest.reckoning import read
from mailhitl.daemon.trust.autonomy import DEMOTE, PROMOTE
from mailhitl.daemon.trust.proposals import PROPOSE
from mailhitl.insight.course import Course
from mailhitl.insight.digest import TREND, Digest, Material, Now
from mailhitl.insight.figures import Clock, Queue, reckon
from mailhitl.insight.notable import Notables
from mailhitl.insight.sections import digest_of
from mailhitl.insight.week import Span, Week
from mailhitl.ports.journal import Entry
from mailhitl.ports.store import Store


def gather(
    store: Store,
    plan: Plan,
    week: Week,
    now: datetime,
    passing: Callable[[Iterable[Course]], Iterable[Course]] = iter,
) -> tuple[Digest, Sequence[Entry]]:
    """Return what there is to say about a week, and the proposals that it numbers from 1.

    One pass over the week and those it is held against; ``passing`` sees every case go by.
    """
    span = week.span(plan.clock.zone)
    whole = Span(week.back(TREND).span(plan.clock.zone).since, span.until)
    notables = Notables(span, plan.clock)
    figures = reckon(notables.passing(passing(read(store, whole))), span, plan.clock, ())
    material = Material(
        week=week,
        figures=figures,
        notables=notables,
        clock=plan.clock,
        now=_now(store, plan.clock, now),
        entries=store.journal.entries(since=span.since, until=span.until),
        proposals=open_proposals(store),
        subjects=plan.subjects,
        answerable=not plan.signoff,
    )
    return digest_of(material), material.proposals


def open_proposals(store: Store) -> Sequence[Entry]:
    """What rules have earned and nobody has decided: each rule's newest proposal, unless it was moved since."""
    latest: dict[str, Entry] = {}
    for entry in store.journal.entries((PROPOSE, PROMOTE, DEMOTE)):
        if entry.kind == PROPOSE:
            latest[entry.subject] = entry
        else:
            latest.pop(entry.subject, None)
    return tuple(latest.values())


def _now(store: Store, clock: Clock, now: datetime) -> Now:
    return Now(
        queue=Queue.of(store.cases.in_state(State.HELD), now, clock),
        shunted=tuple(case.id for case in store.cases.in_state(State.SHUNTED)),
        paused=store.switches.get("pause"),
        heads=tuple(head.short for head in store.log.heads()),
    )
