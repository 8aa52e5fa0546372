"""What comes back after an answer has left: bounces, complaints, customers who write again or say that it was wrong.

Each is a claim that anybody can make. It is tied to an answer only by a Message-ID that we gave out and that its
delivery bears; then it is written to the journal, people are told, and the rules that sent the answer are charged
(``autonomy.charge``), which can only make us more careful. Nothing that comes back is ever answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog

from mailhitl.case import Case, Outcome, State
from mailhitl.daemon import alerts
from mailhitl.daemon.app import App
from mailhitl.daemon.sources import original
from mailhitl.daemon.trust import autonomy
from mailhitl.decision import Channel
from mailhitl.delivery import Status
from mailhitl.errors import StaleFolder
from mailhitl.mail.bounce import Fate, Report, Unreached, read_report
from mailhitl.mail.followup import only_thanks, says_wrong
from mailhitl.mail.message import Message
from mailhitl.mail.stamp import Kind, PrivateId, read_id
from mailhitl.ports.journal import Entry
from mailhitl.ports.mailbox import Location

log = structlog.get_logger(__name__)

#: A customer who writes in the conversation within this time was not content with the automatic answer.
REOPENED_WITHIN = timedelta(days=7)
#: A report that names no mail is likely about one that left lately; so many of the newest cases are looked at.
BOUNCED_WITHIN = timedelta(days=5)
NEWEST = 200
PERHAPS = 3
TO_PEOPLE = frozenset({Kind.PACKET, Kind.WORKLIST, Kind.NOTICE})


def note(app: App, case: Case, source: Message, *, automatic: bool) -> None:
    """Note what this mail says of an earlier answer. As often as it is asked, it is noted once."""
    if automatic:
        report = read_report(source, original(app, case))
        if report is not None:
            _note_report(app, case, report)
    elif source.in_reply_to or source.references:
        _note_follow_up(app, case, source)


# -- reports of servers


def _note_report(app: App, case: Case, report: Report) -> None:
    ours = [found for found in (read_id(each, app.key) for each in report.quoted) if found]
    answered = next((sent for sent in (_sent(app, each, report) for each in ours) if sent), None)
    if answered is not None and report.complaint:
        _complained(app, answered, report)
    elif answered is not None:
        _bounced(app, answered, report.failed)
    elif any(each.kind in TO_PEOPLE for each in ours):
        _colleague_unreached(app, report.failed)
    elif not report.complaint:
        for one in report.failed[:PERHAPS]:
            _perhaps_bounced(app, case, one)


def _sent(app: App, private: PrivateId, report: Report) -> Case | None:
    """The case whose answer bears this Message-ID, if it really left under it."""
    if private.kind is not Kind.SENT:
        return None
    try:
        case = app.store.cases.get(private.case_id)
    except KeyError:
        return None
    known = {
        each.message_id.partition("@")[0].lower()
        for each in app.store.deliveries.of(case)
        if any(result.status in (Status.ACCEPTED, Status.UNKNOWN) for result in each.results)
    }
    left = {each.partition("@")[0].lower() for each in report.quoted}
    return case if case.mailbox == app.settings.mailbox and known & left else None


def _bounced(app: App, case: Case, failed: Sequence[Unreached]) -> None:
    """Whom we wrote to is told of one by one; whoever else is named (a forwarding's end, a forger's whim), once."""
    wrote = {address.lower() for address in app.store.cases.draft(case).recipients}
    theirs = [one for one in failed if one.address.lower() in wrote]
    for one in theirs or failed[:1]:
        _failed(app, case, one, one.address.lower() if theirs else "elsewhere")


def _failed(app: App, case: Case, one: Unreached, key: str) -> None:
    advice = HARD if one.fate is Fate.HARD else SOFT
    alerts.note(
        app, case, key=f"bounce:{key}", text=f"Your answer did not reach {one.address} ({_words_of(one)}).\n\n{advice}"
    )
    _open_again(app, case)
    entry = Entry(
        "bounce",
        "downstream",
        Channel.DAEMON,
        app.now(),
        subject=one.address.lower(),
        case_id=case.id,
        why=one.diagnostic,
        code=str(one.fate),
        proof="quotes the Message-ID of the answer",
        data={"recipients": one.address, "status": one.status},
        key=f"bounce:{case.id}:{key}",
    )
    _write(app, entry)
    # A server that is away or a mailbox that is full says nothing about the words, and nothing about the rule.
    if one.fate is Fate.HARD and one.status not in FULL:
        autonomy.charge(app, case.id, "bounce", f"A server reports a {one.fate} failure {one.status}".rstrip() + ".")


def _words_of(one: Unreached) -> str:
    return one.diagnostic or one.status or f"a {one.fate} failure"


#: What some servers call permanent although it passes: a full mailbox, a full disk (RFC 3463 3.3, 3.4).
FULL = frozenset({"5.2.2", "5.3.1"})
HARD = (
    "The address will not take mail. The customer's question stands in the inbox as unanswered again: look for another "
    "way to reach them (a second address, the telephone), or for a slip of the pen in the address, and answer by hand."
)
SOFT = (
    "The server has given up for now (a full mailbox, a server away). The customer's question stands in the inbox as "
    "unanswered again: send the answer from Sent once more in a day or two, or look for another way to reach them."
)


def _open_again(app: App, case: Case) -> None:
    """The customer's question shows as unanswered, and flagged, in everybody's mail client."""
    try:
        app.mailbox.flag(Location(case.folder, case.uidvalidity, case.uid), add=("\\Flagged",), remove=("\\Answered",))
    except StaleFolder:
        log.warning("the customer's mail is not where it was; it stays unmarked", case=case.id)


def _complained(app: App, case: Case, report: Report) -> None:
    text = (
        f"The customer's mail provider reports a complaint ({report.complaint}) about the answer to this case: they, "
        "or a program of theirs, marked it as spam.\n\nNothing is sent to them without a person any more. If they do "
        "want an answer, write to them yourself."
    )
    alerts.note(app, case, key="complaint", text=text)
    _write(
        app,
        Entry(
            COMPLAINT,
            "downstream",
            Channel.DAEMON,
            app.now(),
            subject=case.sender,
            case_id=case.id,
            code=report.complaint,
            proof="quotes the Message-ID of the answer",
            key=f"complaint:{case.id}",
        ),
    )
    autonomy.charge(app, case.id, "complaint", f"A mail provider reports: {report.complaint}.")


COMPLAINT = "complaint"


def _colleague_unreached(app: App, failed: Sequence[Unreached]) -> None:
    """A packet or notice came back: somebody who is asked never hears of it."""
    for one in failed:
        if app.reviewers.by_address(one.address) is None:
            continue
        alerts.raise_alert(
            app,
            key=f"unreached:{one.address.lower()}:{app.now():%Y-%m-%d}",
            subject=f"mails to {one.address} come back",
            text=f"What is sent to {one.address} does not arrive ({_words_of(one)}). They are still "
            "asked, and do not know it: correct the address in the config, or say that they are away.",
        )


def _perhaps_bounced(app: App, case: Case, one: Unreached) -> None:
    """A report that names no mail of ours: by its recipient and the time alone it charges nobody."""
    since = app.now() - BOUNCED_WITHIN
    sent = next((each for each in _newest(app) if each.sender == one.address.lower() and each.opened_at >= since), None)
    if sent is not None:
        text = (
            f"A server reports that a mail to {one.address} did not arrive ({_words_of(one)}). It does not say which "
            "one: perhaps the answer to this case, perhaps another. The report is in the inbox."
        )
        alerts.note(app, sent, key=f"perhaps-bounce:{one.address.lower()}", text=text)
    data = {"recipients": one.address, "status": one.status, "perhaps": str(sent.id) if sent else ""}
    _write(
        app,
        Entry(
            "unattributed",
            "downstream",
            Channel.DAEMON,
            app.now(),
            subject=one.address.lower(),
            case_id=case.id,
            why=one.diagnostic,
            code=str(one.fate),
            data=data,
            key=f"unattributed:{case.id}:{one.address.lower()}",
        ),
    )


def _newest(app: App) -> list[Case]:
    recent = app.store.cases.recent(limit=NEWEST, mailbox=app.settings.mailbox)
    return [case for case in recent if case.state is State.SENT]


# -- customers who write again


def _note_follow_up(app: App, case: Case, source: Message) -> None:
    earlier = [each for each in app.store.cases.in_thread(app.settings.mailbox, case.thread) if each.id < case.id]
    last = next((each for each in reversed(earlier) if each.state is State.SENT), None)
    if last is None or last.sender != case.sender:
        return
    if says_wrong(source.new_text):
        _judged(app, last, case, "wrong", "The customer says that the answer was wrong.")
    elif last.outcome is Outcome.SEND and not only_thanks(source.new_text) and _soon(app, last):
        _judged(app, last, case, "reopened", "The customer wrote again after the automatic answer.")


def _soon(app: App, sent: Case) -> bool:
    left = [each.ended_at for each in app.store.deliveries.of(sent) if each.ended_at]
    return bool(left) and app.now() - max(left) <= REOPENED_WITHIN


def _judged(app: App, sent: Case, again: Case, kind: str, why: str) -> None:
    _write(
        app,
        Entry(
            kind,
            "downstream",
            Channel.DAEMON,
            app.now(),
            subject=sent.sender,
            case_id=sent.id,
            why=f"{why} (case {again.id})",
            data={"case": str(again.id)},
            key=f"{kind}:{sent.id}",
        ),
    )
    autonomy.charge(app, sent.id, kind, f"{why} See case {again.id}.")


def _write(app: App, entry: Entry) -> None:
    if app.store.journal.add(entry):
        log.info("downstream", what=entry.kind, case=entry.case_id, code=entry.code)
