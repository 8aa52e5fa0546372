"""From schema 1 to 2: the log's rows get salt and seal, so that their words can be erased, and the chain is tied anew.

What the old chain said is checked on the way and kept: an entry of the journal names its last link, so that a backup of
before can still be held against it, and the first row that did not fit, so that the move hides nothing.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import peewee as pw
from playhouse.migrate import SchemaMigrator
from playhouse.migrate import migrate as alter

from mailhitl.decision import Channel
from mailhitl.ports.journal import Entry
from mailhitl.store import chain, history, journal
from mailhitl.store.database import Database
from mailhitl.store.fields import at_text
from mailhitl.store.models import DecisionRow
from mailhitl.store.verifying import RECHAINED

PAGE = 5_000


def add_seals(database: Database) -> None:
    """Add the columns and tie every row anew. The journal's table must be there."""
    migrator = SchemaMigrator.from_database(database.engine)
    alter(
        *(migrator.add_column("decisions", name, pw.TextField(default="")) for name in ("salt", "seal")),
        migrator.add_column("cases", "erased", pw.TextField(default="")),
    )
    count, last, broken = _rechain(database)
    if count:
        _note(database, count, last, broken)


def _rechain(database: Database) -> tuple[int, str, int]:
    """(how many rows there are, the last link of the old chain, the first row that did not fit or 0)."""
    names = [field.name for field in DecisionRow._meta.sorted_fields]
    old = new = ""
    count = broken = last = 0
    while page := database.rows(
        DecisionRow.select().where(DecisionRow.id > last).order_by(DecisionRow.id).limit(PAGE).tuples()
    ):
        for values in page:
            row = dict(zip(names, values, strict=True))
            row["at"] = at_text(row["at"])
            if _old_link(old, row) != row["chain"]:
                broken = broken or row["id"]
            linked = chain.columns(new, history.content(row))
            database.run(DecisionRow.update(**linked).where(DecisionRow.id == row["id"]))
            old, new, last = row["chain"], linked["chain"], row["id"]
            count += 1
    return count, old, broken


def _note(database: Database, count: int, last: str, broken: int) -> None:
    why = f"The chain of {count} decisions was tied anew, so that their words can be erased."
    data = {"decisions": str(count), "link": last, "broken": str(broken or "")}
    at = datetime.now(UTC)
    journal.write(database, Entry(RECHAINED, "mailhitl", Channel.DAEMON, at, why=why, data=data, key=RECHAINED))


def _old_link(before: str, row: dict[str, Any]) -> str:
    """The link as schema 1 reckoned it."""
    words = {name: row[name] for name in _OLD}
    canonical = json.dumps(words, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{before}{canonical}".encode()).hexdigest()


_OLD = (
    *(
        "case",
        "event",
        "by",
        "channel",
        "why",
        "at",
        "code",
        "proof",
        "revision",
        "draft_digest",
        "reasons",
        "versions",
    ),
    *("from_state", "to_state"),
)
