"""Silence is looked into: who has to be reminded, who else to be asked, and what stays undecided for good.

Nothing here can approve. Everything is said in words that outlast a crash: the mail is queued before the case moves or
the memory changes, and its key keeps it from being queued twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from jinja2 import TemplateError

from mailhitl.case import Case, Event, State
from mailhitl.daemon import alerts, packets
from mailhitl.daemon.app import App
from mailhitl.daemon.look import look
from mailhitl.daemon.poison import each
from mailhitl.decision import Channel, Decision
from mailhitl.mail.text import one_line
from mailhitl.plural import counted
from mailhitl.review.gestures import read
from mailhitl.review.reminders import (
    EXPIRED,
    SILENCE,
    Escalate,
    Expire,
    Memory,
    Patience,
    Remind,
    Team,
    Waiting,
    plan,
    waiting,
)

log = structlog.get_logger(__name__)

BY = "daemon"
#: Who did not answer for so long has more than one screen to look at anyway.
LISTED = 20


def run_once(app: App) -> int:
    """Remind, escalate and close what is due; return how many mails and moves it came to."""
    held = app.store.cases.in_state(State.HELD, mailbox=app.settings.mailbox)
    memory = _remembered(app)
    patience = patience_of(app)
    cases = _waits(app, held, patience)
    planned = plan(cases, memory, _team(app), app.now(), patience)
    done = _move(app, [action for action in planned.actions if not isinstance(action, Remind)])
    reminded = dict(memory.reminded)
    for action in planned.actions:
        if isinstance(action, Remind):
            _remind(app, action, memory)
            reminded[action.to] = app.now()
            done += 1
    _remember(app, memory, Memory(reminded, planned.overdue))
    if planned.next_look:
        app.agenda.at(planned.next_look)
    return done


def _waits(app: App, held: Sequence[Case], patience: Patience) -> list[Waiting]:
    """How each of them waits. A case that has not moved has the log that it had."""
    for gone in app.waits.keys() - {case.id for case in held}:
        del app.waits[gone]
    for case in held:
        if case.id not in app.waits or app.waits[case.id].case.version != case.version:
            app.waits[case.id] = waiting(case, app.store.cases.log(case), patience)
    return [replace(app.waits[case.id], case=case) for case in held]


def patience_of(app: App) -> Patience:
    """What the config says about silence."""
    settings = app.settings
    return Patience(
        remind=settings.remind_after,
        escalate=settings.escalate_after,
        expire=settings.expire_after,
        office=app.office_after,
        zone=settings.timezone,
    )


def _team(app: App) -> Team:
    return Team(
        asked=lambda group: [address.lower() for address in alerts.addressees(app, group)],
        next_group=app.reviewers.next_group,
    )


def _move(app: App, actions: Sequence[Escalate | Expire]) -> int:
    """Carry out what moves a case, unless a hand was seen in a folder: then nobody is silent."""
    if not actions:
        return 0
    busy = {one.case.id for one in look(app).looks if (gesture := read(one)) and gesture.event}
    steps = {action.one.case.id: action for action in actions if action.one.case.id not in busy}

    def work(app: App, case: Case) -> int:
        match steps[case.id]:
            case Escalate() as step:
                _escalate(app, step)
            case Expire(one):
                _expire(app, one)
        return 1

    return each(app, "reminders", [action.one.case for action in steps.values()], work)


def _escalate(app: App, step: Escalate) -> None:
    why = f"Nobody has decided since {_when(app, step.one.asked_at)}, so {step.to or 'everybody'} is asked."
    decision = _decision(app, Event.ESCALATE, SILENCE, why, proof=step.proof)
    app.store.cases.move(step.one.case, Event.ESCALATE, decision, group=step.to)
    log.info("escalated", case=step.one.case.id, group=step.to)


def _expire(app: App, one: Waiting) -> None:
    """Closed, and said so to everybody who was asked; ``filing`` flags the customer's mail."""
    case, since = one.case, _when(app, one.since)
    text = _render(app, "expired", case=case, since=since, lost=packets.packet_of(app, case).lost)
    subject = f"[mailhitl] not answered: {one_line(case.subject, 100) or '(no subject)'}"
    for person in alerts.addressees(app, case.group):
        key = f"expired:{case.id}:{case.version}:{person}"
        alerts.queue(app, key=key, kind="expired", to=person, subject=subject, text=text, case=case)
    why = f"no decision since {since}; closed, nothing sent"
    app.store.cases.move(case, Event.REJECT, _decision(app, Event.REJECT, EXPIRED, why))
    log.warning("closed undecided", case=case.id, since=since)


def _remind(app: App, action: Remind, memory: Memory) -> None:
    """One short mail. Its key is the reminder before it, so that a crash in between queues it once."""
    cases, last = action.cases, memory.reminded.get(action.to)
    count = counted(len(cases), "answer waits", "answers wait")
    subject = f"[mailhitl] {count} for you, since {_when(app, cases[0].since)}"
    lines = [(one.case, _when(app, one.since)) for one in cases[:LISTED]]
    try:
        text = _render(app, "reminder", count=count, waiting=lines, more=len(cases) - len(lines))
    except TemplateError as error:
        # A broken template of the admin's must not keep people from being reminded.
        log.error("template not usable", template="notice/reminder.txt.j2", problem=str(error))
        text = f"{subject}. (The list is missing: templates/notice/reminder.txt.j2 can't be filled.)"
    key = f"remind:{action.to}:{last.isoformat() if last else 'first'}"
    alerts.queue(app, key=key, kind="reminder", to=action.to, subject=subject, text=text)


def _render(app: App, name: str, **words: object) -> str:
    template = app.templates.get_template(f"notice/{name}.txt.j2")
    return template.render(folders=app.folders, one_line=one_line, **words)


def _decision(app: App, event: Event, code: str, why: str, proof: str = "") -> Decision:
    return Decision(event, BY, Channel.DAEMON, why, app.now(), code=code, proof=proof, versions=app.settings.versions)


def _when(app: App, moment: datetime) -> str:
    return moment.astimezone(app.settings.timezone).strftime("%a %d %b, %H:%M")


def _switch(app: App) -> str:
    return f"reminders:{app.settings.mailbox}"


def _remembered(app: App) -> Memory:
    kept = app.store.switches.get(_switch(app))
    if not kept:
        return Memory()
    reminded, overdue = json.loads(kept)
    return Memory(
        {person: datetime.fromisoformat(at) for person, at in reminded.items()},
        {int(case_id): datetime.fromisoformat(at) for case_id, at in overdue.items()},
    )


def _remember(app: App, before: Memory, after: Memory) -> None:
    """Written only when something changed: a quiet round costs no write."""
    if after == before:
        return
    words = [{key: at.isoformat() for key, at in table.items()} for table in (after.reminded, after.overdue)]
    app.store.switches.set(_switch(app), json.dumps(words), BY, app.now())
