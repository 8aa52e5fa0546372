"""A customer was answered by hand, or a reviewer sent the draft from their own client: the case is closed."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from mailhitl.case import Case, Event, Outcome, State
from mailhitl.daemon import alerts, marks, restored
from mailhitl.daemon.app import App
from mailhitl.decision import Channel, Decision
from mailhitl.errors import IllegalTransition, StaleCase, StaleFolder
from mailhitl.mail import plus
from mailhitl.mail.message import Message
from mailhitl.mail.parse import parse, parse_header
from mailhitl.mail.signature import Checked
from mailhitl.mail.stamp import Kind, read_id
from mailhitl.ports.mailbox import Location
from mailhitl.ports.store import Cursor
from mailhitl.review.reviewers import SOMEONE

log = structlog.get_logger(__name__)


def run_once(app: App) -> int:
    """Read what is new in Sent, and the marks on customers' mails; return how many cases that moved.

    Also the last look before every send.
    """
    return _read_sent(app) + marks.run_once(app)


def _read_sent(app: App) -> int:
    folder = app.folders.sent
    try:
        status = app.mailbox.status(folder)
    except StaleFolder:
        return 0
    cursor = app.store.progress.cursor(app.settings.mailbox, folder)
    if cursor is None:
        restored.notice_forerunner(app)
        cursor = Cursor(status.uidvalidity, status.uidnext - 1, app.now())
        app.store.progress.advance(app.settings.mailbox, folder, cursor)
    if cursor.uidvalidity == status.uidvalidity and status.uidnext - 1 <= cursor.last_uid:
        return 0
    after = cursor.last_uid if cursor.uidvalidity == status.uidvalidity else 0
    locations = app.mailbox.locations(folder, after=after)
    headers = [parse_header(glance.header) for glance in app.mailbox.glance(locations)]
    restored.notice(app, headers)
    closed = sum(_close(app, case, header, folder) for header in headers for case in _answered(app, header))
    if _inbox_is_known(app):
        last = max((location.uid for location in locations), default=status.uidnext - 1)
        app.store.progress.advance(app.settings.mailbox, folder, Cursor(status.uidvalidity, last, cursor.start))
    return closed


def _inbox_is_known(app: App) -> bool:
    """Whether every mail of the inbox is a case by now: what answers one that is none yet has to be read once more."""
    folder = app.folders.inbox
    cursor, status = app.store.progress.cursor(app.settings.mailbox, folder), app.mailbox.status(folder)
    if cursor is None or cursor.uidvalidity != status.uidvalidity or cursor.last_uid < status.uidnext - 1:
        return False
    return not app.store.progress.unfinished(app.settings.mailbox, folder)


#: The row of the log for an answer by hand of which nothing proves who wrote it, and what its people are told.
UNPROVEN = "answered-unproven"
ASKED = (
    "A mail in the name of {sender} says that the customer was answered by hand, and nothing proves who wrote it: "
    "{doubt}. If somebody has answered, say “arrived”; if nobody has, decide as always. By itself nothing is sent."
)
TAKEN_BACK = {State.RECEIVED: Event.HOLD, State.APPROVED: Event.HOLD, State.HELD: Event.REVISE}


def came_in(app: App, message: Message, location: Location, proof_of: Callable[[], Checked]) -> bool:
    """True for a copy of what one of our own people has written to a customer: no customer's mail.

    It comes to the plus-address that the draft has as a blind copy, or because support was put into Cc. Anybody can
    write such a From: what nothing proves keeps a machine from answering and has people asked; it closes nothing.
    """
    if not app.is_ours(message.sender.key):
        return False
    answered = _answered(app, message)
    # The same mail by another road (Cc and blind copy), or one more word to a customer who has an answer already.
    if not answered and not _answered_before(app, message):
        return False
    proof = proof_of()
    if not answered and not proof.proof:
        return False
    for case in answered:
        if proof.proof:
            _close(app, case, message, location.folder)
        else:
            _ask(app, case, message, proof.doubt)
    app.mailbox.flag(location, add=("\\Seen",))
    return True


def _ask(app: App, case: Case, message: Message, doubt: str) -> None:
    event = TAKEN_BACK.get(case.state)
    if event is None:
        return
    why = ASKED.format(sender=message.sender.spec, doubt=doubt)
    if not any(row.code == UNPROVEN for row in app.store.cases.log(case)):
        proof, versions = f"mail {message.message_id}", app.settings.versions
        said = Decision(event, SOMEONE, Channel.HAND, why, app.now(), UNPROVEN, proof, versions=versions)
        app.store.cases.move(case, event, said, outcome=Outcome.REVIEW if event is Event.HOLD else None)
    alerts.note(app, case, key=UNPROVEN, text=why)


def _answered(app: App, header: Message) -> list[Case]:
    """The cases whose customer gets this mail as an answer."""
    own = read_id(header.message_id, app.key)
    if own and own.kind is Kind.SENT:
        return []
    ids = {*header.in_reply_to, *header.references}
    cases = {case.id: case for case in app.store.cases.answering(app.settings.mailbox, ids)} if ids else {}
    marks = [private for each in ids if (private := read_id(each, app.key)) and private.kind is Kind.MH]
    for mark in (*marks, *plus.drafts(header, app.settings.address, app.key)):
        cases |= _named(app, mark.case_id)
    readers = {address.key for address in (*header.to, *header.cc)}
    return [case for case in cases.values() if readers & _customers(app, case, header.sender.key)]


def _answered_before(app: App, message: Message) -> bool:
    """Whether it goes to the customer of a case that is closed, as an answer to that customer's mail."""
    ids = {*message.in_reply_to, *message.references}
    readers = {address.key for address in (*message.to, *message.cc)}
    cases = app.store.cases.answering(app.settings.mailbox, ids, closed=True)
    return any(readers & _customers(app, case, message.sender.key) for case in cases)


