"""The journal: what was decided beside the moves of cases, in a hash chain of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from mailhitl.decision import Channel
from mailhitl.ports.journal import Entry
from mailhitl.store.database import Database
from mailhitl.store.fields import clean, digest_of, utc
from mailhitl.store.models import JournalRow


class SqlJournal:
    """Fulfils ``ports.journal.Journal``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, entry: Entry) -> bool:
        with self._database.tx(durable=True):
            if entry.key and self._known(entry.key):
                return False
            words = _words(entry)
            last = self._database.first(JournalRow.select(JournalRow.chain).order_by(JournalRow.id.desc()))
            row = {
                **words,
                "at": entry.at,
                "subject_digest": digest_of(entry.subject),
                "key_digest": digest_of(entry.key) if entry.key else None,
                "chain": _chain("" if last is None else last.chain, words),
            }
            self._database.run(JournalRow.insert(**row))
        return True

    def entries(
        self,
        kinds: Collection[str] = (),
        *,
        subject: str | None = None,
        case_id: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[Entry]:
        wanted: list[Any] = []
        if kinds:
            wanted.append(JournalRow.kind.in_(list(kinds)))
        if subject is not None:
            wanted.append(JournalRow.subject_digest == digest_of(subject))
        if case_id is not None:
            wanted.append(JournalRow.case == case_id)
        if since is not None:
            wanted.append(JournalRow.at >= since)
        if until is not None:
            wanted.append(JournalRow.at < until)
        query = JournalRow.whole().order_by(JournalRow.id)
        return [_entry(row) for row in self._database.rows(query.where(*wanted) if wanted else query)]

    def _known(self, key: str) -> bool:
        same = JournalRow.key_digest == digest_of(key)
        return self._database.first(JournalRow.select(JournalRow.id).where(same)) is not None


def _chain(before: str, words: dict[str, Any]) -> str:
    canonical = json.dumps(words, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{before}{canonical}".encode()).hexdigest()


def _words(entry: Entry) -> dict[str, Any]:
    """All that a row says, as it will be read back."""
    return {
        "kind": clean(entry.kind),
        "subject": clean(entry.subject),
        "case": entry.case_id,
        "by": clean(entry.by),
        "channel": clean(entry.channel),
        "at": utc(entry.at).isoformat(timespec="microseconds"),
        "why": clean(entry.why),
        "code": clean(entry.code),
        "proof": clean(entry.proof),
        "data": json.dumps({clean(name): clean(value) for name, value in entry.data.items()}, sort_keys=True),
    }


def _entry(row: Any) -> Entry:
    return Entry(
        kind=row.kind,
        by=row.by,
        channel=Channel(row.channel),
        at=row.at,
        subject=row.subject,
        case_id=row.case_id,
        why=row.why,
        code=row.code,
        proof=row.proof,
        data=json.loads(row.data),
        id=row.id,
    )
