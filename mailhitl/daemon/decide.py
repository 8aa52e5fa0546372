"""What a reviewer decided is carried out: the one place where a hand in a folder and a reply meet the state machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mailhitl.case import Case, Event, Outcome, State
from mailhitl.daemon import facts
from mailhitl.daemon.app import App
from mailhitl.daemon.sources import source_of
from mailhitl.decision import Channel, Decision, Reason, Verdict
from mailhitl.draft import Draft
from mailhitl.errors import IllegalTransition, StaleCase
from mailhitl.mail.edited import EditedDraft
from mailhitl.ports.journal import Judgment
from mailhitl.review.approval import hidden_copies, objections
from mailhitl.review.reviewers import Hand, may_approve

#: Logged when an approval was seen and not followed: the same sight must not be read as a confirmation later.
HELD_AGAIN = "held-again"


@dataclass(frozen=True, slots=True)
class Result:
    """Whether it was done, and what to tell the one who asked for it."""

    done: bool
    text: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants: by whose hand, by which road, and in what words."""

    hand: Hand
    channel: Channel
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Edited:
    """A reviewer's own version of a draft, which becomes a new revision, and what the rules made of it."""

    draft: Draft
    judgment: Judgment


def approve(app: App, case: Case, wish: Wish, edit: EditedDraft | None = None) -> Result:
    """Release the current draft, or the reviewer's own version of it, unless something stands against it."""
    if case.state is not State.HELD:
        return too_late(app, case)
    if case.draft_digest is None:
        return Result(False, "There is no draft to approve. Please answer the customer yourself.")
    if edit and edit.conflict:
        return _unreadable(edit)
    current = app.store.cases.draft(case)
    wanted = _edited(current, edit, wish.hand) if edit and edit.draft.digest != current.digest else current
    source = source_of(app, case)
    gathered = facts.gather(app, case, source, wanted, edited=edit is not None)
    verdict = facts.verdict(app, gathered)
    against = [*objections(case, current, wanted, source, gathered.findings, verdict), *hidden_copies(edit)]
    judged = Edited(wanted, facts.judgment(app, gathered, verdict)) if edit else None
    if against:
        return _hold_again(app, case, wish, judged, against)
    return _count(app, case, wish, wanted, verdict, judged)


def _count(app: App, case: Case, wish: Wish, wanted: Draft, verdict: Verdict, edit: Edited | None) -> Result:
    """One approval more: enough, or one of several."""
    # The address that stood for a person yesterday may be their alias today.
    person = app.reviewers.standing_for
    releases, why_not = may_approve(
        wish.hand,
        log=[replace(row, by=person(row.by)) for row in app.store.cases.log(case)],
        digest=wanted.digest,
        author=person(wanted.author),
        needed=verdict.approvals,
        named=verdict.named,
    )
    if why_not:
        return _hold_again(app, case, wish, edit, [why_not])
    event = Event.APPROVE if releases else Event.ENDORSE
    decision = _decision(app, event, wish, reasons=verdict.reasons)
    try:
        _move(app, case, decision, edit)
    except (StaleCase, IllegalTransition):
        return too_late(app, app.store.cases.get(case.id))
    if releases:
        return Result(True, "Approved: it goes out now.")
    return Result(True, f"Your approval counts. {verdict.approvals} people have to agree, so it waits for another one.")


def _hold_again(app: App, case: Case, wish: Wish, edit: Edited | None, against: Iterable[str]) -> Result:
    """Nothing leaves; an edit is kept as a new revision, so that a second approval can confirm it."""
    reasons = tuple(Reason("approval", case.outcome or Outcome.REVIEW, text) for text in against)
    why = " ".join(reason.text for reason in reasons)
    decision = _decision(app, Event.REVISE, replace(wish, code=HELD_AGAIN, why=why), reasons=reasons)
    try:
        _move(app, case, decision, edit)
    except (StaleCase, IllegalTransition):
        return too_late(app, app.store.cases.get(case.id))
    return Result(False, why)


def _move(app: App, case: Case, decision: Decision, edit: Edited | None) -> None:
    if edit:
        app.store.cases.move(case, decision.event, decision, draft=edit.draft, judgment=edit.judgment)
    else:
        app.store.cases.move(case, decision.event, decision)


