"""The worklist: all that waits for one reviewer in one numbered mail, and one reply that decides it all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import structlog
from jinja2 import TemplateError

from mailhitl.case import Case, State
from mailhitl.daemon import packets
from mailhitl.daemon.alerts import people
from mailhitl.daemon.app import App
from mailhitl.daemon.decide import Result
from mailhitl.daemon.obey import Incoming, obey
from mailhitl.mail.compose import compose_notice
from mailhitl.mail.message import Message
from mailhitl.mail.numbered import Entry, read_entries
from mailhitl.mail.signature import Checked
from mailhitl.mail.stamp import Kind, PrivateId, new_token, token_digest, write_id
from mailhitl.ports.store import Notice
from mailhitl.review.reviewers import Reviewer
from mailhitl.review.worklist import Worklist, daily, render

log = structlog.get_logger(__name__)

ON_ITS_WAY = Result(True, "The list of what waits for you is on its way.")
#: A longer list is not read, it is clicked through.
MOST = 30


def run_once(app: App) -> int:
    """Once on every office day, mail each reviewer the list of what waits for them; return how many got one.

    The day is remembered when all of them have theirs; until then the notices' keys keep a list from leaving twice.
    """
    if app.settings.worklist_at is None:
        return 0
    settings, switch = app.settings, f"worklist:{app.settings.mailbox}"
    day, later = daily(app.now().astimezone(settings.timezone), app.settings.worklist_at, settings.office_days)
    app.agenda.at(later)
    if day is None or app.store.switches.get(switch) == day.isoformat():
        return 0
    reviewers = {person.address.lower() for case in packets.waiting(app) for person in people(app, case.group)}
    sent = [_send_daily(app, reviewer, day) for reviewer in sorted(reviewers)]
    app.store.switches.set(switch, day.isoformat(), "daemon", app.now())
    return sum(sent)


def _send_daily(app: App, reviewer: str, day: date) -> bool:
    try:
        return send(app, reviewer, key=f"daily:{day}:{reviewer}").done
    except TemplateError as error:
        # A broken template of the admin's must not stop the mailbox; reminders still leave.
        log.error("template not usable", template="packet/worklist", problem=str(error))
        return False


def send(app: App, reviewer: str, *, key: str, in_reply_to: str = "") -> Result:
    """Queue the list of what waits for this reviewer, oldest first. Each item gets a token of its own, derived from
    the list's: it is bound to the very draft that the list shows."""
    waiting = _waiting(app, reviewer)
    if not waiting:
        return Result(True, "Nothing waits for you.")
    if app.store.notices.known(app.settings.mailbox, f"worklist:{key}"):
        return ON_ITS_WAY
    token, shown = new_token(), waiting[:MOST]
    expires = app.now() + app.settings.expire_after
    for number, case in enumerate(shown, 1):
        digest = token_digest(_item_token(token, number), app.key)
        app.store.asks.ask(case, reviewer, digest, app.now(), expires)
    message_id = write_id(PrivateId(Kind.WORKLIST, 0, 0, token), app.key, app.settings.domain)
    worklist = Worklist(tuple(packets.packet_of(app, case) for case in shown), len(waiting) - len(shown))
    text, html = render(worklist, app.templates)
    raw = compose_notice(
        sender=app.settings.address,
        to=reviewer,
        subject=worklist.subject,
        text=text,
        html=html,
        message_id=message_id,
        now=app.now(),
        in_reply_to=in_reply_to,
        reply_to=packets.reply_to(app, Kind.WORKLIST, token),
    )
    app.store.notices.queue(
        Notice(0, app.settings.mailbox, f"worklist:{key}", "worklist", reviewer, message_id, raw, app.now())
    )
    return ON_ITS_WAY


def carry_out(app: App, message: Message, proof: Checked, token: str) -> Result:
    """Decide every item that the reply names, and answer each part of it in a line of its own."""
    shown = _shown(app, message, proof, token)
    if not shown:
        return Result(False, "Nothing was done: this list is not valid any more. Answer with “queue” to get a new one.")
    cases = [item.case for item in shown.values()]
    text, _ = render(Worklist(tuple(packets.packet_of(app, case) for case in cases), 0), app.templates)
    entries = read_entries(message, text)
    if not any(entry.command for entry in entries):
        return Result(False, HOW)
    lines = [line for entry in entries for line in _decide(app, shown, entry)]
    return Result(True, "\n".join(lines))


HOW = (
    "I did not find a clear decision in your answer, so nothing was done. Please write the numbers first, for example: "
    "“1,3-5 approve; 2 reject: wrong price”."
)


def _decide(app: App, shown: dict[int, Incoming], entry: Entry) -> list[str]:
    if entry.command is None:
        return [f"“{entry.words}”: not clear, so nothing was done."]
    lines = []
    for number in entry.numbers:
        item = shown.get(number)
        if item is None:
            lines.append(f"{number}: there is no such item in the list.")
            continue
        result = obey(app, replace(item, case=app.store.cases.get(item.case.id)), entry.command)
        lines.append(f"{number} ({item.case.subject}): {result.text}")
    return lines


def _shown(app: App, message: Message, proof: Checked, token: str) -> dict[int, Incoming]:
    """The items of the list that this token stands for, by number."""
    found: dict[int, Incoming] = {}
    for number in range(1, MOST + 1):
        ask = app.store.asks.find(token_digest(_item_token(token, number), app.key)) if token else None
        case = app.store.cases.get(ask.case_id) if ask else None
        # In another mailbox's folders nobody sees that a draft of this one is being edited.
        if ask is None or case is None or case.mailbox != app.settings.mailbox:
            break
        found[number] = Incoming(message, proof, case, ask, ask.revision)
    return found


def _waiting(app: App, reviewer: str) -> Sequence[Case]:
    """What this person is asked about, and what they would be asked about if they were not away."""
    held = app.store.cases.in_state(State.HELD, mailbox=app.settings.mailbox)
    return [case for case in held if reviewer in {person.address.lower() for person in _concerned(app, case)}]


def _concerned(app: App, case: Case) -> tuple[Reviewer, ...]:
    members = [person for name in case.group.split(",") for person in app.reviewers.in_group(name)]
    return (*people(app, case.group), *members)


def _item_token(token: str, number: int) -> str:
    return f"{token}.{number}"
