"""Approved drafts leave by SMTP, once. The only place that sends to customers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from mailhitl.case import Case, Event, Outcome, State
from mailhitl.daemon import alerts, byhand, judging, pause
from mailhitl.daemon.app import App
from mailhitl.daemon.digest import signoff as digest_signoff
from mailhitl.daemon.poison import each
from mailhitl.daemon.sources import source_of
from mailhitl.daemon.trust import leaving
from mailhitl.decision import Channel, Decision
from mailhitl.delivery import Delivery, Handover, Phase, Status, next_attempt
from mailhitl.draft import Draft
from mailhitl.mail.compose import compose_answer
from mailhitl.mail.edited import draft_of
from mailhitl.mail.markup import html_of
from mailhitl.mail.stamp import Kind, PrivateId, write_id
from mailhitl.ports.store import Filed
from mailhitl.review.filing import OUTGOING
from mailhitl.review.gesture import Role

log = structlog.get_logger(__name__)

#: How long a pause or a cap lets an approved answer wait before it is looked at again.
LATER = timedelta(minutes=5)


def recover(app: App) -> int:
    """At start: what was being sent when the process died either never left, or a person has to look."""
    return each(app, "outbox", app.store.cases.in_state(State.SENDING, mailbox=app.settings.mailbox), _recover)


def _recover(app: App, case: Case) -> int:
    attempts = app.store.deliveries.of(case)
    phase = attempts[-1].phase if attempts else Phase.CONNECT
    if phase.safe:
        _move(app, case, Event.DEFER, f"stopped before the mail was handed over ({phase}); trying again", "safe")
    else:
        _back_to_people(app, case, Event.LOSE, LOST, "unknown")
    return 1


LOST = (
    "The mail was being handed over when the connection broke, so it may have gone out. "
    "It is not sent again by itself. Please look whether it arrived: "
    "answer the packet with “arrived”, or “approve” to send it again."
)


RENEW = "Its password or token has to be renewed. Nothing is lost: each answer is tried again for days."

LOOK = "It is not sent again by itself. A reviewer has to look whether it arrived; their packet says how."


def run_once(app: App) -> int:
    """Send what is approved and due; return how many the server accepted."""
    return each(app, "outbox", app.store.cases.in_state(State.APPROVED, mailbox=app.settings.mailbox), _send_if_due)


def _send_if_due(app: App, case: Case) -> int:
    if case.not_before and (left := app.left(f"case {case.id}", case.not_before)) > timedelta(0):
        app.agenda.at(app.now() + left)
        return 0
    looked_at = _last_look(app, case)
    return _send(app, looked_at) if looked_at else 0


def _last_look(app: App, case: Case) -> Case | None:
    """The last look before sending: pause, an answer by hand, the customer's newer mail, a hand in the folders; and for
    what no person has seen the undo window, office hours, caps and the rules once more.

    Returns the case as it was looked at, None when it may not leave: compare-and-set refuses what was changed since.
    """
    automatic = is_automatic(app, case)
    if pause.holds(app, automatic=automatic):
        app.agenda.at(app.now() + LATER)
        return None
    byhand.run_once(app)
    fresh = app.store.cases.get(case.id)
    if fresh.state is not State.APPROVED or _moved_since(app, fresh):
        return None
    return fresh if not automatic or _may_leave_unseen(app, fresh) else None


def _may_leave_unseen(app: App, case: Case) -> bool:
    against = leaving.against(app, case) or _taken_out(app, case)
    if against:
        _move(app, case, Event.HOLD, against, "send-check")
        return False
    opens = leaving.closed_until(app, case)
    if opens is not None:
        app.agenda.at(opens)
        return False
    return _was_shown(app, case) and _still_says_send(app, case)


def _still_says_send(app: App, case: Case) -> bool:
    """The rules run once more: what has changed since the approval may ask for a person now."""
    verdict = judging.judge_again(app, case)
    if verdict.outcome is Outcome.SEND:
        return True
    reasons = tuple(reason for reason in verdict.reasons if reason.outcome is not Outcome.SEND)
    why = f"Before it left, the rules were asked again: {'; '.join(reason.text for reason in reasons)}"
    held = Decision(
        Event.HOLD, "outbox", Channel.DAEMON, why, app.now(), "judged-again", reasons=reasons, versions=_versions(app)
    )
    app.store.cases.move(case, Event.HOLD, held, outcome=Outcome.REVIEW, group=",".join(verdict.groups))
    log.info("outbox", case=case.id, what="hold", code=held.code)
    return False


def is_automatic(app: App, case: Case) -> bool:
    """Whether rules alone let it out."""
    return case.outcome is Outcome.SEND and not _approved_by_person(app, case)


def _versions(app: App) -> str:
    return app.settings.versions


def _approval(app: App, case: Case) -> Decision | None:
    return next((row for row in reversed(app.store.cases.log(case)) if row.event is Event.APPROVE), None)


def _approved_by_person(app: App, case: Case) -> bool:
    approval = _approval(app, case)
    return approval is not None and approval.channel is not Channel.RULE


def _moved_since(app: App, case: Case) -> bool:
    """Whether what the last look saw in Approve or Outgoing is not there any more: what that means, a look must say."""
    waiting = (Role.APPROVE, Role.OUTGOING)
    seen = {at for at, one in app.seen.items() if one and one.claim.case_id == case.id and one.role in waiting}
    there = {at for folder in {at.folder for at in seen} for at in app.mailbox.locations(folder)}
    return not seen <= there


def _shown(app: App, case: Case) -> Filed | None:
    """What is remembered of its draft in Outgoing, once that was filed."""
    rows = app.store.filings.standing(app.settings.mailbox)
    return next((row for row in rows if row.case_id == case.id and row.kind == OUTGOING and row.filed_at), None)


def _taken_out(app: App, case: Case) -> str:
    row = _shown(app, case)
    gone = row is not None and not app.mailbox.find(row.folder, row.message_id)
    return "It was taken out of Outgoing before it left." if gone else ""


def _was_shown(app: App, case: Case) -> bool:
    """Whether it could be stopped for as long as its rule says, counted from when it could be seen in Outgoing.

    What the server has deferred was shown long enough before its first attempt.
    """
    approval, row = _approval(app, case), _shown(app, case)
    if case.not_before is None or approval is None or app.store.deliveries.of(case):
        return True
    if row is None or row.filed_at is None:
        return False
    undo = min(case.not_before - approval.at, leaving.undo_time(app, case))
    left = app.left(f"shown {case.id}", row.filed_at + undo, undo)
    if left > timedelta(0):
        app.agenda.at(app.now() + left)
    return left <= timedelta(0)


@dataclass(frozen=True, slots=True)
class _Parcel:
    """One attempt, composed and ready to hand over."""

    case: Case
    draft: Draft
    delivery: Delivery
    raw: bytes
    pending: tuple[str, ...]


def _send(app: App, case: Case) -> int:
    parcel = _pack(app, case)
    # Whoever holds the mail or its copy in Sent can show by it that these very bytes were let out here.
    proof = f"mail {parcel.delivery.message_id}, sha256 {hashlib.sha256(parcel.raw).hexdigest()}"
    claim = Decision(Event.CLAIM, "outbox", Channel.DAEMON, "", app.now(), "claim", proof, versions=_versions(app))
    claimed = app.store.cases.move(case, Event.CLAIM, claim, delivery=parcel.delivery)
    if not parcel.pending:
        return _settle(app, claimed, parcel, Handover((), Phase.DONE))

    def record(phase: Phase) -> None:
        app.store.deliveries.record_phase(claimed, parcel.delivery.attempt, phase)

    handover = app.transport.hand_over(parcel.raw, app.settings.address.spec, parcel.pending, on_phase=record)
    return _settle(app, claimed, parcel, handover)


def _pack(app: App, case: Case) -> _Parcel:
    """Compose the answer afresh from the approved revision. What is sent is what was approved, asserted here."""
    draft = app.store.cases.draft(case)
    earlier = app.store.deliveries.of(case)
    same = [d for d in earlier if _same_words(app.store.cases.draft(case, d.revision), draft)]
    accepted = {r.address.lower() for d in same for r in d.results if r.status is Status.ACCEPTED}
    message_id = write_id(PrivateId(Kind.SENT, case.id, _first_of(app, case)), app.key, app.settings.domain)
    delivery = Delivery(case.id, case.revision, len(earlier) + 1, message_id, Phase.CONNECT, app.now())
    raw = compose(app, case, draft, message_id, delivery.started_at)
    if draft_of(raw).digest != case.draft_digest:
        raise AssertionError(f"case {case.id}: the composed mail is not the approved draft")
    pending = tuple(address for address in draft.recipients if address.lower() not in accepted)
    return _Parcel(case, draft, delivery, raw, pending)


def _same_words(one: Draft, other: Draft) -> bool:
    """Whether both would tell their readers the same: whoever has the one needs no copy of the other."""
    return replace(one, to=(), cc=()).digest == replace(other, to=(), cc=()).digest


def _first_of(app: App, case: Case) -> int:
    """The first revision with these very words: sent again they keep their Message-ID, so most systems show one."""
    digests = (app.store.cases.draft(case, revision).digest for revision in range(1, case.revision + 1))
    return next(number for number, digest in enumerate(digests, 1) if digest == case.draft_digest)


def compose(app: App, case: Case, draft: Draft, message_id: str, at: datetime) -> bytes:
    """The customer's mail as bytes; the same for the copy in Sent."""
    source = source_of(app, case)
    automatic = is_automatic(app, case)
    html = digest_signoff.own_html(app, case, draft) or app.drafting.frame(draft, html_of(draft.text))
    return compose_answer(
        draft, source, message_id=message_id, sender=app.settings.address, now=at, automatic=automatic, html=html
    )


