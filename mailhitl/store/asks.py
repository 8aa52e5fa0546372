"""Who was asked to review what, and whether the token was used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from mailhitl.case import Case
from mailhitl.ports.store import Ask, Notice
from mailhitl.store import notices
from mailhitl.store.database import Database
from mailhitl.store.models import AskRow
from mailhitl.store.values import ask_of

#: Rows of one INSERT: SQLite before 3.32 allows 999 parameters.
ROWS = 100


class SqlAsks:
    """Fulfils ``ports.store.Asks``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(
        self,
        case: Case,
        reviewer: str,
        token_digest: str,
        at: datetime,
        expires_at: datetime,
        *,
        notice: Notice | None = None,
    ) -> Ask:
        # Durable: the packet may be in the reviewer's inbox a second later, and its token must be known.
        with self._database.tx(durable=True):
            if notice is not None:
                notices.write(self._database, notice)
            ask_id = self._database.run(
                AskRow.insert(
                    case=case.id,
                    revision=case.revision,
                    reviewer=reviewer,
                    token_digest=token_digest,
                    draft_digest=case.draft_digest or "",
                    asked_at=at,
                    expires_at=expires_at,
                )
            )
            return ask_of(self._database.first(AskRow.whole().where(AskRow.id == ask_id)))

    def ask_all(self, asks: Sequence[Ask]) -> None:
        with self._database.tx(durable=True):
            for start in range(0, len(asks), ROWS):
                rows = [_columns(ask) for ask in asks[start : start + ROWS]]
                self._database.run(AskRow.insert_many(rows))

    def of(self, case: Case) -> Sequence[Ask]:
        query = AskRow.whole().where(AskRow.case == case.id).order_by(AskRow.id)
        return [ask_of(row) for row in self._database.rows(query)]

    def find(self, token_digest: str) -> Ask | None:
        row = self._database.first(AskRow.whole().where(AskRow.token_digest == token_digest))
        return None if row is None else ask_of(row)

    def use(self, ask: Ask, at: datetime) -> bool:
        unused = (AskRow.id == ask.id) & AskRow.used_at.is_null()
        with self._database.tx():
            return bool(self._database.run(AskRow.update(used_at=at).where(unused)))


def _columns(ask: Ask) -> dict[str, Any]:
    return {
        "case": ask.case_id,
        "revision": ask.revision,
        "reviewer": ask.reviewer,
        "token_digest": ask.token_digest,
        "draft_digest": ask.draft_digest,
        "asked_at": ask.asked_at,
        "expires_at": ask.expires_at,
        "used_at": ask.used_at,
    }
