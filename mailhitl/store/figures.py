"""The log as figures need it, read a stretch of cases at a time."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from peewee import JOIN, fn

from mailhitl.case import Event
from mailhitl.ports.figures import About, Step
from mailhitl.store.database import Database
from mailhitl.store.models import AskRow, CaseRow, DecisionRow, DraftRow, JudgmentRow

#: How many cases are read at a time.
STRETCH = 2_000
#: What the outbox does with an approved answer, unless it goes wrong, says nothing about anybody's judgment.
PASSED_OVER = (Event.CLAIM, Event.ACCEPT, Event.DEFER, Event.RETRY)


class SqlFigures:
    """Fulfils ``ports.figures.Steps``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self, since: datetime, until: datetime) -> Iterator[tuple[About, list[Step]]]:
        within = (DecisionRow.at >= since) & (DecisionRow.at < until)
        # Cases are numbered as they come, so those of a span of time lie close together.
        ends = DecisionRow.select(fn.MIN(DecisionRow.case), fn.MAX(DecisionRow.case)).where(within).tuples()
        first, last = self._database.rows(ends)[0]
        for start in range(first or 0, (last or -1) + 1, STRETCH):
            logs = self._logs(within & DecisionRow.case.between(start, start + STRETCH - 1))
            if logs:
                for about in self._abouts(CaseRow.id.between(min(logs), max(logs))):
                    if about.case_id in logs:
                        yield about, logs[about.case_id]

    def _logs(self, wanted: Any) -> dict[int, list[Step]]:
        row, draft = DecisionRow, DraftRow
        columns = (row.case, row.event, row.at, row.channel, row.code, row.by, row.why, draft.author, draft.distance)
        same = (draft.case == row.case) & (draft.revision == row.revision)
        query = row.select(*columns).join(draft, JOIN.LEFT_OUTER, on=same)
        told = query.where(wanted & row.event.not_in(PASSED_OVER)).order_by(row.case, row.id)
        logs: dict[int, list[Step]] = defaultdict(list)
        for case_id, event, at, channel, code, by, why, author, distance in self._database.bare(told):
            logs[case_id].append(Step(case_id, event, _time(at), channel, code, by, why, author or "", distance))
        return logs

    def _abouts(self, wanted: Any) -> list[About]:
        case, judged = CaseRow, JudgmentRow.alias()
        asked = AskRow.select(fn.MIN(AskRow.asked_at)).where(AskRow.case == case.id)
        first = judged.select(judged.id).where(judged.case == case.id).order_by(judged.revision, judged.id).limit(1)
        drafted = (DraftRow.case == case.id) & (DraftRow.revision == 1)
        columns = (case.id, case.mailbox, case.group, case.subject, case.held_at, asked)
        query = (
            case.select(*columns, JudgmentRow.hits, JudgmentRow.intent, DraftRow.template, DraftRow.author)
            .join(JudgmentRow, JOIN.LEFT_OUTER, on=(JudgmentRow.id == first))
            .join(DraftRow, JOIN.LEFT_OUTER, on=drafted)
        )
        return [_about(row) for row in self._database.bare(query.where(wanted).order_by(case.id))]


def _time(value: Any) -> Any:
    """As the column's own reader has it, which is too slow for a million rows: what was stored is in UTC already."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _about(row: Any) -> About:
    case_id, mailbox, group, subject, held_at, asked_at, hits, intent, template, author = row
    times = (_time(held_at), _time(asked_at))
    return About(
        case_id, mailbox, group, subject, *times, _rules(hits or "[]"), intent or "", template or "", author or ""
    )


#: Few combinations of rules make up a long log.
@lru_cache(1_000)
def _rules(hits: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(hit[0] for hit in json.loads(hits)))
