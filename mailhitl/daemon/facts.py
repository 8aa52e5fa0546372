"""The facts of one case, gathered for the rules, and what the rules make of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mailhitl.case import Case, Outcome, State
from mailhitl.daemon.app import App
from mailhitl.daemon.trust import autonomy
from mailhitl.decision import Channel, Finding, Reason, Verdict
from mailhitl.draft import Draft
from mailhitl.mail.authenticity import vouched
from mailhitl.mail.message import Message
from mailhitl.mail.thread import is_own
from mailhitl.ports.drafter import Triage
from mailhitl.ports.journal import Hit, Judgment
from mailhitl.rules.conditions.record import LONGEST
from mailhitl.rules.engine import judge
from mailhitl.rules.gates import Gates
from mailhitl.rules.rule import Facts, RecipientFacts, Rule, SenderFacts, ThreadFacts
from mailhitl.rules.snapshot import freeze

#: A machine that answers the second mail alone would close the first one for good.
BURIED = Reason("thread", Outcome.REVIEW, "An earlier mail of this conversation has not been answered: look at both.")

#: An empty row would make every customer a stranger, and the most valuable one no exception.
STRANGERS = Reason("customers", Outcome.REVIEW, "The customer directory cannot be read: nobody knows who this is.")

#: An answer that says nothing: with it only the mail's own risks are found.
NO_WORDS = Draft((), (), "", "", "")


def gather(
    app: App,
    case: Case,
    source: Message,
    draft: Draft | None,
    *,
    edited: bool = False,
    unanswered: bool = False,
    conversation: Sequence[Case] | None = None,
) -> Facts:
    """Return all that the rules may look at. ``unanswered``: the customer's last mail before this one is too.

    ``conversation``: every case of its thread, where they have been read already.
    """
    if conversation is None:
        conversation = app.store.cases.in_thread(app.settings.mailbox, case.thread)
    words = source.readable and not source.encrypted
    triage = app.drafting.classifier.triage(source) if words else Triage("", 0.0, "unreadable")
    return Facts(
        message=source,
        draft=draft,
        now=app.now().astimezone(app.settings.timezone),
        triage=triage,
        findings=found(app, source, draft),
        customer=app.customers.row(source.sender),
        sender=_sender(app, source),
        recipients=_recipients(app, source, draft, edited=edited),
        thread=_thread(app, case, conversation, unanswered=unanswered),
        language=app.drafting.language(source.new_text),
        office_hours=app.office_hours(app.now()),
        customers_known=app.customers.known,
        mailed=_mailed(app, source),
        history=app.records.of(case, triage.intent, app.now()),
    )


def _mailed(app: App, source: Message) -> tuple[datetime, ...]:
    return tuple(app.store.cases.automatic_mails(app.settings.mailbox, app.now() - LONGEST, source.sender.key))


def found(app: App, source: Message, draft: Draft | None) -> tuple[Finding, ...]:
    """The risks in the draft and in the mail; without a draft those of the mail."""
    if draft is not None:
        return app.drafting.findings(draft, source)
    return tuple(each for each in app.drafting.findings(NO_WORDS, source) if each.place == "mail")


def verdict(app: App, facts: Facts) -> Verdict:
    return ruling(autonomy.in_force(app), app.gates, facts)


def ruling(rules: Sequence[Rule], gates: Gates, facts: Facts) -> Verdict:
    """What these rules and gates make of the facts, and what no rule can allow."""
    found = judge(rules, facts, gates)
    if found.outcome is not Outcome.SEND:
        return found
    if not facts.customers_known:
        return with_reason(found, STRANGERS)
    return with_reason(found, BURIED) if facts.thread.unanswered else found


def with_reason(verdict: Verdict, reason: Reason) -> Verdict:
    """The verdict with one reason more to ask a person."""
    outcome = verdict.outcome if verdict.outcome is Outcome.BLOCK else reason.outcome
    return replace(verdict, outcome=outcome, reasons=(reason, *verdict.reasons))


def judgment(app: App, facts: Facts, verdict: Verdict) -> Judgment:
    """What is remembered of a verdict, for ``cases.move``, which knows the case and the revision."""
    face = ruling(autonomy.trusted(app.rules), app.gates, facts)
    sends = face.outcome is Outcome.SEND
    rules = [rule for rule in autonomy.in_force(app) if rule.name in verdict.hits]
    hits = tuple(Hit(rule.name, str(rule.then), str(rule.level), sends) for rule in rules)
    versions, intent = app.settings.versions, facts.triage.intent
    return Judgment(0, 0, app.now(), str(verdict.outcome), hits, versions, freeze(facts), intent)


def _sender(app: App, source: Message) -> SenderFacts:
    opened, answered = app.store.cases.correspondence(app.settings.mailbox, source.sender.key)
    return SenderFacts(
        known=answered > 0 or bool(app.customers.row(source.sender)),
        first_contact=opened <= 1,
        reviewer=app.reviewers.by_address(source.sender.spec) is not None,
        authenticated=vouched(source, trusted=app.settings.trusted_authserv) is not None,
        complained=bool(app.store.journal.entries(("complaint",), subject=source.sender.key)),
    )


def _recipients(app: App, source: Message, draft: Draft | None, *, edited: bool) -> RecipientFacts:
    if draft is None:
        return RecipientFacts()
    known = {address.key for address in (*source.senders, *source.reply_to, *source.to, *source.cc)}
    inside = {app.settings.domain, source.sender.domain}
    addresses = [address.lower() for address in draft.recipients]
    return RecipientFacts(
        count=len(addresses),
        new=sum(address not in known for address in addresses),
        external=sum(address.rpartition("@")[2] not in inside for address in addresses),
        changed_by_edit=edited,
        redirected=_redirected(app, source),
    )


def _redirected(app: App, source: Message) -> bool:
    """Whether Reply-To makes us write to whom the sender chose: an honest one names the sender's own side."""
    elsewhere = [address for address in source.reply_to if address.key != source.sender.key]
    ours = app.settings.own | {each for person in app.reviewers.people for each in person.addresses}
    return len(source.reply_to) > 1 or any(not each.spec or is_own(each.key, ours) for each in elsewhere)


def _thread(app: App, case: Case, cases: Sequence[Case], *, unanswered: bool) -> ThreadFacts:
    reopened = any(other.state is State.SENT and other.id != case.id for other in cases)
    by_machine = reopened and _by_machine(app, [other for other in cases if other.id < case.id])
    return ThreadFacts(length=max(1, len(cases)), reopened=reopened, unanswered=unanswered, by_machine=by_machine)


def _by_machine(app: App, earlier: Sequence[Case]) -> bool:
    """Whether the last answer before this was a rule's, and no person's hand has moved anything since."""
    for other in reversed(earlier):
        if any(row.channel in PEOPLE for row in app.store.cases.log(other)):
            return False
        if other.state is State.SENT:
            return True
    return False


PEOPLE = frozenset({Channel.FOLDER, Channel.REPLY, Channel.HAND, Channel.CLI})
