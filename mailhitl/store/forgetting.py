"""Who is forgotten and what has had its time: what is to be erased is found, told, and erased in one transaction with
the entry that names the rows."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from peewee import fn

from mailhitl.case import CLOSED, OPEN, State
from mailhitl.decision import Channel
from mailhitl.errors import PermanentFailure
from mailhitl.mail.stamp import Kind, read_id
from mailhitl.ports.journal import Entry
from mailhitl.ports.log import DECISIONS, JOURNAL, Erasure
from mailhitl.store import chain, erasing, holding, journal
from mailhitl.store.database import Database
from mailhitl.store.fields import digest_of
from mailhitl.store.models import (
    CaseRow,
    DecisionRow,
    DeliveryRow,
    DraftRow,
    JournalRow,
    JudgmentRow,
    MarkRow,
    NoticeRow,
    SourceRow,
)

#: The journal's kinds for what happens here; ``verifying`` reads from them which rows may be without words.
FORGET, RETENTION = "forget", "retention"


class SqlErasing:
    """Fulfils ``ports.log.Erasing``. ``key`` is the store's own: it makes the digests of forgotten addresses."""

    def __init__(self, database: Database, key: Callable[[], bytes]) -> None:
        self._database = database
        self._key = key

    def of_address(self, address: str) -> Erasure:
        cases = self._cases(address)
        numbers = [case.id for case in cases]
        elsewhere = self._elsewhere(address, numbers)
        return Erasure(
            cases=tuple((case.id, case.subject) for case in cases),
            open_cases=tuple(case.id for case in cases if case.state in OPEN),
            busy=tuple(case.id for case in cases if case.state == State.SENDING or self._unfinished(case.id)),
            counts=self._counts(address, numbers, elsewhere),
        )

    def forget(self, address: str, by: str, at: datetime) -> Erasure:
        digest = self._digest(address)
        with self._database.engine.scrubbing(), self._database.tx(durable=True):
            found = self.of_address(address)
            if found.open_cases or found.busy:
                raise PermanentFailure(f"cases {found.open_cases + found.busy} must be closed before they are erased")
            numbers = [number for number, _ in found.cases]
            erasing.bodies_of(self._database, numbers)
            decisions, entries = erasing.persons_of(self._database, numbers)
            decisions += erasing.decisions_where(self._database, _names(DecisionRow, address))
            entries += erasing.entries_where(self._database, _names(JournalRow, address))
            self._settle(self._waiting_about(address, numbers))
            erasing.notices_where(self._database, NoticeRow.id > 0)
            self._note(FORGET, digest, by, Channel.CLI, at, numbers, decisions, entries)
        return found

    def forgotten(self, address: str) -> datetime | None:
        subject = JournalRow.subject_digest == digest_of(self._digest(address))
        query = JournalRow.select(JournalRow.at).where((JournalRow.kind == FORGET) & subject)
        row = self._database.first(query.order_by(JournalRow.id.desc()))
        return None if row is None else row.at

    def outdated(self, mailbox: str, level: str, before: datetime, limit: int) -> Sequence[int]:
        full = [erasing.CASES] if level == erasing.CASES else [erasing.CASES, erasing.BODIES]
        moved = DecisionRow.select(DecisionRow.id).where((DecisionRow.case == CaseRow.id) & (DecisionRow.at >= before))
        unknown = DeliveryRow.select(DeliveryRow.case).where(
            (DeliveryRow.case == CaseRow.id)
            & (DeliveryRow.ended_at.is_null() | fn.LOWER(DeliveryRow.results).contains('"unknown"'))
        )
        marked = MarkRow.select(MarkRow.case).where(MarkRow.case == CaseRow.id)
        query = CaseRow.select(CaseRow.id).where(
            (CaseRow.mailbox == mailbox)
            & CaseRow.state.in_([str(state) for state in CLOSED])
            & (CaseRow.opened_at < before)
            & CaseRow.erased.not_in(full)
            & ~fn.EXISTS(moved)
            & ~fn.EXISTS(unknown)
            & ~fn.EXISTS(marked)
        )
        return [row.id for row in self._database.rows(query.order_by(CaseRow.id).limit(limit))]

    def retire(self, mailbox: str, level: str, cases: Sequence[int], at: datetime) -> None:
        with self._database.engine.scrubbing(whole=False), self._database.tx(durable=True):
            erasing.bodies_of(self._database, cases)
            rows = erasing.persons_of(self._database, cases) if level == erasing.CASES else ([], [])
            self._note(RETENTION, mailbox, "daemon", Channel.DAEMON, at, cases, *rows, code=level)

    def retire_entries(self, mailbox: str, before: datetime, limit: int, at: datetime) -> int:
        addressed = None
        for column in (JournalRow.why, JournalRow.proof, JournalRow.subject, JournalRow.data):
            holds = column.contains("@")
            addressed = holds if addressed is None else addressed | holds
        old = JournalRow.case.is_null() & (JournalRow.at < before) & (JournalRow.salt != "")
        wanted = old & JournalRow.kind.not_in(sorted(erasing.OURS)) & addressed
        query = JournalRow.select(JournalRow.id).where(wanted).order_by(JournalRow.id).limit(limit)
        if not (rows := [row.id for row in self._database.rows(query)]):
            return 0
        with self._database.engine.scrubbing(whole=False), self._database.tx(durable=True):
            erased = erasing.entries_where(self._database, JournalRow.id.in_(rows))
            self._note(RETENTION, mailbox, "daemon", Channel.DAEMON, at, (), (), erased, code=erasing.CASES)
        return len(erased)

    def drop_notices(self, mailbox: str, before: datetime) -> int:
        old = (NoticeRow.mailbox == mailbox) & (NoticeRow.created_at < before)
        with self._database.engine.scrubbing(whole=False), self._database.tx():
            return erasing.notices_where(self._database, old)

    def _cases(self, address: str) -> list[Any]:
        """Every case that this person has opened, or whose answer was for them."""
        answered = DraftRow.select(DraftRow.case).where(fn.LOWER(DraftRow.to).contains(f'"{address.lower()}"'))
        theirs = (CaseRow.sender_digest == digest_of(address.lower())) | CaseRow.id.in_(answered)
        columns = (CaseRow.id, CaseRow.mailbox, CaseRow.subject, CaseRow.state)
        return self._database.rows(CaseRow.select(*columns).where(theirs).order_by(CaseRow.id))

    def _unfinished(self, case: int) -> bool:
        """Whether its copy in Sent is still to be made from the draft."""
        return self._database.first(MarkRow.whole().where(MarkRow.case == case)) is not None

    def _counts(self, address: str, cases: Sequence[int], elsewhere: int) -> dict[str, int]:
        counted: dict[str, tuple[Any, Any]] = {
            "mails": (SourceRow, SourceRow.case),
            "drafts": (DraftRow, DraftRow.case),
            "deliveries": (DeliveryRow, DeliveryRow.case),
            "decisions": (DecisionRow, DecisionRow.case),
            "entries of the journal": (JournalRow, JournalRow.case),
            "judgments": (JudgmentRow, JudgmentRow.case),
        }
        found = dict.fromkeys(counted, 0)
        for some in erasing.chunks(cases):
            for name, (table, column) in counted.items():
                found[name] += self._database.count(table.select().where(column.in_(some)))
        # Their words are not searched: whoever is in none of the cases is in no packet either.
        settled = (NoticeRow.raw_mail != b"") & (NoticeRow.waiting == False)  # noqa: E712
        notices = self._database.count(NoticeRow.select().where(settled)) if cases or elsewhere else 0
        notices += len(self._waiting_about(address, cases))
        return found | {"mails to our own people": notices, "rows that name them": elsewhere}

    def _waiting_about(self, address: str, cases: Sequence[int]) -> list[int]:
        """Mails to our own people that have not left yet and are about these cases, or about none and hold the address.

        A packet about somebody else's case stays: that case does, and nobody else would ask for its answer.
        """
        waiting = NoticeRow.whole().where(NoticeRow.waiting == True)  # noqa: E712
        key, theirs = self._key(), frozenset(cases)
        found = ((row, _case_of(row.message_id, key)) for row in self._database.rows(waiting))
        return [row.id for row, case in found if (case in theirs if case else holding.names(row.raw_mail, address))]

    def _settle(self, notices: Sequence[int]) -> None:
        """They are not sent any more; their keys keep them from being queued again."""
        for some in erasing.chunks(notices):
            self._database.run(NoticeRow.update(waiting=False, next_at=None).where(NoticeRow.id.in_(some)))

    def _elsewhere(self, address: str, cases: Sequence[int]) -> int:
        """Rows of the log, beside those of their own cases, that name the address."""
        known = set(cases)
        found = 0
        for table in (DecisionRow, JournalRow):
            rows = self._database.rows(table.select(table.id, table.case).where(_names(table, address)))
            found += sum(row.case_id not in known for row in rows)
        return found

    def _digest(self, address: str) -> str:
        """What stands for the address once it is gone. Whoever has only an export cannot try addresses out on it."""
        return hmac.new(self._key(), address.strip().lower().encode(), hashlib.sha256).hexdigest()

    def _note(
        self,
        kind: str,
        subject: str,
        by: str,
        channel: Channel,
        at: datetime,
        cases: Sequence[int],
        decisions: Sequence[int],
        entries: Sequence[int],
        code: str = "",
    ) -> None:
        """Say which rows have no words any more: a row that lost them otherwise was blanked by somebody else."""
        data = {"cases": chain.spelled(cases), DECISIONS: chain.spelled(decisions), JOURNAL: chain.spelled(entries)}
        journal.write(self._database, Entry(kind, by, channel, at, subject, code=code, data=data))


def _case_of(message_id: str, key: bytes) -> int:
    """The case that a mail to our own people is about, 0 where it is about none; a ticket's number is an entry's."""
    private = read_id(message_id, key)
    return private.case_id if private and private.kind is not Kind.TICKET else 0


def _names(table: Any, address: str) -> Any:
    """Rows whose words name the address, and still have words."""
    columns = (
        (table.why, table.reasons) if table is DecisionRow else (table.why, table.proof, table.data, table.subject)
    )
    named = None
    for column in columns:
        holds = fn.LOWER(column).contains(address.lower())
        named = holds if named is None else named | holds
    return named & (table.salt != "")
