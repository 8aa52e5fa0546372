"""When something was first seen in a folder."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from mailhitl.store.database import Database
from mailhitl.store.fields import digest_of, utc
from mailhitl.store.models import SightRow


class SqlSights:
    """Fulfils ``ports.store.Sights``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def first_seen(self, mailbox: str, key: str, at: datetime) -> datetime:
        sight = SightRow.whole().where(SightRow.mailbox == mailbox, SightRow.key_digest == digest_of(key))
        # Most sights of a poll are old ones: look before taking the writer's turn.
        if (row := self._database.first(sight)) is not None:
            return row.at
        with self._database.tx():
            if (row := self._database.first(sight)) is not None:
                return row.at
            self._database.run(SightRow.insert(mailbox=mailbox, key_digest=digest_of(key), at=at))
        return utc(at)

    def keep(self, mailbox: str, keys: Collection[str]) -> None:
        kept = {digest_of(key) for key in keys}
        rows = self._database.rows(SightRow.select(SightRow.key_digest).where(SightRow.mailbox == mailbox))
        gone = [row.key_digest for row in rows if row.key_digest not in kept]
        if not gone:
            return
        with self._database.tx():
            for digest in gone:
                self._database.run(SightRow.delete().where(SightRow.mailbox == mailbox, SightRow.key_digest == digest))
