"""The log as a whole, read: every row of both chains, from the beginning, from a time on, or what is new."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from mailhitl.ports.log import DECISIONS, JOURNAL, Head, LogRow, Verification
from mailhitl.store import verifying
from mailhitl.store.database import Database
from mailhitl.store.journal import entry_of
from mailhitl.store.models import CHUNK, CaseRow, DecisionRow, JournalRow
from mailhitl.store.values import decision_of

#: How many rows are read at a time.
PAGE = 5_000
TABLES: dict[str, Any] = {DECISIONS: DecisionRow, JOURNAL: JournalRow}


class SqlLog:
    """Fulfils ``ports.log.Log``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def heads(self) -> tuple[Head, ...]:
        heads = []
        for name, table in TABLES.items():
            newest = self._database.first(table.select(table.id, table.chain).order_by(table.id.desc()))
            heads += [Head(name, newest.id, newest.chain)] if newest else []
        return tuple(heads)

    def verify(
        self, anchors: Collection[Head] = (), progress: Callable[[int], None] | None = None, *, texts: bool = False
    ) -> Verification:
        return verifying.verify(self._database, anchors, progress, texts=texts)

    def rows(self, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[LogRow]:
        for table in TABLES.values():
            wanted = [] if since is None else [table.at >= since]
            wanted += [] if until is None else [table.at < until]
            last = 0
            while page := self._read(table, [table.id > last, *wanted], table.id, PAGE):
                yield from self._told(page)
                last = page[-1].id

    def after(self, decision: int, entry: int) -> Sequence[LogRow]:
        pages = [
            self._read(table, [table.id > last], table.id, CHUNK)
            for table, last in zip(TABLES.values(), (decision, entry), strict=True)
        ]
        return _in_order(self._told([*pages[0], *pages[1]]))

    def newest(self, count: int) -> Sequence[LogRow]:
        pages = [self._read(table, [], table.id.desc(), count) for table in TABLES.values()]
        return _in_order(self._told([*pages[0], *pages[1]]))[-count:] if count else []

    def _read(self, table: Any, wanted: list[Any], order: Any, limit: int) -> list[Any]:
        query = table.whole().order_by(order).limit(limit)
        return self._database.rows(query.where(*wanted) if wanted else query)

    def _told(self, page: list[Any]) -> Iterator[LogRow]:
        """These rows as values, with what is known of their cases."""
        cases: dict[int, Any] = {}
        wanted = sorted({row.case_id for row in page if row.case_id})
        for start in range(0, len(wanted), CHUNK):
            some = CaseRow.id.in_(wanted[start : start + CHUNK])
            known = CaseRow.select(CaseRow.id, CaseRow.mailbox, CaseRow.sender, CaseRow.subject).where(some)
            cases |= {row.id: row for row in self._database.rows(known)}
        for row in page:
            value = _value(row)
            if case := cases.get(row.case_id):
                value = replace(value, mailbox=case.mailbox, sender=case.sender, subject=case.subject)
            yield value


def _value(row: Any) -> LogRow:
    known = LogRow(row.id, row.case_id, row.salt, row.seal, row.chain)
    if isinstance(row, DecisionRow):
        return replace(known, decision=decision_of(row))
    return replace(known, entry=entry_of(row))


def _in_order(rows: Iterator[LogRow]) -> list[LogRow]:
    return sorted(rows, key=lambda row: (row.at, row.log, row.id))
