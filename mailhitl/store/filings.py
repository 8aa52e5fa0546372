"""What of ours stands in folders, or is about to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from mailhitl.ports.store import Filed
from mailhitl.store.database import Database
from mailhitl.store.models import CaseRow, FiledRow
from mailhitl.store.values import filed_of

#: Which mail it is, and where.
KEY = (FiledRow.case, FiledRow.revision, FiledRow.kind, FiledRow.message_id, FiledRow.folder)


class SqlFilings:
    """Fulfils ``ports.store.Filings``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def standing(self, mailbox: str) -> Sequence[Filed]:
        query = FiledRow.select().where(FiledRow.mailbox == mailbox).order_by(*KEY)
        return [filed_of(row) for row in self._database.rows(query)]

    def plan(self, filed: Filed) -> None:
        # Durable, and the case with it: a draft in a folder must never name a case that a power cut has undone.
        times = {"planned_at": filed.planned_at, "filed_at": filed.filed_at, "missing_since": filed.missing_since}
        with self._database.tx(durable=True):
            case = self._database.first(CaseRow.select(CaseRow.mailbox).where(CaseRow.id == filed.case_id))
            if case is None:
                raise KeyError(f"there is no case {filed.case_id}")
            self._database.run(
                FiledRow.insert(
                    mailbox=case.mailbox,
                    case=filed.case_id,
                    revision=filed.revision,
                    kind=filed.kind,
                    message_id=filed.message_id,
                    folder=filed.folder,
                    **times,
                ).on_conflict(conflict_target=list(KEY), update=times)
            )

    def confirm(self, filed: Filed, at: datetime) -> None:
        self._update(filed, filed_at=at, missing_since=None)

    def mark_missing(self, filed: Filed, since: datetime | None) -> None:
        self._update(filed, missing_since=since)

    def withdraw(self, filed: Filed) -> None:
        with self._database.tx():
            self._database.run(FiledRow.delete().where(_this(filed)))

    def _update(self, filed: Filed, **times: datetime | None) -> None:
        with self._database.tx():
            self._database.run(FiledRow.update(**times).where(_this(filed)))


def _this(filed: Filed) -> Any:
    return (
        (FiledRow.case == filed.case_id)
        & (FiledRow.revision == filed.revision)
        & (FiledRow.kind == filed.kind)
        & (FiledRow.message_id == filed.message_id)
        & (FiledRow.folder == filed.folder)
    )
