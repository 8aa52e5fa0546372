"""Sampling: some answers that no person has seen are looked at after they were sent, and a wrong one has consequences.

Which ones is drawn from the store's key and the number of the case: anybody who has the store can draw again and gets
the same, and nobody who has not can tell beforehand.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from jinja2 import TemplateError

from mailhitl.case import Case
from mailhitl.daemon import alerts, packets
from mailhitl.daemon.app import App
from mailhitl.daemon.decide import Result
from mailhitl.daemon.sources import original
from mailhitl.daemon.trust import autonomy, tickets
from mailhitl.decision import Channel
from mailhitl.ports.journal import Entry
from mailhitl.ports.store import Store
from mailhitl.review.reviewers import Hand
from mailhitl.rules.rule import Level, Rule

log = structlog.get_logger(__name__)

SAMPLE, RIGHT, WRONG = "sample", "right", "wrong"
#: On ``sampled`` at least this share is looked at.
AT_LEAST = 0.2
#: Office time after which whoever was asked is reminded, once.
REMIND_AFTER = timedelta(hours=8)
_PURPOSE = b"mailhitl sample 1"


def drawn(key: bytes, case_id: int) -> float:
    """Where this case falls between 0 and 1: it is looked at when that is below the share."""
    digest = hmac.new(key, b"%s\n%d" % (_PURPOSE, case_id), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def share(rule: Rule) -> float:
    """Which share of what this rule sends is looked at, on the rung on which it stands."""
    return max(rule.sample, AT_LEAST) if rule.level is Level.SAMPLED else rule.sample


def draw(app: App, case: Case) -> bool:
    """Ask somebody about this sent case, if it is drawn. As often as it is called, they are asked once."""
    names = autonomy.senders(app.store.cases.log(case))
    rules = [rule for rule in autonomy.in_force(app) if rule.name in names]
    if drawn(app.key, case.id) >= max((share(rule) for rule in rules), default=0.0):
        return False
    person = _whom(app, case, rules)
    for rule in rules:
        why = "drawn to be looked at afterwards"
        key, data = f"{SAMPLE}:{case.id}:{rule.name}", {"asked": person}
        app.store.journal.add(
            Entry(SAMPLE, "daemon", Channel.DAEMON, app.now(), rule.name, case.id, why, data=data, key=key)
        )
    [first, *_] = app.store.journal.entries((SAMPLE,), case_id=case.id)
    _ask(app, case, first)
    return True


def _whom(app: App, case: Case, rules: Sequence[Rule]) -> str:
    """One person, a different one from case to case."""
    people = alerts.addressees(app, ",".join(sorted({rule.group for rule in rules})))
    return people[case.id % len(people)]


def _ask(app: App, case: Case, entry: Entry, *, reminding: bool = False) -> None:
    again, key = ("reminder, ", _reminded(entry)) if reminding else ("", "")
    subject = f"[Sample] {again}right or wrong: {packets.packet_of(app, case).title}"
    to, text = entry.data["asked"], text_of(app, entry)
    tickets.send(app, entry, to, subject=subject, text=text, attached=original(app, case), key=key)


def text_of(app: App, entry: Entry) -> str:
    """What the mail says that asks about this sample."""
    case = app.store.cases.get(entry.case_id or 0)
    packet = packets.packet_of(app, case)
    names = " and ".join(f"the rule “{one.subject}”" for one in _of(app.store, case.id, SAMPLE))
    recipients = ", ".join(packet.draft.recipients) if packet.draft else packet.customer
    try:
        template = app.templates.get_template("notice/sample.txt.j2")
        return template.render(packet=packet, rules=names, recipients=recipients)
    except TemplateError as error:
        log.error("template not usable", template="notice/sample.txt.j2", problem=str(error))
        return f"Case {case.id} was answered without a person. Was it right? Answer “right”, or “wrong: why”."


def _of(store: Store, case_id: int, *kinds: str) -> Sequence[Entry]:
    return store.journal.entries(kinds, case_id=case_id)


def open_samples(store: Store, now: datetime) -> list[Entry]:
    """The samples nobody has spoken about yet, oldest first, one for each case, while they can still be answered."""
    since = now - tickets.VALID
    spoken = {entry.case_id for entry in store.journal.entries((RIGHT, WRONG), since=since)}
    waiting = {entry.case_id: entry for entry in reversed(store.journal.entries((SAMPLE,), since=since))}
    return sorted((entry for case_id, entry in waiting.items() if case_id not in spoken), key=lambda entry: entry.id)


def run_once(app: App) -> int:
    """Send the mail again to whoever has not answered for a working day, once; return how many were reminded."""
    done = 0
    for entry in open_samples(app.store, app.now()):
        due = app.office_after(entry.at, REMIND_AFTER)
        if app.now() < due:
            app.agenda.at(due)
        elif _is_here(app, entry) and not app.store.notices.known(app.settings.mailbox, _reminded(entry)):
            _ask(app, app.store.cases.get(entry.case_id or 0), entry, reminding=True)
            done += 1
    return done


def _reminded(entry: Entry) -> str:
    return f"sample-reminder:{entry.id}"


def _is_here(app: App, entry: Entry) -> bool:
    """Whether it is this mailbox's, and whoever was asked is not forgotten."""
    try:
        return bool(entry.data["asked"]) and app.store.cases.get(entry.case_id or 0).mailbox == app.settings.mailbox
    except KeyError:
        return False


def answered(app: App, entry: Entry, verdict: str, hand: Hand, why: str) -> Result:
    """Keep what a person says about a sample: once, for every rule that sent it. A wrong one demotes them."""
    case_id = entry.case_id or 0
    before = _of(app.store, case_id, RIGHT, WRONG)
    if before and verdict == RIGHT:
        return Result(False, f"Nothing has changed: {before[-1].by} has said already that it was {before[-1].kind}.")
    for sample in _of(app.store, case_id, SAMPLE):
        key = f"{verdict}:{case_id}:{sample.subject}"
        app.store.journal.add(
            Entry(
                verdict, hand.by, Channel.REPLY, app.now(), sample.subject, case_id, why, "sample", hand.proof, key=key
            )
        )
    if verdict == RIGHT:
        return Result(True, "Thank you: it counts as right.")
    # As often as it is said: a crash may have come between the verdict and what follows from it, which is done once.
    fallen = autonomy.charge(app, case_id, "sample", why, by=hand.by, channel=Channel.REPLY, proof=hand.proof)
    told = f" {' and '.join(f'“{name}”' for name in fallen)} asks a person again from now on." if fallen else ""
    return Result(
        True, f"Thank you: it counts as wrong.{told} If the customer has to hear of it, write to them yourself."
    )