def _settle(app: App, case: Case, parcel: _Parcel, handover: Handover) -> int:
    """Record what became of it, per recipient. Unknown is worst: nobody can know, so a person has to look."""
    delivery = parcel.delivery.ended(handover, app.now())
    if handover.unknown:
        _back_to_people(app, case, Event.LOSE, f"{LOST} The last that was heard: {handover.reply}", "unknown", delivery)
    elif handover.deferred:
        _defer(app, case, delivery, handover)
    elif handover.refused:
        _refuse(app, case, delivery, handover)
    else:
        _move(app, case, Event.ACCEPT, handover.reply, "accepted", delivery)
        return 1
    return 0


def _defer(app: App, case: Case, delivery: Delivery, handover: Handover) -> None:
    # A person who has decided again has begun anew: what was tried before is another revision.
    tried = [earlier.started_at for earlier in app.store.deliveries.of(case) if earlier.revision == case.revision]
    again = next_attempt(len(tried), min(tried), app.now())
    if again is None:
        _refuse(app, case, delivery, handover)
        return
    if handover.phase is Phase.GREET and any(each.reply.startswith("login ") for each in handover.results):
        subject = "the SMTP server refuses our login: answers wait"
        alerts.raise_alarm(app, key=f"smtp-login:{app.now():%Y-%m-%d}", subject=subject, text=RENEW)
    _move(app, case, Event.DEFER, handover.reply, "deferred", delivery, not_before=again)
    app.agenda.at(again)


