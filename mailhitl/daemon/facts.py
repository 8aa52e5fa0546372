"""The facts of one case, gathered for the rules."""

from __future__ import annotations

from datetime import timedelta

from mailhitl.case import Case, State
from mailhitl.daemon.app import App
from mailhitl.decision import Finding, Verdict
from mailhitl.draft import Draft
from mailhitl.mail.authenticity import vouched
from mailhitl.mail.message import Message
from mailhitl.mail.thread import is_own
from mailhitl.ports.drafter import Triage
from mailhitl.rules.engine import judge
from mailhitl.rules.rule import Facts, RecipientFacts, SenderFacts, ThreadFacts


def gather(app: App, case: Case, source: Message, draft: Draft | None, *, edited: bool = False) -> Facts:
    """Return all that the rules may look at."""
    triage = app.drafting.classifier.triage(source) if source.readable else Triage("", 0.0, "unreadable")
    since = app.now() - timedelta(hours=24)
    return Facts(
        message=source,
        draft=draft,
        now=app.now().astimezone(app.settings.timezone),
        triage=triage,
        findings=found(app, source, draft),
        customer=app.customer(source.sender),
        sender=_sender(app, source),
        recipients=_recipients(app, source, draft, edited=edited),
        thread=_thread(app, case),
        language=app.drafting.language(source.new_text),
        office_hours=app.office_hours(app.now()),
        rate=app.store.cases.automatic_sends(app.settings.mailbox, since, source.sender.key),
    )


def found(app: App, source: Message, draft: Draft | None) -> tuple[Finding, ...]:
    """The risks in the draft."""
    return app.drafting.findings(draft, source) if draft is not None else ()


def verdict(app: App, facts: Facts) -> Verdict:
    return judge(app.rules, facts, app.gates)


def _sender(app: App, source: Message) -> SenderFacts:
    opened, answered = app.store.cases.correspondence(app.settings.mailbox, source.sender.key)
    return SenderFacts(
        known=answered > 0 or bool(app.customer(source.sender)),
        first_contact=opened <= 1,
        reviewer=app.reviewers.by_address(source.sender.spec) is not None,
        authenticated=vouched(source, trusted=app.settings.trusted_authserv) is not None,
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
    ours = app.settings.own | {person.address.lower() for person in app.reviewers.people}
    return len(source.reply_to) > 1 or any(not each.spec or is_own(each.key, ours) for each in elsewhere)


def _thread(app: App, case: Case) -> ThreadFacts:
    cases = app.store.cases.in_thread(app.settings.mailbox, case.thread)
    reopened = any(other.state is State.SENT and other.id != case.id for other in cases)
    return ThreadFacts(length=max(1, len(cases)), reopened=reopened)
