"""The log: one chain over every decision of a store, so that a changed, missing or moved row is found.

A row's ``chain`` is the SHA-256 of the chain before it and of the row's own words. That finds accidents and quiet
edits; whoever writes every later row anew as well is only found out by a copy kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from mailhitl.case import State
from mailhitl.decision import Decision
from mailhitl.store.database import Database
from mailhitl.store.fields import clean, utc
from mailhitl.store.models import CaseRow, DecisionRow
from mailhitl.store.values import decision_of

#: How many rows are read at a time when the whole log is checked.
PAGE = 5_000


def append(database: Database, case_id: int, decision: Decision) -> None:
    """Add a row to the log. Must stand inside the transaction of the move that it explains."""
    words = _words(case_id, decision)
    last = database.first(DecisionRow.select(DecisionRow.chain).order_by(DecisionRow.id.desc()))
    chain = _chain("" if last is None else last.chain, words)
    database.run(DecisionRow.insert(**{**words, "at": decision.at, "chain": chain}))


def broken(database: Database) -> str:
    """Say where the log is broken: the first row that does not follow from the one before it, or the first case that
    does not stand where its rows have led it. "" when it is whole."""
    chain = ""
    ends: dict[int, tuple[int, str]] = {}
    for row in _pages(database, DecisionRow):
        chain = _chain(chain, _words(row.case_id, decision_of(row)))
        if chain != row.chain:
            return f"decision {row.id} (case {row.case_id}) does not follow from the one before it"
        moves, _ = ends.get(row.case_id, (0, ""))
        ends[row.case_id] = (moves + 1, row.to_state)
    for row in _pages(database, CaseRow):
        # A case's version counts its moves: that shows rows cut off the end, which the chain itself does not.
        moves, state = ends.get(row.id, (0, State.RECEIVED))
        if (row.version, row.state) != (moves, state):
            return f"case {row.id} is {row.state} after {row.version} moves, the log says {state} after {moves}"
    return ""


def _pages(database: Database, table: Any) -> Iterator[Any]:
    last = 0
    while page := database.rows(table.select().where(table.id > last).order_by(table.id).limit(PAGE)):
        yield from page
        last = page[-1].id


def _chain(before: str, words: dict[str, Any]) -> str:
    canonical = json.dumps(words, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{before}{canonical}".encode()).hexdigest()


def _words(case_id: int, decision: Decision) -> dict[str, Any]:
    """All that a row says, as it will be read back."""
    return {
        "case": case_id,
        "event": clean(decision.event),
        "by": clean(decision.by),
        "channel": clean(decision.channel),
        "why": clean(decision.why),
        "at": utc(decision.at).isoformat(timespec="microseconds"),
        "code": clean(decision.code),
        "proof": clean(decision.proof),
        "revision": decision.revision,
        "draft_digest": decision.draft_digest,
        "reasons": [[reason.rule, reason.outcome, reason.text] for reason in decision.reasons],
        "versions": clean(decision.versions),
        "from_state": str(decision.from_state),
        "to_state": str(decision.to_state),
    }
