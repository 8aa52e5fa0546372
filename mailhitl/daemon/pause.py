"""Pause and resume: who may stop what leaves, and who may let it go again.

Weak proof may stop, never release. So a hand in the folder and a mail that nobody vouches for can only pause, and only
harder than before; what takes a pause back, even in part, is the command line or a reviewer's proven mail.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from mailhitl.daemon import alerts
from mailhitl.daemon.app import App
from mailhitl.daemon.decide import Result
from mailhitl.decision import Channel
from mailhitl.errors import StaleFolder
from mailhitl.mail.message import Message
from mailhitl.mail.parse import parse_header
from mailhitl.mail.signature import Checked
from mailhitl.ports.journal import Entry
from mailhitl.ports.mailbox import Location
from mailhitl.ports.store import Store
from mailhitl.review.identity import identify
from mailhitl.review.reviewers import SOMEONE

log = structlog.get_logger(__name__)

SWITCH, PAUSE, RESUME = "pause", "pause", "resume"
#: What is held back, mild to strict.
NOTHING, AUTOMATIC, ALL = "", "automatic", "all"
STRICTNESS = (NOTHING, AUTOMATIC, ALL)
#: The subject of a new mail of one of our people → what is to be held back from then on.
SUBJECTS = {
    **dict.fromkeys(("pause", "stop", "anhalten"), ALL),
    **dict.fromkeys(("pause automatic", "pause automatisch"), AUTOMATIC),
    **dict.fromkeys(("resume", "weiter"), NOTHING),
}
#: A mail that is older is no wish of today: somebody may have kept it.
FRESH = timedelta(days=1)
HELD = {AUTOMATIC: "No answer leaves without a person's approval", ALL: "No answer leaves"}


@dataclass(frozen=True, slots=True)
class Pause:
    """What is held back, by whom and since when; ``by`` is "" and ``since`` None while nothing is."""

    what: str = NOTHING
    by: str = ""
    since: datetime | None = None
    why: str = ""


def current(store: Store) -> Pause:
    """What is held back now."""
    what = store.switches.get(SWITCH)
    if what == NOTHING:
        return Pause()
    entry = next((each for each in reversed(store.journal.entries((PAUSE,))) if each.subject == what), None)
    return Pause(what, entry.by, entry.at, entry.why) if entry else Pause(what)


def turn(store: Store, what: str, entry: Entry) -> bool:
    """Hold this back from now on. ``entry`` says who, how, why and when; False when its key was used before.

    A resume is written down before it counts, a pause counts before it is written down: a crash leaves things held.
    """
    entry = replace(entry, kind=PAUSE if what else RESUME, subject=what or store.switches.get(SWITCH))
    if what:
        store.switches.set(SWITCH, what, entry.by, entry.at)
        return store.journal.add(entry)
    if not store.journal.add(entry):
        return False
    store.switches.set(SWITCH, NOTHING, entry.by, entry.at)
    return True


def holds(app: App, *, automatic: bool) -> bool:
    """Whether an answer must not leave now; looks into the folder first."""
    run_once(app)
    what = app.store.switches.get(SWITCH)
    return what == ALL or (what == AUTOMATIC and automatic)


# -- by a hand in the folder


def run_once(app: App) -> int:
    """Any mail that somebody has put into the Pause folder stops everything at once and goes back; return how many.

    It is a button, no switch: taking a mail out again changes nothing, so that no stray drag can release anything.
    """
    try:
        locations = app.mailbox.locations(app.folders.pause)
    except StaleFolder:
        return 0
    for location in locations:
        place = f"folder {location.folder}, mail {location.uidvalidity}/{location.uid}"
        why = f"A mail was put into the folder {location.folder}."
        stop(app, ALL, Entry(PAUSE, SOMEONE, Channel.FOLDER, app.now(), why=why, code="folder", proof=place))
        _put_back(app, location)
    return len(locations)


def _put_back(app: App, location: Location) -> None:
    """What our own people wrote is no customer's question: in the inbox it would become a case."""
    headers = [parse_header(glance.header) for glance in app.mailbox.glance([location])]
    ours = any(app.is_ours(header.sender.key) or identify(header, app.key) for header in headers)
    app.mailbox.move(location, app.folders.review if ours else app.folders.inbox)


# -- by mail


def wish(message: Message) -> str | None:
    """What this mail asks to be held back, None when it asks for no such thing."""
    return None if message.in_reply_to else SUBJECTS.get(" ".join(message.subject.split()).casefold())


def carry_out(app: App, message: Message, proof: Checked) -> Result:
    """Do what a mail of one of our people asks for, if it may."""
    what = wish(message) or NOTHING
    before = app.store.switches.get(SWITCH)
    person = app.reviewers.by_address(message.sender.key)
    by = person.address.lower() if person and proof.proof else SOMEONE
    # By its Date, which a signature covers: whoever has kept the mail may give it another Message-ID.
    said, key = f"A mail from {message.sender.key} said so.", f"pause:{message.sender.key}:{what}:{message.date}"
    vouched = f"mail: {proof.proof or 'address not verified'}"
    entry = Entry(PAUSE, by, Channel.REPLY, app.now(), why=said, code="mail", proof=vouched, key=key)
    if STRICTNESS.index(what) > STRICTNESS.index(before):
        stop(app, what, entry)
        return Result(True, f"Paused: {_held(what)} {HOW_TO_RESUME}")
    if what == before:
        return Result(False, f"Nothing has changed: {_held(what) or 'nothing is paused.'}")
    doubt = _doubt(app, message, proof, by)
    if doubt:
        return Result(False, f"Nothing was done: {doubt} Still: {_held(before)}")
    if not turn(app.store, what, entry):
        return Result(False, f"Nothing was done: this very mail was obeyed before. Still: {_held(before)}")
    log.warning("resumed", by=by, left=what)
    _tell(app, entry, "sending goes on", f"Sending goes on. {entry.why} {_held(what)}".strip())
    return Result(True, "Resumed: what waited goes out." if not what else f"Resumed in part: {_held(what)}")


def _doubt(app: App, message: Message, proof: Checked, by: str) -> str:
    """Why this mail may not take a pause back."""
    if app.settings.reply_approval == "off":
        return "releasing by mail is switched off here; run: mailhitl resume."
    if not proof.proof:
        return f"nothing proves who wrote this mail: {proof.doubt}. Run: mailhitl resume."
    if by == SOMEONE:
        return "only a listed reviewer may take a pause back by mail; or run: mailhitl resume."
    if message.date is None or abs(app.now() - message.date) > FRESH:
        return "this mail was not written today. Send a new one."
    return ""


def stop(app: App, what: str, entry: Entry) -> None:
    if STRICTNESS.index(what) <= STRICTNESS.index(app.store.switches.get(SWITCH)):
        return
    turn(app.store, what, entry)
    log.warning("paused", what=what, by=entry.by)
    _tell(app, entry, "sending is paused", f"{_held(what)} {entry.why} {HOW_TO_RESUME}")


HOW_TO_RESUME = (
    "Nothing is lost; what is approved waits. To go on, a listed reviewer sends a new mail with the subject “resume”, "
    "or an admin runs: mailhitl resume."
)


def _held(what: str) -> str:
    return f"{HELD[what]} until somebody resumes." if what else ""


def _tell(app: App, entry: Entry, subject: str, text: str) -> None:
    alerts.raise_alert(app, key=f"pause:{entry.at.isoformat()}", subject=subject, text=text)