def _refuse(app: App, case: Case, delivery: Delivery, handover: Handover) -> None:
    told = f" It did reach {', '.join(handover.accepted)}." if handover.accepted else ""
    why = f"The mail server would not take the answer: {handover.reply}.{told}"
    _back_to_people(app, case, Event.REFUSE, why, "refused", delivery)


def _back_to_people(app: App, case: Case, event: Event, why: str, code: str, delivery: Delivery | None = None) -> None:
    """A person has to decide again. The same words become a new revision, so that everybody is asked anew and no
    approval of before counts for it."""
    _move(app, case, event, why, code, delivery, draft=app.store.cases.draft(case))
    if event is Event.LOSE:
        subject = f"the answer to case {case.id} may have gone out, nobody can know"
        alerts.raise_alarm(app, key=f"unknown:{case.id}:{case.version}", subject=subject, text=LOOK)


def _move(
    app: App,
    case: Case,
    event: Event,
    why: str,
    code: str,
    delivery: Delivery | None = None,
    not_before: datetime | None = None,
    draft: Draft | None = None,
) -> None:
    decision = Decision(event, "outbox", Channel.DAEMON, why, app.now(), code=code, versions=_versions(app))
    app.store.cases.move(case, event, decision, delivery=delivery, not_before=not_before, draft=draft)
    log.info("outbox", case=case.id, what=str(event), code=code)
