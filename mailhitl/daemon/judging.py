"""A received case gets a draft and a verdict: skipped, held or approved by a rule."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from mailhitl.case import Case, Event, Outcome, State
from mailhitl.daemon import downstream, facts
from mailhitl.daemon.app import App
from mailhitl.daemon.drafts.answering import Proposal, propose, with_context
from mailhitl.daemon.poison import each
from mailhitl.daemon.sources import QUARANTINED, source_of
from mailhitl.daemon.trust import leaving
from mailhitl.decision import Channel, Decision, Reason, Verdict
from mailhitl.draft import Draft
from mailhitl.mail.authenticity import vouched
from mailhitl.mail.automatic import why_automatic
from mailhitl.mail.message import Message
from mailhitl.mail.parse import parse
from mailhitl.ports.journal import Judgment


def run_once(app: App) -> int:
    """Judge every received case; return how many moved."""
    return each(app, "judging", app.store.cases.in_state(State.RECEIVED, mailbox=app.settings.mailbox), _judge)


def _judge(app: App, case: Case) -> int:
    source = source_of(app, case)
    automatic = why_automatic(source, own=app.settings.own)
    downstream.note(app, case, source, automatic=bool(automatic))
    if automatic:
        decision = Decision(
            Event.SKIP,
            "rule:automatic mail",
            Channel.RULE,
            automatic,
            app.now(),
            code="automatic",
            versions=app.settings.versions,
        )
        app.store.cases.move(case, Event.SKIP, decision, outcome=Outcome.SKIP)
        return 1
    proposal = Proposal(problem=UNREAD) if source.header(QUARANTINED) else propose(app, case, source)
    if proposal is None:
        return 0  # still being written
    conversation = app.store.cases.in_thread(app.settings.mailbox, case.thread)
    unanswered = _unanswered(app, case, source, conversation)
    gathered = facts.gather(app, case, source, proposal.draft, unanswered=bool(unanswered), conversation=conversation)
    verdict = facts.verdict(app, gathered)
    if proposal.problem:
        verdict = facts.with_reason(verdict, proposal.problem)
    if verdict.outcome is not Outcome.SKIP:
        _supersede(app, case, unanswered)
    _settle(app, case, source, proposal, verdict, facts.judgment(app, gathered, verdict))
    return 1


def judge_again(app: App, case: Case) -> Verdict:
    """What rules and gates make, now, of a draft that a rule approved: to be asked before it leaves.

    The facts are gathered anew: who may be written to, how often, at what hour and in what conversation can have
    changed since. Only for automatic sends; a person's approval has been judged when it was given.
    """
    source = source_of(app, case)
    conversation = app.store.cases.in_thread(app.settings.mailbox, case.thread)
    unanswered = bool(_unanswered(app, case, source, conversation))
    draft = app.store.cases.draft(case)
    gathered = facts.gather(app, case, source, draft, unanswered=unanswered, conversation=conversation)
    return facts.verdict(app, gathered)


#: Of a mail that was set aside unread only the header was kept: no machine may answer it by its subject.
UNREAD = Reason("unreadable", Outcome.REVIEW, "Taking this mail in failed several times: please read it in the inbox.")
#: The code of the log row that says so.
WROTE_AGAIN = "customer-wrote-again"
WAITING = (State.RECEIVED, State.HELD, State.APPROVED)


def _unanswered(app: App, case: Case, source: Message, conversation: Sequence[Case]) -> list[Case]:
    """The same customer's earlier mails in this thread, since the last one that got an answer.

    One that was closed because of this very case counts: a crash may have come between that and the judgment.
    """
    waiting: list[Case] = []
    for older in conversation:
        if older.id >= case.id or older.sender != case.sender or not _same_author(app, older, source):
            continue
        if older.state in WAITING or _wrote_again(app, older):
            waiting.append(older)
        elif older.state in (State.SENT, State.SUPERSEDED):
            waiting.clear()
    return waiting


def _wrote_again(app: App, case: Case) -> bool:
    return case.state is State.SUPERSEDED and app.store.cases.log(case)[-1].code == WROTE_AGAIN


def _same_author(app: App, older: Case, source: Message) -> bool:
    """Whether From can be believed as far as it could before: anybody can write a customer's address into it."""
    if not source.sender.key:
        return False
    trusted = app.settings.trusted_authserv
    return vouched(source, trusted=trusted) is not None or not vouched(
        parse(app.store.cases.source(older)), trusted=trusted
    )


def _supersede(app: App, case: Case, older: list[Case]) -> None:
    """The customer wrote again, so an answer to the earlier mail comes too late: at most one case is open a thread."""
    for one in older:
        if one.state in WAITING:
            why = f"the customer wrote again (case {case.id})"
            versions = app.settings.versions
            decision = Decision(
                Event.SUPERSEDE, "intake", Channel.DAEMON, why, app.now(), code=WROTE_AGAIN, versions=versions
            )
            app.store.cases.move(one, Event.SUPERSEDE, decision)


def _settle(app: App, case: Case, source: Message, proposal: Proposal, verdict: Verdict, judgment: Judgment) -> None:
    reasons = tuple(dict.fromkeys(verdict.reasons))
    why = "; ".join(reason.text for reason in reasons)
    by = f"rule:{reasons[0].rule}"
    event = EVENTS[verdict.outcome]
    decision = Decision(
        event, by, Channel.RULE, why, app.now(), str(verdict.outcome), reasons=reasons, versions=app.settings.versions
    )
    group = ",".join(verdict.groups)
    move = partial(app.store.cases.move, case, event, decision, outcome=verdict.outcome, judgment=judgment)
    if verdict.outcome is Outcome.SEND and proposal.draft is not None:
        move(draft=proposal.draft, not_before=leaving.not_before(app, verdict))
    elif verdict.outcome is Outcome.REVIEW:
        answer = proposal.draft or (_skeleton(app, source, proposal) if source.readable else None)
        move(draft=answer and app.drafting.with_quote(answer, source), group=group)
    else:
        move(group=group)


def _skeleton(app: App, source: Message, proposal: Proposal) -> Draft:
    return with_context(app.drafting.skeleton(source), proposal.known)


EVENTS = {
    Outcome.SKIP: Event.SKIP,
    Outcome.SEND: Event.APPROVE,
    Outcome.REVIEW: Event.HOLD,
    Outcome.BLOCK: Event.HOLD,
}
