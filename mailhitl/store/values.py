"""Rows, read as the values that leave the store."""

from __future__ import annotations

from typing import Any

from mailhitl.case import Case, Event, Outcome, State
from mailhitl.decision import Channel, Decision, Reason
from mailhitl.delivery import Delivery, Phase, RecipientResult, Status
from mailhitl.ports.store import Ask, Cursor, Filed, Notice


def case_of(row: Any) -> Case:
    return Case(
        id=row.id,
        mailbox=row.mailbox,
        state=State(row.state),
        version=row.version,
        message_id=row.message_id,
        thread=row.thread,
        sender=row.sender,
        subject=row.subject,
        opened_at=row.opened_at,
        folder=row.folder,
        uidvalidity=row.uidvalidity,
        uid=row.uid,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        revision=row.revision,
        draft_digest=row.draft_digest,
        group=row.group,
        not_before=row.not_before,
        held_at=row.held_at,
    )


def decision_of(row: Any) -> Decision:
    return Decision(
        event=Event(row.event),
        by=row.by,
        channel=Channel(row.channel),
        why=row.why,
        at=row.at,
        code=row.code,
        proof=row.proof,
        revision=row.revision,
        draft_digest=row.draft_digest,
        reasons=tuple(Reason(rule, Outcome(outcome), text) for rule, outcome, text in row.reasons),
        versions=row.versions,
        from_state=State(row.from_state),
        to_state=State(row.to_state),
    )


def delivery_of(row: Any) -> Delivery:
    return Delivery(
        case_id=row.case_id,
        revision=row.revision,
        attempt=row.attempt,
        message_id=row.message_id,
        phase=Phase(row.phase),
        started_at=row.started_at,
        ended_at=row.ended_at,
        results=tuple(RecipientResult(address, Status(status), reply) for address, status, reply in row.results),
    )


def cursor_of(row: Any) -> Cursor:
    return Cursor(row.uidvalidity, row.last_uid, row.start)


def filed_of(row: Any) -> Filed:
    return Filed(
        case_id=row.case_id,
        revision=row.revision,
        kind=row.kind,
        message_id=row.message_id,
        folder=row.folder,
        planned_at=row.planned_at,
        filed_at=row.filed_at,
        missing_since=row.missing_since,
    )


def ask_of(row: Any) -> Ask:
    return Ask(
        id=row.id,
        case_id=row.case_id,
        revision=row.revision,
        reviewer=row.reviewer,
        token_digest=row.token_digest,
        draft_digest=row.draft_digest,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
    )


def notice_of(row: Any) -> Notice:
    return Notice(
        id=row.id,
        mailbox=row.mailbox,
        key=row.key,
        kind=row.kind,
        recipient=row.recipient,
        message_id=row.message_id,
        raw=row.raw_mail,
        created_at=row.created_at,
        attempts=row.attempts,
        next_at=row.next_at,
        sent_at=row.sent_at,
    )
