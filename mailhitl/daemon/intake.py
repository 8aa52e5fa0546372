"""Inbound mail becomes a case, once; an answer to one of our packets becomes a command."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

import structlog

from mailhitl.case import Event
from mailhitl.daemon import alerts, byhand, commands, notices, sources
from mailhitl.daemon.app import App
from mailhitl.daemon.health import flood
from mailhitl.daemon.obey import proof_of
from mailhitl.decision import Channel, Decision
from mailhitl.errors import MailhitlError, PermanentFailure
from mailhitl.mail.fingerprint import fingerprint
from mailhitl.mail.message import Message
from mailhitl.mail.parse import parse
from mailhitl.mail.stamp import read_id
from mailhitl.mail.thread import thread_key
from mailhitl.ports.journal import Entry
from mailhitl.ports.mailbox import Glance, Location
from mailhitl.ports.store import Arrival, Cursor

log = structlog.get_logger(__name__)

#: How many mails are begun together: one durable row each before any of them is touched.
BATCH = 50
#: How many mails one round takes in at most: what a reviewer has approved does not wait behind a whole backlog.
PER_ROUND = 500
#: After so many attempts that never ended, a mail is set aside unread: it may be what kills us.
ATTEMPTS = 3
#: So often within so long a folder may be numbered anew: a restored backup, a server that was moved.
RENEWALS, RENEWED_WITHIN = 3, timedelta(days=1)


def run_once(app: App) -> int:
    """Take in every new mail of the inbox; return how many became cases or commands."""
    folder = app.folders.inbox
    cursor = _cursor(app, folder)
    begun = set(app.store.progress.unfinished(app.settings.mailbox, folder))
    done, poison = _again(app, sorted(begun, key=lambda location: location.uid), cursor)
    if app.mailbox.status(folder).uidnext - 1 > cursor.last_uid:
        # What was just gone through one by one must not kill us in company.
        listed = app.mailbox.locations(folder, after=cursor.last_uid)
        new, all_of_it = _take_in_new(app, folder, cursor, [location for location in listed if location not in begun])
        done += new
        if not all_of_it:
            flood.tell_of_backlog(app, len(listed) - new)
            app.agenda.at(app.now())
            return done
        last = max((location.uid for location in listed), default=cursor.last_uid)
        app.store.progress.advance(app.settings.mailbox, folder, replace(cursor, last_uid=last))
    # Only now: until the cursor has passed them, nothing else tells that they are poison.
    app.store.progress.end_attempts(app.settings.mailbox, poison)
    return done


def _take_in_new(app: App, folder: str, cursor: Cursor, locations: Sequence[Location]) -> tuple[int, bool]:
    """Return how many became cases or commands, and whether all was taken in."""
    new, done = iter(locations), 0
    while batch := list(islice(new, BATCH)):
        if done >= PER_ROUND:
            return done, False
        done += _take_in(app, batch, cursor.start)
        cursor = replace(cursor, last_uid=batch[-1].uid)
        app.store.progress.advance(app.settings.mailbox, folder, cursor)
    return done, True


def _cursor(app: App, folder: str) -> Cursor:
    """How far we are. At first nothing older than ``start`` counts; after a change of UIDVALIDITY all is read anew."""
    name, status = app.settings.mailbox, app.mailbox.status(folder)
    cursor = app.store.progress.cursor(name, folder)
    if cursor is None:
        start = app.settings.since(app.now().astimezone(app.settings.timezone))
        cursor = Cursor(status.uidvalidity, status.uidnext - 1 if app.settings.only_new else 0, start)
    elif cursor.uidvalidity != status.uidvalidity:
        _count_renewal(app, folder, status.uidvalidity)
        # Fingerprints keep what is known from being answered again; ``start`` keeps the old from being new.
        alerts.raise_alert(
            app,
            key=f"uidvalidity:{folder}:{status.uidvalidity}",
            subject=f"{folder} was rebuilt by the mail server",
            text=f"The server has numbered the mails of {folder} anew (UIDVALIDITY {cursor.uidvalidity} became "
            f"{status.uidvalidity}). Everything is compared with what is known; nothing is answered twice.",
        )
        cursor = Cursor(status.uidvalidity, 0, cursor.start)
    else:
        return cursor
    app.store.progress.advance(name, folder, cursor)
    return cursor


def _count_renewal(app: App, folder: str, uidvalidity: int) -> None:
    """A folder that is numbered anew again and again is a broken server: the mailbox stops, and says so."""
    journal, now, subject = app.store.journal, app.now(), f"{app.settings.mailbox}:{folder}"
    lately = journal.entries(("uidvalidity",), subject=subject, since=now - RENEWED_WITHIN)
    if len(lately) < RENEWALS:
        journal.add(Entry("uidvalidity", "intake", Channel.DAEMON, now, subject, why=str(uidvalidity)))
        return
    text = (
        f"Within a day the server has numbered the mails of {folder} anew more than {RENEWALS} times, so nothing that "
        "is known by number can be trusted. This mailbox is not served until that is a day ago: no mail is drafted, "
        "nothing is sent. Please have the server looked at."
    )
    alerts.raise_alert(
        app, key=f"renewals:{folder}:{now:%Y-%m-%d}", subject=f"{folder} is broken: the mailbox is stopped", text=text
    )
    notices.run_once(app)
    raise PermanentFailure(f"{folder} was numbered anew more than {RENEWALS} times within a day: the server is broken")


def _again(app: App, begun: Sequence[Location], cursor: Cursor) -> tuple[int, list[Location]]:
    """Mails that were begun and not finished, one by one, so that the one that kills us is found.

    Returns how many were taken in, and those that are set aside as poison.
    """
    done, poison = 0, []
    for location in begun:
        if location.uidvalidity != cursor.uidvalidity:
            app.store.progress.end_attempts(app.settings.mailbox, [location])
        elif app.store.progress.attempts(app.settings.mailbox, location) >= ATTEMPTS:
            done += _quarantine(app, location)
            poison.append(location)
        else:
            done += _take_in(app, [location], cursor.start)
    return done, poison


def _take_in(app: App, batch: Sequence[Location], start: datetime) -> int:
    name = app.settings.mailbox
    app.heartbeat()
    app.store.progress.begin_attempts(name, batch)
    try:
        done, finished = _read(app, batch, start)
    except MailhitlError:
        # The server is away: that says nothing about these mails.
        app.store.progress.give_back(name, batch)
        raise
    app.store.progress.end_attempts(name, finished)
    return done


def _read(app: App, batch: Sequence[Location], start: datetime) -> tuple[int, list[Location]]:
    """Fetch and open; return how many became cases or commands, and the mails that are done with."""
    finished, done = list(batch), 0
    glances = {glance.location: glance for glance in app.mailbox.glance(batch)}
    wanted = [location for location in batch if location in glances and _wanted(app, glances[location], start)]
    for location, raw in app.mailbox.fetch_all(wanted, limit=app.settings.fetch_limit):
        try:
            done += _one(app, glances[location], raw)
        except MailhitlError:
            raise
        except Exception as error:  # noqa: BLE001  one bad mail must not stop the others
            log.error("intake failed", mailbox=app.settings.mailbox, uid=location.uid, error=type(error).__name__)
            finished.remove(location)
    return done, finished


def _wanted(app: App, glance: Glance, start: datetime) -> bool:
    # INTERNALDATE has whole seconds (RFC 3501 2.3.3): what came in the second of the start is new.
    if glance.arrived < start.replace(microsecond=0):
        return False
    return not (app.settings.skip_answered and "\\Answered" in glance.flags)


def _one(app: App, glance: Glance, raw: bytes) -> int:
    message = parse(raw, size=max(glance.size, len(raw)))
    if read_id(message.message_id, app.key) and app.is_ours(message.sender.key):
        # Our own packet, draft or notice, come back to us (notify = "folder", a drag, a rule of the server). An id of
        # ours alone will not do: a customer's program may write one into a mail of its own.
        return 0
    if commands.is_command(app, message):
        commands.carry_out(app, message, raw, glance.location, fingerprint(message, raw))
        return 1
    if commands.answers_a_notice(app, message):
        return 0
    if byhand.came_in(app, message, glance.location, partial(proof_of, app, message, raw)):
        return 1
    commands.tell_about_stranger(app, message)
    case = app.store.cases.open(_arrival(app, glance, message, raw))
    if case is not None and not message.truncated:
        sources.keep(app, case, raw, message)
    return 0 if case is None else 1


def _arrival(app: App, glance: Glance, message: Message, raw: bytes) -> Arrival:
    identity = fingerprint(message, raw)
    return Arrival(
        mailbox=app.settings.mailbox,
        location=glance.location,
        message=message,
        thread=thread_key(message) or identity,
        fingerprint=identity,
        arrived=glance.arrived,
        source=sources.stored(raw, message),
    )


def _quarantine(app: App, location: Location) -> int:
    """Open a case without reading the mail, and set it aside for a person."""
    name = app.settings.mailbox
    for glance in app.mailbox.glance([location]):
        identity = hashlib.sha256(glance.header).hexdigest()
        subject = "(a mail that could not be read)"
        message = Message(subject=subject, readable=False, size=glance.size, defects=("quarantined",))
        source = f"{sources.QUARANTINED}: {ATTEMPTS} attempts\r\n".encode() + glance.header
        arrival = Arrival(name, location, message, identity, identity, glance.arrived, source)
        case = app.store.cases.open(arrival)
        if case is not None:
            why = f"taking it in failed {ATTEMPTS} times; please read it in {location.folder} yourself"
            said = Decision(
                Event.SHUNT,
                "intake",
                Channel.DAEMON,
                why,
                app.now(),
                code="quarantined",
                versions=app.settings.versions,
            )
            app.store.cases.move(case, Event.SHUNT, said)
            subject = f"a mail could not be read and was set aside as case {case.id}"
            alerts.raise_alarm(
                app, key=f"quarantine:{case.id}", subject=subject, text=f"It stands in {location.folder}."
            )
    return 1
