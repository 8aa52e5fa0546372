"""A store with a long log in it: a year of a busy mailbox, written in bulk, with a chain that verifies."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from mailhitl.case import Event, State
from mailhitl.decision import Channel
from mailhitl.store import SqlStore, chain, history

#: The last moment of a filled log, a Sunday night.
END = datetime(2026, 11, 15, 23, 0, tzinfo=UTC)
RULES = tuple(f"Rule {number}" for number in range(20))
INTENTS = tuple(f"intent-{number}" for number in range(12))
GROUPS = ("support", "billing", "")
REVIEWERS = tuple(f"person{number}@example.com" for number in range(8))
FACTS = zlib.compress(b"{}")
#: How many cases are written in one transaction.
BATCH = 5_000

#: What becomes of a case, and how often in a hundred: each event with who causes it, and the minutes after the one
#: before it.
COURSES: tuple[tuple[int, tuple[tuple[Event, Channel, str, State, int], ...]], ...] = (
    (
        30,
        (
            (Event.APPROVE, Channel.RULE, "send", State.APPROVED, 0),
            (Event.CLAIM, Channel.DAEMON, "claim", State.SENDING, 1),
            (Event.ACCEPT, Channel.DAEMON, "accepted", State.SENT, 0),
        ),
    ),
    (
        45,
        (
            (Event.HOLD, Channel.RULE, "review", State.HELD, 0),
            (Event.APPROVE, Channel.REPLY, "reply-approve", State.APPROVED, 70),
            (Event.CLAIM, Channel.DAEMON, "claim", State.SENDING, 1),
            (Event.ACCEPT, Channel.DAEMON, "accepted", State.SENT, 0),
        ),
    ),
    (
        10,
        (
            (Event.HOLD, Channel.RULE, "review", State.HELD, 0),
            (Event.ESCALATE, Channel.DAEMON, "silence", State.HELD, 480),
            (Event.REJECT, Channel.REPLY, "reply-reject", State.REJECTED, 60),
        ),
    ),
    (5, ((Event.SKIP, Channel.RULE, "skip", State.SKIPPED, 0),)),
    (
        10,
        (
            (Event.HOLD, Channel.RULE, "block", State.HELD, 0),
            (Event.SUPERSEDE, Channel.HAND, "answered-by-hand", State.SUPERSEDED, 200),
        ),
    ),
)


@dataclass(slots=True)
class Filler:
    """Makes cases one after the other. The same seed gives the same log."""

    weeks: int
    random: Random = field(default_factory=lambda: Random(1))
    chain: str = ""
    case: int = 0
    rows: int = 0

    def fill(self, store: SqlStore, rows: int) -> int:
        """Write about so many rows of the log into an empty store, and their cases; return how many it has."""
        database = store.cases._database
        while self.rows < rows:
            tables: dict[str, list[dict[str, Any]]] = {}
            for _ in range(BATCH):
                if self.rows >= rows:
                    break
                for table, row in self._case(rows):
                    tables.setdefault(table, []).append(row)
            with database.tx():
                for table in ("cases", "decisions", "drafts", "judgments"):
                    _insert(database.engine, table, tables.get(table, []))
        return self.rows

    def _case(self, rows: int) -> Iterator[tuple[str, dict[str, Any]]]:
        self.case += 1
        length = timedelta(weeks=self.weeks)
        opened = END - length + length * (self.rows / rows)
        weight = self.random.randrange(100)
        steps = next(steps for most, steps in _summed() if weight < most)
        rule, outcome = self.random.choice(RULES), steps[0][2]
        edited = any(step[0] is Event.APPROVE for step in steps[1:]) and self.random.random() < 0.3
        log = list(self._log(steps, opened, rule, edited=edited))
        yield "cases", _case_row(self.case, opened, log, outcome, self.random.choice(GROUPS), int(edited))
        yield from (("decisions", row) for row in log)
        if outcome in ("send", "review"):
            yield from (("drafts", row) for row in self._drafts(edited=edited))
        yield (
            "judgments",
            {
                "case_id": self.case,
                "revision": 1,
                "at": _text(opened),
                "outcome": outcome,
                "hits": json.dumps([[rule, outcome, ""]]),
                "versions": "config 0",
                "intent": self.random.choice(INTENTS),
                "facts": FACTS,
            },
        )

    def _log(self, steps: Any, opened: datetime, rule: str, *, edited: bool) -> Iterator[dict[str, Any]]:
        state, at, reviewer = State.RECEIVED, opened, self.random.choice(REVIEWERS)
        reasons = [[rule, steps[0][2], "The rule says so."]]
        for event, channel, code, to, minutes in steps:
            at += timedelta(minutes=minutes * self.random.uniform(0.2, 2.0))
            by = reviewer if channel is Channel.REPLY else f"rule:{rule}" if channel is Channel.RULE else "daemon"
            row: dict[str, Any] = {
                "case": self.case,
                "event": event,
                "by": by,
                "channel": channel,
                "why": code,
                "at": _text(at),
                "code": code,
                "proof": "",
                "revision": 2 if edited and channel is not Channel.RULE else 1,
                "draft_digest": "0" * 64,
                "reasons": reasons,
                "versions": "config 0",
                "from_state": str(state),
                "to_state": str(to),
            }
            row |= chain.columns(self.chain, history.content(row))
            self.chain = row["chain"]
            row["case_id"] = row.pop("case")
            yield {**row, "reasons": json.dumps(reasons)}
            state, self.rows = to, self.rows + 1

    def _drafts(self, *, edited: bool) -> Iterator[dict[str, Any]]:
        text = "Dear customer,\n\nthank you for getting in touch. We look into it today.\n\nKind regards\n" * 3
        authors = ["drafter:template", self.random.choice(REVIEWERS)][: 1 + edited]
        for revision, author in enumerate(authors, 1):
            yield {
                "case_id": self.case,
                "revision": revision,
                "to": '["customer@example.org"]',
                "cc": "[]",
                "subject": "Re: My order",
                "text": text,
                "author": author,
                "template": f"template-{self.case % 9}",
                "language": "en",
                "evidence": "[]",
                "complete": True,
                "distance": self.random.random() if revision > 1 else None,
            }


def _case_row(
    number: int, opened: datetime, log: list[dict[str, Any]], outcome: str, group: str, edited: int
) -> dict[str, Any]:
    held = [row["at"] for row in log if row["to_state"] == State.HELD]
    names = ("fingerprint", "message_digest", "thread", "thread_digest", "sender_digest")
    return {
        **{name: f"{name}-{number}" for name in names},
        "id": number,
        "mailbox": "support",
        "state": log[-1]["to_state"],
        "version": len(log),
        "message_id": f"<{number}@example.org>",
        "sender": f"customer{number % 5000}@example.org",
        "subject": f"My order {number}",
        "opened_at": _text(opened),
        "folder": "INBOX",
        "uidvalidity": 1,
        "uid": number,
        "outcome": outcome,
        "revision": 1 + edited if outcome in ("send", "review") else 0,
        "draft_digest": "0" * 64 if outcome in ("send", "review") else None,
        "group": group,
        "not_before": None,
        "held_at": held[0] if held else None,
        "erased": "",
    }


def _insert(engine: Any, table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        columns = ", ".join(f'"{name}"' for name in rows[0])
        values = ", ".join([engine.param] * len(rows[0]))
        statement = f'INSERT INTO "{table}" ({columns}) VALUES ({values})'
        engine.cursor().executemany(statement, [tuple(row.values()) for row in rows])


def _summed() -> Iterator[tuple[int, Any]]:
    most = 0
    for share, steps in COURSES:
        most += share
        yield most, steps


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
