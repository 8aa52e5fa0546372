"""A store that is older than the mailbox: somebody has restored a backup, or begun a new database. Safe mode.

What gives it away is a copy in Sent under a Message-ID of ours of which no attempt is known: every attempt is on the
disk before anything is handed over. From then on nothing leaves until a person resumes, what was approved is theirs
again, and what a copy in Sent answers is closed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import structlog

from mailhitl.case import Case, Event, State
from mailhitl.daemon import alerts, pause
from mailhitl.daemon.app import App
from mailhitl.daemon.poison import each
from mailhitl.decision import Channel, Decision
from mailhitl.mail.message import Message
from mailhitl.mail.parse import parse_header
from mailhitl.mail.stamp import Kind, looks_like_ours, read_id
from mailhitl.ports.journal import Entry

log = structlog.get_logger(__name__)

RESTORED = "restored"
#: Set, per mailbox, once such a copy was found.
SWITCH = "restored:{}"
#: How many of the newest copies in Sent a database that has never seen this mailbox looks at.
LOOKED_AT = 200
WHY = (
    "The database is older than the mailbox: copies of answers stand in Sent that it knows nothing of. A backup was "
    "restored, or the database was begun anew. What such a copy answers is closed; nothing else is sent again by "
    "itself, and all that was approved waits for people once more. Look through what is held, then resume."
)


def notice(app: App, headers: Sequence[Message]) -> None:
    """Look whether these mails in Sent are answers of ours that the store does not know."""
    _enter(app, [header for header in headers if _unknown(app, header)])


def notice_forerunner(app: App) -> None:
    """Look, when this mailbox is new to the store, whether another store of ours has answered from it before."""
    locations = app.mailbox.locations(app.folders.sent)[-LOOKED_AT:]
    headers = [parse_header(glance.header) for glance in app.mailbox.glance(locations)]
    _enter(app, [header for header in headers if _was_ours(app, header)])


def run_once(app: App) -> int:
    """Close what a copy in Sent has answered; return how many that were. New cases come as old mail is read again."""
    if not is_on(app):
        return 0
    entries = app.store.journal.entries((RESTORED,), subject=app.settings.mailbox)
    copies = {answered: entry.proof for entry in entries for answered in entry.data.get("answers", "").split()}
    cases = app.store.cases.in_state(State.RECEIVED, State.HELD, State.APPROVED, mailbox=app.settings.mailbox)
    return each(app, RESTORED, [case for case in cases if _digest(case.message_id) in copies], _closer(copies))


def is_on(app: App) -> bool:
    """Whether this mailbox was ever found to be ahead of the store."""
    return bool(app.store.switches.get(SWITCH.format(app.settings.mailbox)))


def of_another(app: App, case: Case, header: Message) -> bool:
    """Whether a mail with our mark answers another mail than this case's: the numbers of cases that the store has
    forgotten are given out again, and the forgotten drafts may still stand in the folders."""
    answered = [each for each in header.in_reply_to if read_id(each, app.key) is None]
    return bool(answered) and case.message_id not in answered and is_on(app)


def _unknown(app: App, header: Message) -> bool:
    own = read_id(header.message_id, app.key)
    if own is None or own.kind is not Kind.SENT:
        return False
    try:
        attempts = app.store.deliveries.of(app.store.cases.get(own.case_id))
    except KeyError:
        return True
    # An attempt that has not come to the body, as far as the store knows, has left no copy.
    mine = [attempt for attempt in attempts if attempt.message_id.lower() == header.message_id.strip().lower()]
    return all(attempt.phase.safe for attempt in mine)


def _was_ours(app: App, header: Message) -> bool:
    own = header.message_id.lower().startswith(f"<{Kind.SENT}.")
    return own and looks_like_ours(header.message_id, app.settings.domain)


def _enter(app: App, strange: Sequence[Message]) -> None:
    found = app.store.journal.entries((RESTORED,), subject=app.settings.mailbox) if strange else ()
    known = {entry.proof for entry in found}
    new = [entry for entry in (_entry(app, header) for header in strange) if entry.proof not in known]
    if not new:
        return
    log.error("the store is older than the mailbox: safe mode", mailbox=app.settings.mailbox, copies=len(new))
    _stop(app)
    each(app, RESTORED, app.store.cases.in_state(State.APPROVED, mailbox=app.settings.mailbox), _hold)
    _tell(app)
    # Last: what was written down here is never new again, and a crash before this repeats all of it.
    for entry in new:
        app.store.journal.add(entry)


def _stop(app: App) -> None:
    now = app.now()
    if app.store.switches.get(pause.SWITCH) != pause.ALL:
        pause.turn(app.store, pause.ALL, Entry(pause.PAUSE, "daemon", Channel.DAEMON, now, why=WHY, code=RESTORED))
    app.store.switches.set(SWITCH.format(app.settings.mailbox), "yes", "daemon", now)


def _tell(app: App) -> None:
    subject = "the database is older than the mailbox: nothing is sent"
    text = f"{WHY}\n\n{pause.HOW_TO_RESUME}"
    alerts.raise_alert(app, key=f"{RESTORED}:{app.now():%Y-%m-%d %H}", subject=subject, text=text)


def _entry(app: App, header: Message) -> Entry:
    # Only digests: what was answered is looked up by them, and no customer's words stay here.
    answers = " ".join(_digest(answered) for answered in header.in_reply_to)
    return Entry(
        RESTORED,
        "daemon",
        Channel.DAEMON,
        app.now(),
        subject=app.settings.mailbox,
        why="an answer stands in Sent that the database knows nothing of",
        proof=f"folder {app.folders.sent}, {header.message_id}",
        data={"answers": answers},
        key=f"{RESTORED}:{app.settings.mailbox}:{header.message_id}",
    )


def _hold(app: App, case: Case) -> int:
    _move(app, case, Event.HOLD, WHY)
    return 1


def _closer(copies: Mapping[str, str]) -> Callable[[App, Case], int]:
    def close(app: App, case: Case) -> int:
        proof = copies[_digest(case.message_id)]
        _move(app, case, Event.SUPERSEDE, "An answer of before the database was restored stands in Sent.", proof)
        return 1

    return close


def _move(app: App, case: Case, event: Event, why: str, proof: str = "") -> None:
    versions = app.settings.versions
    said = Decision(event, "daemon", Channel.DAEMON, why, app.now(), RESTORED, proof, versions=versions)
    app.store.cases.move(case, event, said)


def _digest(message_id: str) -> str:
    return hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()