def _named(app: App, case_id: int) -> dict[int, Case]:
    """The case that one of our marks names, if it is this mailbox's and still known."""
    try:
        case = app.store.cases.get(case_id)
    except KeyError:
        return {}
    return {case.id: case} if case.mailbox == app.settings.mailbox else {}


def _customers(app: App, case: Case, writer: str) -> set[str]:
    """Whom an answer by ``writer`` reaches.

    A forward to a colleague names the customer's mail too, and is none, even if the customer had put that colleague
    into Cc; nor is one more question of a colleague who is the customer, with a copy to themselves.
    """
    source = parse(app.store.cases.source(case))
    drafted = app.store.cases.draft(case).recipients if case.draft_digest else ()
    wrote = {case.sender.lower(), *(each.key for each in source.senders)}
    others = {*(each.key for each in source.reply_to), *map(str.lower, drafted)}
    person = app.reviewers.by_address(writer)
    theirs = wrote | {each for each in others if not app.is_ours(each)}
    return theirs - (person.addresses if person else {writer})


def _close(app: App, case: Case, header: Message, folder: str) -> int:
    if case.state not in (State.RECEIVED, State.HELD, State.APPROVED):
        return 0
    why = f"answered by hand: “{header.subject}” of {header.sender.spec} stands in {folder}"
    proof = f"folder {folder}, {header.message_id}"
    code, versions = "answered-by-hand", app.settings.versions
    decision = Decision(Event.SUPERSEDE, SOMEONE, Channel.HAND, why, app.now(), code, proof, versions=versions)
    try:
        app.store.cases.move(case, Event.SUPERSEDE, decision)
        app.mailbox.flag(Location(case.folder, case.uidvalidity, case.uid), add=("\\Answered",))
    except (StaleCase, IllegalTransition, StaleFolder) as problem:
        log.info("answered by hand", case=case.id, problem=type(problem).__name__)
    return 1
