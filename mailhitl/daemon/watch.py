"""Reviewers' gestures in the folders become decisions, after the time in which a hand may change its mind."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import structlog

from mailhitl.case import Case, Event, State
from mailhitl.daemon import alerts, decide, rights
from mailhitl.daemon.app import App
from mailhitl.daemon.decide import Result, Wish
from mailhitl.daemon.look import Everything, Foreign, look
from mailhitl.daemon.poison import each
from mailhitl.decision import Channel
from mailhitl.errors import MailboxFull
from mailhitl.review.gesture import DECISION_ROLES, Gesture, Look, Sighting
from mailhitl.review.gestures import read
from mailhitl.review.reviewers import SOMEONE, Hand

log = structlog.get_logger(__name__)


def run_once(app: App) -> int:
    """Carry out every gesture whose time has come; return how many counted."""
    seen = look(app)
    gestures = {one.case.id: (one, gesture) for one in seen.looks if (gesture := read(one))}
    full: list[MailboxFull] = []

    def carry_out(app: App, case: Case) -> int:
        try:
            return _when_due(app, *gestures[case.id])
        except MailboxFull as problem:
            # No room to put a draft back: the other hands are read all the same, as answers leave all the same.
            full.append(problem)
            return 0

    counted = each(app, "watch", [one.case for one, _ in gestures.values()], carry_out)
    keep = {gesture.key for _, gesture in gestures.values()} | {_foreign_key(one) for one in seen.foreign}
    app.store.sights.keep(app.settings.mailbox, keep)
    _put_back_foreign(app, seen)
    for problem in full:
        raise problem
    return counted


def _when_due(app: App, one: Look, gesture: Gesture) -> int:
    now = app.now()
    since = app.store.sights.first_seen(app.settings.mailbox, gesture.key, now)
    app.agenda.hands = app.agenda.hands or since == now
    patience = _patience(app, gesture)
    left = app.left(gesture.key, since + patience, patience)
    if left > timedelta(0):
        app.agenda.at(now + left)
        return 0
    return _carry_out(app, one, gesture)


def _patience(app: App, gesture: Gesture) -> timedelta:
    """How long a sight must stay the same. mutt puts a draft into the trash while it is open: that waits longest.

    What takes an automatic answer back counts at once: it may leave any moment, and held back it harms nobody.
    """
    waits = {"edited": app.settings.settle, "trashed": app.settings.restore_after, "cancelled": timedelta(0)}
    return waits.get(gesture.code, app.settings.grace)


def _carry_out(app: App, one: Look, gesture: Gesture) -> int:
    wish = Wish(_hand(app, gesture), Channel.FOLDER, gesture.code, gesture.why)
    if gesture.event is None:
        _ask_back(app, one, gesture)
        return 0
    if gesture.event is Event.HOLD:
        # Where it stands now is read anew, as a held draft's place.
        return int(decide.hold(app, one.case, wish).done)
    before = (row for row in app.store.cases.log(one.case) if row.channel is Channel.FOLDER)
    if any(row.proof == wish.hand.proof and row.event is not Event.HOLD for row in before):
        # Read before; only the move back into Review was lost.
        _put_back_if_held(app, one)
        return 0
    result = _decide(app, one, gesture, wish)
    log.info("gesture", case=one.case.id, gesture=gesture.code, by=wish.hand.by, done=result.done)
    if not result.done:
        alerts.note(app, one.case, key=f"{gesture.key}:{one.case.version}", text=result.text)
    _put_back_if_held(app, one)
    return int(result.done)


def _decide(app: App, one: Look, gesture: Gesture, wish: Wish) -> Result:
    case = one.case
    match gesture.event:
        case Event.APPROVE:
            against = rights.refused(app, gesture.place.folder)
            return Result(False, against) if against else decide.approve(app, case, wish, gesture.edit)
        case Event.REJECT:
            return decide.reject(app, case, wish)
        case Event.ESCALATE:
            if gesture.edit:
                decide.revise(app, case, wish, gesture.edit)
                case = app.store.cases.get(case.id)
            return decide.escalate(app, case, wish)
        case Event.REVISE if gesture.edit:
            return decide.revise(app, case, wish, gesture.edit)
    raise AssertionError(f"no detector yields {gesture.event}")


def _hand(app: App, gesture: Gesture) -> Hand:
    """Whose hand: the owner of the folder when it is one reviewer's own, else somebody who may open the mailbox."""
    place = gesture.place
    proof = f"folder {place.folder}, mail {place.uidvalidity}/{place.uid}"
    person = app.reviewers.by_name(gesture.owner) if gesture.owner else None
    return Hand(person.address, True, proof) if person else Hand(SOMEONE, False, proof)


def _ask_back(app: App, one: Look, gesture: Gesture) -> None:
    text = f"{gesture.why}\n\nNothing has been done, and nothing is sent until it is clear."
    alerts.note(app, one.case, key=gesture.key, text=text)


def _put_back_if_held(app: App, one: Look) -> None:
    """What goes on waiting for a decision belongs into Review.

    What another process has approved meanwhile stays where that was read: moved back, it would look like a hand that
    takes the approval back.
    """
    if app.store.cases.get(one.case.id).state is State.HELD:
        _put_back(app, one.at(*DECISION_ROLES))


def _put_back(app: App, sightings: Iterable[Sighting]) -> None:
    for sighting in sightings:
        app.mailbox.move(sighting.location, app.folders.review)
        app.seen.pop(sighting.location, None)


def _put_back_foreign(app: App, seen: Everything) -> None:
    """Foreign mail in a decision folder is never sent: a customer's mail belongs into the inbox, ours into Review."""
    for one in seen.foreign:
        since = app.store.sights.first_seen(app.settings.mailbox, _foreign_key(one), app.now())
        left = app.left(_foreign_key(one), since + app.settings.grace, app.settings.grace)
        if left > timedelta(0):
            app.agenda.at(app.now() + left)
            continue
        target = app.folders.review if one.own else app.folders.inbox
        app.mailbox.move(one.location, target)
        alerts.raise_alert(
            app,
            key=_foreign_key(one),
            subject=f"a mail in {one.location.folder} is not one of our drafts",
            text=f"“{one.subject}” stood in {one.location.folder}, but it is no draft that waits for a decision. "
            f"It was not sent; it is in {target} now.",
        )


def _foreign_key(one: Foreign) -> str:
    return f"foreign:{one.location.folder}:{one.location.uidvalidity}:{one.location.uid}"
