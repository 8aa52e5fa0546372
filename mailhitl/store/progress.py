"""How far each folder has been read, and which mails were begun and not finished."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mailhitl.ports.mailbox import Location
from mailhitl.ports.store import Cursor
from mailhitl.store.database import Database
from mailhitl.store.models import AttemptRow, CursorRow
from mailhitl.store.statement import Statement, all_given, given
from mailhitl.store.values import cursor_of

_KEY = (AttemptRow.mailbox, AttemptRow.folder, AttemptRow.uidvalidity, AttemptRow.uid)
_BEGIN = Statement(
    AttemptRow.insert(attempts=1, **all_given(*_KEY)).on_conflict(
        conflict_target=list(_KEY), update={AttemptRow.attempts: AttemptRow.attempts + 1}
    )
)
_END = Statement(AttemptRow.delete().where(*(column == given(column) for column in _KEY)))


class SqlProgress:
    """Fulfils ``ports.store.Progress``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def cursor(self, mailbox: str, folder: str) -> Cursor | None:
        here = (CursorRow.mailbox == mailbox) & (CursorRow.folder == folder)
        row = self._database.first(CursorRow.whole().where(here))
        return None if row is None else cursor_of(row)

    def advance(self, mailbox: str, folder: str, cursor: Cursor) -> None:
        place = {"uidvalidity": cursor.uidvalidity, "last_uid": cursor.last_uid, "start": cursor.start}
        with self._database.tx():
            self._database.run(
                CursorRow.insert(mailbox=mailbox, folder=folder, **place).on_conflict(
                    conflict_target=[CursorRow.mailbox, CursorRow.folder], update=place
                )
            )

    def attempts(self, mailbox: str, location: Location) -> int:
        row = self._database.first(AttemptRow.whole().where(_at(mailbox, location)))
        return 0 if row is None else int(row.attempts)

    def begin_attempts(self, mailbox: str, locations: Sequence[Location]) -> None:
        with self._database.tx(durable=True):
            for location in locations:
                self._database.run(_BEGIN(mailbox=mailbox, **_place(location)))

    def end_attempts(self, mailbox: str, locations: Sequence[Location]) -> None:
        with self._database.tx():
            for location in locations:
                self._database.run(_END(mailbox=mailbox, **_place(location)))

    def give_back(self, mailbox: str, locations: Sequence[Location]) -> None:
        with self._database.tx():
            for location in locations:
                less = AttemptRow.update(attempts=AttemptRow.attempts - 1).where(_at(mailbox, location))
                self._database.run(less)
                self._database.run(AttemptRow.delete().where(_at(mailbox, location), AttemptRow.attempts <= 0))

    def unfinished(self, mailbox: str, folder: str) -> Sequence[Location]:
        here = (AttemptRow.mailbox == mailbox) & (AttemptRow.folder == folder)
        rows = self._database.rows(AttemptRow.whole().where(here).order_by(AttemptRow.uidvalidity, AttemptRow.uid))
        return [Location(row.folder, row.uidvalidity, row.uid) for row in rows]


def _place(location: Location) -> dict[str, Any]:
    return {"folder": location.folder, "uidvalidity": location.uidvalidity, "uid": location.uid}


def _at(mailbox: str, location: Location) -> Any:
    return (
        (AttemptRow.mailbox == mailbox)
        & (AttemptRow.folder == location.folder)
        & (AttemptRow.uidvalidity == location.uidvalidity)
        & (AttemptRow.uid == location.uid)
    )
