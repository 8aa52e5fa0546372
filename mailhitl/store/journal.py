"""The journal: what was decided beside the moves of cases, in a hash chain of its own."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from mailhitl.decision import Channel
from mailhitl.ports.journal import Entry
from mailhitl.store import chain
from mailhitl.store.chain import Content
from mailhitl.store.database import Database
from mailhitl.store.fields import at_text, clean, digest_of
from mailhitl.store.models import JournalRow, MetaRow
from mailhitl.store.statement import Statement, given

#: Where the store keeps the link of the newest entry: entries have no cases whose moves would show that one is missing.
HEAD = "journal"


class SqlJournal:
    """Fulfils ``ports.journal.Journal``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, entry: Entry) -> bool:
        with self._database.tx(durable=True):
            return write(self._database, entry)

    def entries(
        self,
        kinds: Collection[str] = (),
        *,
        subject: str | None = None,
        case_id: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[Entry]:
        subject_digest = None if subject is None else digest_of(subject)
        asked = {"subject_digest": subject_digest, "case": case_id, "since": since, "until": until}
        values = {name: value for name, value in asked.items() if value is not None}
        named = {f"kind{number}": kind for number, kind in enumerate(kinds)}
        return [entry_of(row) for row in self._database.rows(_select(len(named), frozenset(values))(**values, **named))]


@cache
def _select(kinds: int, asked: frozenset[str]) -> Statement:
    """Entries of one of so many kinds (0: of any), and with these things asked for."""
    conditions = {
        "subject_digest": JournalRow.subject_digest == given(JournalRow.subject_digest),
        "case": JournalRow.case == given(JournalRow.case),
        "since": JournalRow.at >= given(JournalRow.at, "since"),
        "until": JournalRow.at < given(JournalRow.at, "until"),
    }
    wanted = [conditions[name] for name in sorted(asked)]
    if kinds:
        wanted.append(JournalRow.kind.in_([given(JournalRow.kind, f"kind{number}") for number in range(kinds)]))
    query = JournalRow.whole().order_by(JournalRow.id)
    return Statement(query.where(*wanted) if wanted else query)


def write(database: Database, entry: Entry) -> bool:
    """Add an entry, inside a transaction; False when its key was written before."""
    if entry.key and _known(database, entry.key):
        return False
    row = {
        "kind": clean(entry.kind),
        "subject": clean(entry.subject),
        "case": entry.case_id,
        "by": clean(entry.by),
        "channel": str(entry.channel),
        "at": at_text(entry.at),
        "why": clean(entry.why),
        "code": clean(entry.code),
        "proof": clean(entry.proof),
        "data": json.dumps({clean(name): clean(value) for name, value in entry.data.items()}, sort_keys=True),
    }
    last = database.first(JournalRow.select(JournalRow.chain).order_by(JournalRow.id.desc()))
    linked = chain.columns("" if last is None else last.chain, content(row))
    found_by = {
        "subject_digest": digest_of(entry.subject),
        "key_digest": digest_of(entry.key) if entry.key else None,
    }
    database.run(JournalRow.insert(**row | {"at": entry.at}, **found_by, **linked))
    newest = MetaRow.insert(name=HEAD, value=linked["chain"])
    database.run(newest.on_conflict(conflict_target=[MetaRow.name], preserve=[MetaRow.value]))
    return True


def content(row: Mapping[str, Any]) -> Content:
    """What a row says, as it was read back or is about to be written: texts clean, ``at`` as ``at_text`` spells it.

    What names a person in ``subject`` and ``data`` can be erased; a rule's name, a level, a number stay, for others go
    by them.
    """
    subject, data = row["subject"], json.loads(row["data"])
    return Content(
        plain=[
            row["kind"],
            impersonal(subject),
            row["case"],
            row["by"],
            row["channel"],
            row["at"],
            row["code"],
            {name: impersonal(value) for name, value in data.items()},
        ],
        words=[
            subject if is_personal(subject) else "",
            row["why"],
            row["proof"],
            [value for value in data.values() if is_personal(value)],
        ],
    )


def is_personal(text: str) -> bool:
    """Whether it tells who somebody is: an address does."""
    return "@" in text


def impersonal(text: str) -> str:
    """What is left of it when it is erased."""
    return "" if is_personal(text) else text


def entry_of(row: Any) -> Entry:
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


def _known(database: Database, key: str) -> bool:
    same = JournalRow.key_digest == digest_of(key)
    return database.first(JournalRow.select(JournalRow.id).where(same)) is not None
