"""What the rules saw and said: one row per revision that they judged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from mailhitl.ports.journal import Hit, Judgment
from mailhitl.store.database import Database
from mailhitl.store.models import LARGEST_INTEGER, JudgmentRow
from mailhitl.store.statement import Statement, whole_row

#: How many judgments are read at a time.
PAGE = 2_000

_ADD = Statement(JudgmentRow.insert(**whole_row(JudgmentRow)))
_time: Any = JudgmentRow.at.python_value
_snapshot: Any = JudgmentRow.facts.python_value
#: What was erased can't be replayed.
_WHOLE = JudgmentRow.facts != b""


class SqlJudgments:
    """Fulfils ``ports.journal.Judgments``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, judgment: Judgment) -> None:
        with self._database.tx():
            write(self._database, judgment)

    def of(self, case_id: int) -> Sequence[Judgment]:
        query = JudgmentRow.whole().where(JudgmentRow.case == case_id).order_by(JudgmentRow.id)
        return [_judgment(row) for row in self._database.rows(query)]

    def since(self, moment: datetime) -> Iterator[Judgment]:
        row, last = JudgmentRow, 0
        columns = (row.id, row.case, row.revision, row.at, row.outcome, row.hits, row.versions, row.facts, row.intent)
        wanted = row.select(*columns).where((row.at >= moment) & _WHOLE).order_by(row.id).limit(PAGE)
        while page := self._database.bare(wanted.where(row.id > last)):
            yield from map(_bare_judgment, page)
            last = page[-1][0]

    def hits(self) -> Iterator[tuple[int, datetime, tuple[Hit, ...]]]:
        columns = (JudgmentRow.id, JudgmentRow.case, JudgmentRow.at, JudgmentRow.hits)
        first, below = JudgmentRow.select(*columns).where(JudgmentRow.revision <= 1), LARGEST_INTEGER
        while page := self._database.rows(
            first.where(JudgmentRow.id < below).order_by(JudgmentRow.id.desc()).limit(PAGE)
        ):
            yield from ((row.case_id, row.at, tuple(Hit(*hit) for hit in row.hits)) for row in page)
            below = page[-1].id

    def count(self, since: datetime) -> int:
        return self._database.count(JudgmentRow.select().where((JudgmentRow.at >= since) & _WHOLE))

    def erased(self, since: datetime) -> int:
        first = (JudgmentRow.at >= since) & (JudgmentRow.revision <= 1)
        return self._database.count(JudgmentRow.select().where(first & ~_WHOLE))


def write(database: Database, judgment: Judgment) -> None:
    """Inside ``tx``."""
    row = {
        "case": judgment.case_id,
        "revision": judgment.revision,
        "at": judgment.at,
        "outcome": judgment.outcome,
        "hits": [[hit.rule, hit.then, hit.level, hit.would_send] for hit in judgment.hits],
        "versions": judgment.versions,
        "facts": judgment.facts,
        "intent": judgment.intent,
    }
    database.run(_ADD(**row))


def _judgment(row: Any) -> Judgment:
    return Judgment(
        case_id=row.case_id,
        revision=row.revision,
        at=row.at,
        outcome=row.outcome,
        hits=tuple(Hit(*hit) for hit in row.hits),
        versions=row.versions,
        facts=row.facts,
        intent=row.intent,
    )


def _bare_judgment(row: tuple[Any, ...]) -> Judgment:
    """One judgment from what the driver gave, many times faster where there are many."""
    _, case_id, revision, at, outcome, hits, versions, facts, intent = row
    return Judgment(case_id, revision, _time(at), outcome, _hits(hits), versions, _snapshot(facts), intent)


#: Few combinations of rules make up a long log.
@lru_cache(1_000)
def _hits(text: str) -> tuple[Hit, ...]:
    return tuple(Hit(*hit) for hit in json.loads(text))
