"""The queue of mails to our own people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mailhitl.ports.store import Notice
from mailhitl.store.database import Database
from mailhitl.store.fields import digest_of
from mailhitl.store.models import NoticeRow
from mailhitl.store.values import notice_of


class SqlNotices:
    """Fulfils ``ports.store.Notices``. A key is unique within its mailbox."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def queue(self, notice: Notice) -> bool:
        # Durable: a packet may be in a reviewer's inbox a second later, and must find its case again.
        with self._database.tx(durable=True):
            return write(self._database, notice)

    def known(self, mailbox: str, key: str) -> bool:
        return known(self._database, mailbox, key)

    def due(self, mailbox: str, now: datetime) -> Sequence[Notice]:
        """Oldest first."""
        waiting = (NoticeRow.mailbox == mailbox) & (NoticeRow.waiting == True)  # noqa: E712
        ripe = NoticeRow.next_at.is_null() | (NoticeRow.next_at <= now)
        query = NoticeRow.whole().where(waiting & ripe).order_by(NoticeRow.id)
        return [notice_of(row) for row in self._database.rows(query)]

    def mark_sent(self, notice: Notice, at: datetime) -> None:
        with self._database.tx():
            done = {"sent_at": at, "next_at": None, "waiting": False}
            self._database.run(NoticeRow.update(**done).where(NoticeRow.id == notice.id))

    def mark_failed(self, notice: Notice, next_at: datetime | None) -> None:
        with self._database.tx():
            later = {"attempts": NoticeRow.attempts + 1, "next_at": next_at, "waiting": next_at is not None}
            self._database.run(NoticeRow.update(**later).where(NoticeRow.id == notice.id))


def known(database: Database, mailbox: str, key: str) -> bool:
    """Whether this key was queued before in this mailbox."""
    same = (NoticeRow.mailbox == mailbox) & (NoticeRow.key_digest == digest_of(key))
    return database.first(NoticeRow.select(NoticeRow.id).where(same)) is not None


def write(database: Database, notice: Notice) -> bool:
    """Queue a notice inside a transaction; False when its key was queued before."""
    if known(database, notice.mailbox, notice.key):
        return False
    row = {
        "mailbox": notice.mailbox,
        "key": notice.key,
        "key_digest": digest_of(notice.key),
        "kind": notice.kind,
        "recipient": notice.recipient,
        "message_id": notice.message_id,
        "raw_mail": notice.raw,
        "created_at": notice.created_at,
        "attempts": notice.attempts,
        "next_at": notice.next_at,
        "waiting": True,
    }
    database.run(NoticeRow.insert(**row))
    return True
