"""The log of decisions: a row is added in the transaction of the move that it explains, and never changed.

What can be erased of a row are the free words: why, and the texts of its reasons. Who, when, by which road, on which
proof and draft, which rules hit and in which version stays: that is what the log is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailhitl.decision import Decision
from mailhitl.store import chain
from mailhitl.store.chain import Content
from mailhitl.store.database import Database
from mailhitl.store.fields import at_text, clean
from mailhitl.store.models import DecisionRow
from mailhitl.store.statement import Statement, whole_row

_NEWEST = Statement(DecisionRow.select(DecisionRow.chain).order_by(DecisionRow.id.desc()).limit(1))
_APPEND = Statement(DecisionRow.insert(**whole_row(DecisionRow)))


def append(database: Database, case_id: int, decision: Decision) -> None:
    """Add a row to the log. Must stand inside the transaction of the move that it explains."""
    row = {
        "case": case_id,
        "event": str(decision.event),
        "by": clean(decision.by),
        "channel": str(decision.channel),
        "why": clean(decision.why),
        "at": at_text(decision.at),
        "code": clean(decision.code),
        "proof": clean(decision.proof),
        "revision": decision.revision,
        "draft_digest": decision.draft_digest,
        "reasons": [[reason.rule, reason.outcome, reason.text] for reason in decision.reasons],
        "versions": clean(decision.versions),
        "from_state": str(decision.from_state),
        "to_state": str(decision.to_state),
    }
    last = database.first(_NEWEST())
    linked = chain.columns("" if last is None else last.chain, content(row))
    database.run(_APPEND(**row | {"at": decision.at}, **linked))


def content(row: Mapping[str, Any]) -> Content:
    """What a row says, as it was read back or is about to be written: texts clean, ``at`` as ``at_text`` spells it."""
    reasons = row["reasons"]
    return Content(
        plain=[
            row["case"],
            row["event"],
            row["by"],
            row["channel"],
            row["at"],
            row["code"],
            row["proof"],
            row["revision"],
            row["draft_digest"],
            [[rule, outcome] for rule, outcome, _ in reasons],
            row["versions"],
            row["from_state"],
            row["to_state"],
        ],
        words=[row["why"], [text for _, _, text in reasons]],
    )
