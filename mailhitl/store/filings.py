"""What of ours stands in folders, or is about to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache, reduce
from operator import and_
from typing import Any

from peewee import EXCLUDED, fn

from mailhitl.case import Case, State
from mailhitl.ports.store import Filed
from mailhitl.store.database import Database
from mailhitl.store.models import CaseRow, FiledRow
from mailhitl.store.statement import Statement, given
from mailhitl.store.values import case_of, filed_of

#: Which mail it is, and where.
KEY = (FiledRow.case, FiledRow.revision, FiledRow.kind, FiledRow.message_id, FiledRow.folder)
#: Rows of one INSERT: SQLite before 3.32 allows 999 parameters.
ROWS = 100

_THIS = reduce(and_, (column == given(column) for column in KEY))
_HERE = (FiledRow.mailbox == given(FiledRow.mailbox)) & (FiledRow.kind != given(FiledRow.kind))
_STANDING = Statement(FiledRow.whole().where(_HERE).order_by(*KEY))
_CONFIRM = Statement(FiledRow.update(filed_at=given(FiledRow.filed_at), missing_since=None).where(_THIS))


@cache
def _lacking(count: int) -> Statement:
    """Cases of a mailbox in one of so many states of which no mail of one kind stands anywhere."""
    same = (FiledRow.case == CaseRow.id) & (FiledRow.kind == given(FiledRow.kind))
    states = CaseRow.state.in_([given(CaseRow.state, f"state{number}") for number in range(count)])
    wanted = (
        (CaseRow.mailbox == given(CaseRow.mailbox)) & states & ~fn.EXISTS(FiledRow.select(FiledRow.case).where(same))
    )
    return Statement(CaseRow.whole().where(wanted).order_by(CaseRow.id))


class SqlFilings:
    """Fulfils ``ports.store.Filings``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def standing(self, mailbox: str, *, but: str = "") -> Sequence[Filed]:
        return [filed_of(row) for row in self._database.rows(_STANDING(mailbox=mailbox, kind=but))]

    def lacking(self, mailbox: str, kind: str, *states: State) -> Sequence[Case]:
        asked = {f"state{number}": state for number, state in enumerate(states)}
        rows = self._database.rows(_lacking(len(states))(mailbox=mailbox, kind=kind, **asked))
        return [case_of(row) for row in rows]

    def plan(self, *filed: Filed) -> None:
        # Durable, and the cases with it: a draft in a folder must never name a case that a power cut has undone.
        with self._database.tx(durable=True):
            for start in range(0, len(filed), ROWS):
                self._plan(filed[start : start + ROWS])

    def confirm(self, *filed: Filed, at: datetime) -> None:
        with self._database.tx():
            for one in filed:
                self._database.run(_CONFIRM(**{**_columns(one), "case": one.case_id, "filed_at": at}))

    def mark_missing(self, filed: Filed, since: datetime | None) -> None:
        with self._database.tx():
            self._database.run(FiledRow.update(missing_since=since).where(_this(filed)))

    def withdraw(self, filed: Filed) -> None:
        with self._database.tx():
            self._database.run(FiledRow.delete().where(_this(filed)))

    def _plan(self, filed: Sequence[Filed]) -> None:
        asked = CaseRow.select(CaseRow.id, CaseRow.mailbox).where(CaseRow.id.in_({one.case_id for one in filed}))
        mailboxes = {row.id: row.mailbox for row in self._database.rows(asked)}
        rows = [{"mailbox": mailboxes.get(one.case_id), "case": one.case_id, **_columns(one)} for one in filed]
        if unknown := [one.case_id for one in filed if one.case_id not in mailboxes]:
            raise KeyError(f"there is no case {unknown[0]}")
        again = {FiledRow.planned_at: EXCLUDED.planned_at, FiledRow.filed_at: EXCLUDED.filed_at}
        again[FiledRow.missing_since] = EXCLUDED.missing_since
        self._database.run(FiledRow.insert_many(rows).on_conflict(conflict_target=list(KEY), update=again))


def _columns(filed: Filed) -> dict[str, Any]:
    return {
        "revision": filed.revision,
        "kind": filed.kind,
        "message_id": filed.message_id,
        "folder": filed.folder,
        "planned_at": filed.planned_at,
        "filed_at": filed.filed_at,
        "missing_since": filed.missing_since,
    }


def _this(filed: Filed) -> Any:
    return (
        (FiledRow.case == filed.case_id)
        & (FiledRow.revision == filed.revision)
        & (FiledRow.kind == filed.kind)
        & (FiledRow.message_id == filed.message_id)
        & (FiledRow.folder == filed.folder)
    )
