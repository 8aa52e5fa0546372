"""Mails, drafts and decisions that the store's tests speak of."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from mailhitl.case import Case, Event, Outcome, State
from mailhitl.decision import Channel, Decision, Reason
from mailhitl.delivery import Delivery, Phase
from mailhitl.draft import Attachment, Draft
from mailhitl.mail.message import Address, Message
from mailhitl.ports.mailbox import Location
from mailhitl.ports.store import Arrival
from mailhitl.store import SqlStore

NOON = datetime(2026, 1, 5, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

DRAFT = Draft(
    to=("ann@example.org",),
    cc=("bob@example.org",),
    subject="Re: Refund",
    text="Dear Ann,\n\nhere is your money: 5 €.\n",
    author="drafter:template",
    template="refund",
    language="en",
    evidence=("templates/reply/refund.txt.j2",),
    attachments=(Attachment("receipt.pdf", "application/pdf", b"%PDF\x00\xff"), Attachment("b.txt", "text/plain", b"")),
    complete=False,
)


def arrival(number: int = 1, **changes: Any) -> Arrival:
    """The ``number``-th mail of the mailbox, with ``changes`` to the arrival or (``message_…``) its message."""
    message = {
        "message_id": f"<m{number}@example.org>",
        "senders": (Address("Ann", "Ann@example.org"),),
        "subject": "Refund",
    }
    message |= {
        name.removeprefix("message_"): changes.pop(name) for name in list(changes) if name.startswith("message_")
    }
    fields: dict[str, Any] = {
        "mailbox": "support",
        "location": Location("INBOX", 7, number),
        "message": Message(**message),
        "thread": f"<m{number}@example.org>",
        "fingerprint": f"fingerprint-{number}",
        "arrived": NOON,
        "source": b"Subject: Refund\r\n\r\nI want my money back.\r\n",
    }
    return Arrival(**(fields | changes))


def decision(event: Event, *, channel: Channel = Channel.FOLDER, at: datetime = NOON, **fields: Any) -> Decision:
    return Decision(event, by="anna@example.com", channel=channel, why="because", at=at, **fields)


def opened(store: SqlStore, number: int = 1, **changes: Any) -> Case:
    case = store.cases.open(arrival(number, **changes))
    assert case is not None
    return case


def held(store: SqlStore, number: int = 1, draft: Draft | None = DRAFT, **changes: Any) -> Case:
    why = decision(Event.HOLD, channel=Channel.RULE, reasons=(Reason("Refunds", Outcome.REVIEW, "Money leaves."),))
    case = opened(store, number, **changes)
    return store.cases.move(case, Event.HOLD, why, draft=draft, outcome=Outcome.REVIEW, group="billing")


def approved(store: SqlStore, number: int = 1, **changes: Any) -> Case:
    return moved(store, held(store, number, **changes), Event.APPROVE)


def sending(store: SqlStore, number: int = 1, **changes: Any) -> Case:
    case = approved(store, number, **changes)
    return moved(store, case, Event.CLAIM, delivery=attempt(case))


def sent(store: SqlStore, number: int = 1, **changes: Any) -> Case:
    return moved(store, sending(store, number, **changes), Event.ACCEPT)


def sent_by_a_rule(store: SqlStore, number: int = 1, *, at: datetime = NOON, draft: Draft = DRAFT) -> Case:
    why = decision(Event.APPROVE, channel=Channel.RULE)
    case = store.cases.move(opened(store, number), Event.APPROVE, why, draft=draft)
    case = moved(store, case, Event.CLAIM)
    return store.cases.move(case, Event.ACCEPT, decision(Event.ACCEPT, channel=Channel.DAEMON, at=at))


def moved(store: SqlStore, case: Case, *events: Event, **fields: Any) -> Case:
    for event in events:
        case = store.cases.move(case, event, decision(event), **fields)
    return case


def attempt(case: Case, number: int = 1) -> Delivery:
    return Delivery(case.id, case.revision, number, f"<{case.id}.{case.revision}@example.com>", Phase.CONNECT, NOON)


def in_every_state(store: SqlStore) -> list[Case]:
    return list(store.cases.in_state(*State))


def tamper(url: str, sql: str) -> None:
    """Change the database behind the store's back."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database, database:
            database.execute(sql)
    else:
        with psycopg.connect(url) as server:
            server.execute(sql.encode())