def reject(app: App, case: Case, wish: Wish) -> Result:
    return _simple(app, case, Event.REJECT, wish, "Rejected: nothing is sent; the customer's question stays open.")


def arrived(app: App, case: Case, wish: Wish) -> Result:
    """A person has seen that the customer has an answer."""
    return _simple(app, case, Event.SUPERSEDE, wish, "Closed: the customer has an answer.")


def hold(app: App, case: Case, wish: Wish) -> Result:
    """Take an approval back before it left."""
    return _simple(app, case, Event.HOLD, wish, "Held back: it waits for a decision again.")


def escalate(app: App, case: Case, wish: Wish, to: str = "") -> Result:
    """Ask the named group, or the next one."""
    found = app.reviewers.find_group(to) if to else app.reviewers.next_group(case.group.partition(",")[0])
    if found is None:
        groups = sorted({group for person in app.reviewers.people for group in person.groups})
        return Result(False, f"Nobody is called “{to}” here. The groups are: {', '.join(groups) or 'none'}.")
    if case.state is not State.HELD:
        return too_late(app, case)
    if any(row.event is Event.ESCALATE and row.proof == wish.hand.proof for row in app.store.cases.log(case)):
        # The very same hand, read again after a crash: it asked for one group, not for the one after it as well.
        return Result(True, f"Escalated to {case.group or 'everybody'}.")
    try:
        app.store.cases.move(case, Event.ESCALATE, _decision(app, Event.ESCALATE, wish), group=found)
    except (StaleCase, IllegalTransition):
        return too_late(app, app.store.cases.get(case.id))
    return Result(True, f"Escalated to {found or 'everybody'}.")


def snooze(app: App, case: Case, wish: Wish, text: str) -> Result:
    """Leave the reviewers alone for a while: a row of the log, from which ``review/reminders`` reads until when."""
    return _simple(app, case, Event.REVISE, wish, text)


def revise(app: App, case: Case, wish: Wish, edit: EditedDraft) -> Result:
    """Keep a reviewer's edit as the current draft; no approval."""
    if case.state is not State.HELD or case.draft_digest is None:
        return too_late(app, case)
    if edit.conflict:
        return _unreadable(edit)
    current = app.store.cases.draft(case)
    wanted = _edited(current, edit, wish.hand)
    gathered = facts.gather(app, case, source_of(app, case), wanted, edited=True)
    judged = Edited(wanted, facts.judgment(app, gathered, facts.verdict(app, gathered)))
    try:
        _move(app, case, _decision(app, Event.REVISE, wish), judged)
    except (StaleCase, IllegalTransition):
        return too_late(app, app.store.cases.get(case.id))
    return Result(True, "Your version is the draft now.")


def _unreadable(edit: EditedDraft) -> Result:
    """Whose words these are is clear, what they say is not: they become no draft."""
    return Result(False, f"{edit.conflict} Nothing was done with that version. Please save it as plain text.")


def too_late(app: App, case: Case) -> Result:
    """Say what happened before: the first decision wins."""
    log = [row for row in app.store.cases.log(case) if row.to_state is not row.from_state]
    if not log:
        return Result(False, f"This case is {case.state}.")
    last = log[-1]
    when = last.at.astimezone(app.settings.timezone).strftime("%a %d %b, %H:%M")
    return Result(False, f"Nothing was done: this case is already {case.state} ({last.event} by {last.by}, {when}).")


def _simple(app: App, case: Case, event: Event, wish: Wish, text: str) -> Result:
    try:
        app.store.cases.move(case, event, _decision(app, event, wish))
    except (StaleCase, IllegalTransition):
        return too_late(app, app.store.cases.get(case.id))
    return Result(True, text)


def _edited(current: Draft, edit: EditedDraft, hand: Hand) -> Draft:
    new = edit.draft
    return replace(
        current,
        to=new.to,
        cc=new.cc,
        subject=new.subject,
        text=new.text,
        attachments=new.attachments,
        author=hand.by,
        complete=True,
    )


def _decision(app: App, event: Event, wish: Wish, reasons: tuple[Reason, ...] = ()) -> Decision:
    return Decision(
        event,
        wish.hand.by,
        wish.channel,
        wish.why,
        app.now(),
        code=wish.code,
        proof=wish.hand.proof,
        reasons=reasons,
        versions=app.settings.versions,
    )
