"""Durable settings made at run time, and the lease of each mailbox."""

from __future__ import annotations

from datetime import datetime

from mailhitl.errors import LeaseTaken
from mailhitl.store.database import Database
from mailhitl.store.fields import clean, utc
from mailhitl.store.models import LeaseRow, SwitchRow


class SqlSwitches:
    """Fulfils ``ports.store.Switches``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> str:
        row = self._database.first(SwitchRow.whole().where(SwitchRow.name == name))
        return "" if row is None else str(row.value)

    def set(self, name: str, value: str, by: str, at: datetime) -> None:
        setting = {"value": value, "by": by, "at": at}
        # Durable: a pause must outlast the power cut it was made for.
        with self._database.tx(durable=True):
            self._database.run(
                SwitchRow.insert(name=name, **setting).on_conflict(conflict_target=[SwitchRow.name], update=setting)
            )

    def take_lease(self, mailbox: str, holder: str, at: datetime, until: datetime) -> None:
        lease = {"holder": holder, "until": until}
        with self._database.tx():
            row = self._database.first(LeaseRow.whole().where(LeaseRow.mailbox == mailbox))
            if row is not None and row.holder != clean(holder) and row.until > utc(at):
                taken = f"mailbox {mailbox} is served by {row.holder} until {row.until.isoformat(' ')}"
                raise LeaseTaken(taken, row.holder)
            self._database.run(
                LeaseRow.insert(mailbox=mailbox, **lease).on_conflict(conflict_target=[LeaseRow.mailbox], update=lease)
            )

    def holder(self, mailbox: str, at: datetime) -> str:
        row = self._database.first(LeaseRow.whole().where(LeaseRow.mailbox == mailbox))
        return str(row.holder) if row is not None and row.until > utc(at) else ""

    def release_lease(self, mailbox: str, holder: str) -> None:
        with self._database.tx():
            self._database.run(LeaseRow.delete().where(LeaseRow.mailbox == mailbox, LeaseRow.holder == holder))
