"""A move: the one way a case changes its state, together with the log row that says who, how and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from mailhitl.case import Case, Event, Outcome, State, next_state
from mailhitl.decision import Channel, Decision
from mailhitl.delivery import Delivery
from mailhitl.draft import Draft
from mailhitl.errors import StaleCase
from mailhitl.ports.journal import Judgment
from mailhitl.store import deliveries, drafts, history, judgments
from mailhitl.store.database import Database
from mailhitl.store.fields import utc
from mailhitl.store.models import CaseRow
from mailhitl.store.statement import Statement, all_given, given
from mailhitl.store.values import case_of

#: A mail leaves after these, or has left: the row must be on the disk before anything follows from it.
DURABLE = frozenset({Event.APPROVE, Event.CLAIM, Event.ACCEPT, Event.DEFER, Event.REFUSE, Event.LOSE})
#: Nobody else knows what a person has decided, once the draft was tidied away; a machine would decide the same again.
MACHINES = frozenset({Channel.RULE, Channel.DAEMON})
#: The events that say when the case may leave.
TIMED = frozenset({Event.APPROVE, Event.DEFER})

_UNMOVED = (CaseRow.id == given(CaseRow.id, "case_id")) & (CaseRow.version == given(CaseRow.version, "seen"))
_CURRENT = Statement(CaseRow.whole().where(_UNMOVED))


@dataclass(frozen=True, slots=True)
class Move:
    """What ``Cases.move`` was asked for."""

    event: Event
    decision: Decision
    draft: Draft | None
    outcome: Outcome | None
    group: str | None
    not_before: datetime | None
    delivery: Delivery | None
    judgment: Judgment | None


def make(database: Database, case: Case, move: Move) -> Case:
    """Raises IllegalTransition, or StaleCase when the case's version has moved on."""
    state = next_state(case.state, move.event)
    draft = None if move.draft is None else drafts.storable(move.draft)
    durable = move.event in DURABLE or move.decision.channel not in MACHINES
    with database.tx(durable=durable):
        current = _current(database, case)
        changes = _changes(current, move, state, draft)
        _compare_and_set(database, case, changes)
        moved = replace(current, **changes)
        if draft is not None:
            drafts.write(database, moved.id, moved.revision, draft)
        history.append(database, moved.id, _explained(move.decision, current, moved))
        if move.delivery is not None:
            deliveries.write(database, moved.id, move.delivery)
        if move.judgment is not None:
            judgments.write(database, replace(move.judgment, case_id=moved.id, revision=moved.revision))
        if move.event is Event.ACCEPT:
            deliveries.note_accepted(database, moved, move.decision.at)
    return moved


def _current(database: Database, case: Case) -> Case:
    row = database.first(_CURRENT(case_id=case.id, seen=case.version))
    if row is None:
        raise StaleCase(f"case {case.id} was moved by someone else since it was read")
    return case_of(row)


def _changes(case: Case, move: Move, state: State, draft: Draft | None) -> dict[str, Any]:
    changes: dict[str, Any] = {"state": state, "version": case.version + 1}
    if draft is not None:
        changes |= {"revision": case.revision + 1, "draft_digest": draft.digest}
    if move.outcome is not None:
        changes["outcome"] = move.outcome
    if move.group is not None:
        changes["group"] = move.group
    if move.event in TIMED:
        changes["not_before"] = None if move.not_before is None else utc(move.not_before)
    if state is State.HELD:
        changes["not_before"] = None
    if state is State.HELD and case.state is not State.HELD:
        changes["held_at"] = utc(move.decision.at)
    return changes


def _compare_and_set(database: Database, case: Case, changes: dict[str, Any]) -> None:
    # The transaction has one writer, so the read before it would do; this line holds even if that ever changes.
    if database.run(_change(frozenset(changes))(case_id=case.id, seen=case.version, **changes)) != 1:
        raise StaleCase(f"case {case.id} was moved by someone else since it was read")


@cache
def _change(columns: frozenset[str]) -> Statement:
    return Statement(CaseRow.update(**all_given(*(getattr(CaseRow, name) for name in columns))).where(_UNMOVED))


def _explained(decision: Decision, before: Case, after: Case) -> Decision:
    """The row of the log: where from, where to, and on which draft when the decision does not say."""
    return replace(
        decision,
        revision=decision.revision or after.revision,
        draft_digest=decision.draft_digest or after.draft_digest,
        from_state=before.state,
        to_state=after.state,
    )
