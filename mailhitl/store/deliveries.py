"""Attempts to hand over, and what is still to be done after one succeeded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from mailhitl.case import Case, Event, State
from mailhitl.decision import Channel
from mailhitl.delivery import Delivery, Phase
from mailhitl.errors import StaleCase
from mailhitl.store import drafts
from mailhitl.store.database import Database
from mailhitl.store.fields import digest_of
from mailhitl.store.models import CHUNK, AutomaticSendRow, CaseRow, DecisionRow, DeliveryRow, MarkRow
from mailhitl.store.values import case_of, delivery_of

#: What is to be done once a mail was accepted: its copy in Sent, the flag on the customer's mail.
COPY = "copy"
ANSWERED = "answered"


class SqlDeliveries:
    """Fulfils ``ports.store.Deliveries``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, case: Case) -> Sequence[Delivery]:
        query = DeliveryRow.whole().where(DeliveryRow.case == case.id).order_by(DeliveryRow.attempt)
        return [delivery_of(row) for row in self._database.rows(query)]

    def record_phase(self, case: Case, attempt: int, phase: Phase) -> None:
        here = (DeliveryRow.case == case.id) & (DeliveryRow.attempt == attempt)
        with self._database.tx(durable=True):
            # A process that was stopped here and goes on later must find out that its case was taken over meanwhile.
            if not self._under_way(case, attempt):
                raise StaleCase(f"attempt {attempt} of case {case.id} is not under way any more")
            self._database.run(DeliveryRow.update(phase=phase).where(here))

    def _under_way(self, case: Case, attempt: int) -> bool:
        """Whether the case is being sent, by this very attempt, its newest."""
        ours = CaseRow.select(CaseRow.state).where(CaseRow.id == case.id, CaseRow.version == case.version)
        claimed = self._database.first(ours)
        attempts = DeliveryRow.whole().where(DeliveryRow.case == case.id).order_by(DeliveryRow.attempt.desc())
        newest = self._database.first(attempts)
        if claimed is None or claimed.state != State.SENDING or newest is None:
            return False
        return bool(newest.attempt == attempt and newest.ended_at is None)

    def uncopied(self, mailbox: str) -> Sequence[Case]:
        # In two steps: without statistics SQLite would walk through all cases to find the few that are marked.
        marked = sorted({row.case_id for row in self._database.rows(MarkRow.select(MarkRow.case))})
        cases: list[Case] = []
        for start in range(0, len(marked), CHUNK):
            query = CaseRow.whole().where(CaseRow.id.in_(marked[start : start + CHUNK])).order_by(CaseRow.id)
            cases += [case_of(row) for row in self._database.rows(query) if row.mailbox == mailbox]
        return cases

    def mark_copied(self, case: Case) -> None:
        self._done(case, COPY)

    def mark_answered(self, case: Case) -> None:
        self._done(case, ANSWERED)

    def pending_marks(self, case: Case) -> tuple[bool, bool]:
        marks = {row.mark for row in self._database.rows(MarkRow.whole().where(MarkRow.case == case.id))}
        return (COPY in marks, ANSWERED in marks)

    def _done(self, case: Case, mark: str) -> None:
        with self._database.tx():
            self._database.run(MarkRow.delete().where(MarkRow.case == case.id, MarkRow.mark == mark))


def write(database: Database, case_id: int, delivery: Delivery) -> None:
    """Insert or update an attempt, inside the transaction of a move."""
    row: dict[str, Any] = {
        "revision": delivery.revision,
        "message_id": delivery.message_id,
        "phase": delivery.phase,
        "started_at": delivery.started_at,
        "ended_at": delivery.ended_at,
        "results": [[result.address, result.status, result.reply] for result in delivery.results],
    }
    database.run(
        DeliveryRow.insert(case=case_id, attempt=delivery.attempt, **row).on_conflict(
            conflict_target=[DeliveryRow.case, DeliveryRow.attempt], update=row
        )
    )


def note_accepted(database: Database, case: Case, at: datetime) -> None:
    """Plan what follows a send, and count it for the rate caps when no person has seen it."""
    for mark in (COPY, ANSWERED):
        database.run(MarkRow.insert(case=case.id, mark=mark))
    if not _automatic(database, case):
        return
    recipients = drafts.read(database, case.id, case.revision).recipients if case.revision else (case.sender,)
    reached = {address.lower() for address in recipients}
    # A domain is counted as the address that no mailbox can have.
    domains = {f"@{address.rpartition('@')[2]}" for address in reached}
    for recipient in {digest_of(each) for each in reached | domains}:
        database.run(AutomaticSendRow.insert(case=case.id, mailbox=case.mailbox, recipient_digest=recipient, at=at))


def _automatic(database: Database, case: Case) -> bool:
    """Whether the approval that counts, the last one, is a rule's."""
    approvals = DecisionRow.select(DecisionRow.channel).where(
        DecisionRow.case == case.id, DecisionRow.event == Event.APPROVE
    )
    last = database.first(approvals.order_by(DecisionRow.id.desc()))
    return last is not None and last.channel == Channel.RULE
