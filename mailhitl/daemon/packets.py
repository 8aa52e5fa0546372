"""Packets: composed for the review folder and for each reviewer, with a token that is bound to what was shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from mailhitl.case import Case, Event, State
from mailhitl.daemon.alerts import people
from mailhitl.daemon.app import App
from mailhitl.daemon.byhand import UNPROVEN
from mailhitl.daemon.decide import HELD_AGAIN
from mailhitl.daemon.health import flood
from mailhitl.daemon.marks import ANSWERED_MARK
from mailhitl.daemon.poison import each
from mailhitl.daemon.sources import original, source_of
from mailhitl.decision import Decision
from mailhitl.draft import Draft
from mailhitl.mail import plus
from mailhitl.mail.compose import compose_notice
from mailhitl.mail.message import Message
from mailhitl.mail.stamp import Kind, PrivateId, new_token, token_digest, write_id
from mailhitl.ports.store import Ask, Notice
from mailhitl.review.packet import Packet, Queue, distinct, render
from mailhitl.review.reminders import SILENCE
from mailhitl.review.reviewers import Reviewer


def in_line(cases: Iterable[Case]) -> list[Case]:
    """Those of these cases that wait for a person, the one that has waited longest first."""
    return sorted((case for case in cases if case.state is State.HELD), key=lambda case: case.opened_at)


def waiting(app: App) -> list[Case]:
    """All that wait for a person."""
    return in_line(app.store.cases.in_state(State.HELD, mailbox=app.settings.mailbox))


def for_folder(app: App, case: Case, queue: Sequence[Case], draft: Draft | None) -> tuple[str, bytes, Ask]:
    """Return (Message-ID, bytes, who is asked) of the packet that stands beside the draft; the store knows it not yet.

    Its token proves only that somebody can read the shared mailbox: no more than a hand in a folder does.
    """
    token = new_token()
    expires = app.now() + app.settings.expire_after
    ask = Ask(0, case.id, case.revision, "", token_digest(token, app.key), case.draft_digest or "", app.now(), expires)
    message_id = write_id(PrivateId(Kind.PACKET, case.id, case.revision, token), app.key, app.settings.domain)
    return message_id, _compose(app, case, app.settings.address.spec, message_id, token, queue, draft), ask


def run_once(app: App) -> int:
    """Queue a packet for every reviewer who has to be asked about a held case and was not; return how many."""
    if app.settings.notify != "reviewers":
        return 0
    queue = waiting(app)
    return each(app, "packets", flood.asked_about(app, queue), lambda app, case: _ask_all(app, case, queue))


def _ask_all(app: App, case: Case, queue: Sequence[Case]) -> int:
    asks = app.store.asks.of(case)
    known = {app.reviewers.standing_for(ask.reviewer) for ask in asks if ask.revision == case.revision}
    missing = [person.address.lower() for person in asked(app, case) if person.address.lower() not in known]
    for reviewer in missing:
        _ask(app, case, reviewer, queue)
    return len(missing)


def asked(app: App, case: Case) -> tuple[Reviewer, ...]:
    """Whom to ask today: the group's people, or those in their place, and as many others as have to agree."""
    found = people(app, case.group)
    if len(found) >= max((rule.approvals for rule in app.rules), default=1):
        return found
    named = {reason.rule for row in app.store.cases.log(case) for reason in row.reasons}
    needed = max((rule.approvals for rule in app.rules if rule.name in named), default=1)
    others = [person for person in people(app, "") if person not in found]
    return (*found, *others[: max(0, needed - len(found))])


def _ask(app: App, case: Case, reviewer: str, queue: Sequence[Case]) -> None:
    token = new_token()
    expires = app.now() + app.settings.expire_after
    message_id = write_id(PrivateId(Kind.PACKET, case.id, case.revision, token), app.key, app.settings.domain)
    raw = _compose(app, case, reviewer, message_id, token, queue)
    key = f"packet:{case.id}:{case.revision}:{reviewer}"
    notice = Notice(0, app.settings.mailbox, key, "packet", reviewer, message_id, raw, app.now())
    app.store.asks.ask(case, reviewer, token_digest(token, app.key), app.now(), expires, notice=notice)


def reply_to(app: App, kind: Kind, token: str) -> str:
    """Where answers go, when that brings the token along; "": to the mailbox itself."""
    return plus.for_answer(app.settings.address, kind, token) if app.settings.plus_addressing else ""


def draft_of(app: App, case: Case) -> Draft | None:
    """The answer that is proposed, where there is one."""
    return app.store.cases.draft(case) if case.draft_digest else None


def _compose(
    app: App, case: Case, to: str, message_id: str, token: str, queue: Sequence[Case], draft: Draft | None = None
) -> bytes:
    packet = packet_of(app, case, queue, draft)
    text, html = render(packet, app.templates)
    return compose_notice(
        sender=app.settings.address,
        to=to,
        subject=packet.subject,
        text=text,
        html=html,
        message_id=message_id,
        now=app.now(),
        reply_to=reply_to(app, Kind.PACKET, token),
        attached=original(app, case),
    )


def packet_of(app: App, case: Case, queue: Sequence[Case] = (), draft: Draft | None = None) -> Packet:
    """All that a packet on this case says now.

    ``queue`` are all that wait, the oldest first, and ``draft`` is the case's, where they have been read already.
    """
    source = source_of(app, case)
    draft = draft or draft_of(app, case)
    log = app.store.cases.log(case)
    return Packet(
        case=case,
        source=source,
        draft=draft,
        answer=app.drafting.own_words(draft, source).strip() if draft else "",
        reasons=distinct([reason for row in log for reason in row.reasons if reason.rule != "approval"]),
        notes=_notes(log, case),
        previous=_previous(app, case, source),
        expires_at=_closes(app, case),
        queue=_besides(app, case, queue or waiting(app)),
        lost=bool(log) and _last_move(log).event is Event.LOSE,
    )


def _closes(app: App, case: Case) -> datetime | None:
    """When it is closed without a decision, on the agent's clock."""
    return (case.held_at + app.settings.expire_after).astimezone(app.settings.timezone) if case.held_at else None


def _besides(app: App, case: Case, queue: Sequence[Case]) -> Queue:
    oldest = next((other.opened_at for other in queue if other.id != case.id), None)
    count = len(queue) - (case.state is State.HELD)
    return Queue(count, oldest and oldest.astimezone(app.settings.timezone))


def _previous(app: App, case: Case, source: Message) -> str:
    if case.revision < 2:
        return ""
    return app.drafting.own_words(app.store.cases.draft(case, case.revision - 1), source).strip()


def _last_move(log: Sequence[Decision]) -> Decision:
    moves = [row for row in log if row.to_state is not row.from_state]
    return (moves or list(log))[-1]


def _notes(log: Sequence[Decision], case: Case) -> tuple[str, ...]:
    """Why it is back, or why it comes to you: the newest refusal to send this revision, or others' silence."""
    telling = (Event.REFUSE, Event.LOSE)
    notes = [
        row.why
        for row in log
        if (row.code == HELD_AGAIN and row.revision == case.revision)
        or row.event in telling
        or row.code in (SILENCE, ANSWERED_MARK, UNPROVEN)
    ]
    return tuple(notes[-1:])
