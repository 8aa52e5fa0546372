"""What could be answered: the first drafter's proposal for a mail, with all that is known of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from mailhitl.case import Case, Outcome, State
from mailhitl.daemon.app import App
from mailhitl.decision import Reason
from mailhitl.draft import CUSTOMER, Draft
from mailhitl.drafting.model import knowledge_line
from mailhitl.drafting.template import order_numbers
from mailhitl.errors import ModelFailure, TemplateProblem
from mailhitl.mail.message import Message
from mailhitl.mail.parse import parse
from mailhitl.mail.thread import reply_recipients
from mailhitl.ports.drafter import NOTHING, Context, Drafter, Triage
from mailhitl.ports.knowledge import Question, Snippet

#: Earlier mails of the conversation that are told, and characters of each.
TURNS = 6
TURN = 3_000
#: A customer who writes about the same thing again within this time repeats a claim.
REPEATED = timedelta(days=90)
#: How many of a customer's earlier cases are looked at.
EARLIER = 20


@dataclass(frozen=True, slots=True)
class Proposal:
    """A draft, None when there is none, what a reviewer must be told of that, and what is known besides the mail."""

    draft: Draft | None = None
    problem: Reason | None = None
    known: Context = NOTHING


UNREADABLE = Reason("unreadable", Outcome.REVIEW, "The mail is too large or too broken to be read safely.")
ENCRYPTED = Reason("encrypted", Outcome.REVIEW, "Only a person can read it, in a mail client that has the key.")


def propose(app: App, case: Case, source: Message) -> Proposal | None:
    """The first drafter's answer; None while it is still being written: ask again in a later round."""
    if not source.readable:
        return Proposal(problem=UNREADABLE)
    if source.encrypted:
        return Proposal(problem=ENCRYPTED)
    if any(drafter.slow and app.writers.under_way((case.id, drafter.name)) for drafter in app.drafting.drafters):
        # Behind a slow model many wait: what is known of them is not gathered anew in every round.
        return None
    return _first_answer(app, case, source)


def _first_answer(app: App, case: Case, source: Message) -> Proposal | None:
    triage = app.drafting.classifier.triage(source)
    context = context_of(app, case, source, triage)
    failures: list[str] = []
    for drafter in app.drafting.drafters:
        try:
            drafted = _drafted(app, case, drafter, source, triage, context)
        except TemplateProblem as problem:
            why = f"The template could not be filled: {problem}"
            return Proposal(problem=Reason("template", Outcome.REVIEW, why), known=context)
        except ModelFailure as failure:
            failures.append(f"The language model gave no answer: {failure}.")
            continue
        if drafted is None:
            return None
        if (draft := drafted[0]) is not None:
            return Proposal(_with_evidence(draft, (*failures, *_told(context, draft))))
    told = Reason("model", Outcome.REVIEW, " ".join(failures)) if failures else None
    return Proposal(problem=told, known=context)


def _drafted(
    app: App, case: Case, drafter: Drafter, source: Message, triage: Triage, context: Context
) -> tuple[Draft | None] | None:
    """What one drafter has, in a tuple; None while it is still at work."""
    if not drafter.slow:
        return (drafter.draft(source, triage, context),)
    return app.writers.take((case.id, drafter.name), partial(drafter.draft, source, triage, context))


def with_context(draft: Draft, known: Context) -> Draft:
    """A skeleton with what is known: whoever writes the answer finds it there."""
    return _with_evidence(draft, _told(known, draft))


def context_of(app: App, case: Case, source: Message, triage: Triage) -> Context:
    """Gather what is known besides the mail itself. Nobody is told through an answer what was only said to others."""
    to, cc = reply_recipients(source, app.settings.own)
    readers = {address.lower() for address in (*to, *cc)}
    return Context(
        snippets=tuple(_snippets(app, source, triage)),
        # Only a model reads what was said before.
        earlier=tuple(_turns(app, case, readers)) if any(each.slow for each in app.drafting.drafters) else (),
        customer=app.customers.row(source.sender) if readers <= {source.sender.key} else {},
        history=_history(app, case, source, triage),
    )


def _snippets(app: App, source: Message, triage: Triage) -> Sequence[Snippet]:
    if app.drafting.knowledge is None:
        return ()
    text = f"{source.subject}\n{source.new_text}"
    language = app.drafting.language(source.new_text)
    return app.drafting.knowledge.search(Question(text, triage.intent, language, order_numbers(text)))


def _turns(app: App, case: Case, readers: Set[str]) -> Iterator[str]:
    """The conversation so far, newest first: what the customer wrote and what we answered."""
    earlier = [one for one in app.store.cases.in_thread(app.settings.mailbox, case.thread) if one.id < case.id]
    for one in sorted(earlier, key=lambda one: -one.id)[: TURNS // 2]:
        message = parse(app.store.cases.source(one))
        there = {each.key for each in (*message.senders, *message.reply_to, *message.to, *message.cc)}
        # Whoever joined a conversation, by Cc or Reply-To too, must not be told what was said to somebody else.
        if one.sender != case.sender or not readers <= there or message.encrypted:
            continue
        if one.state is State.SENT and one.revision:
            answer = app.drafting.own_words(app.store.cases.draft(one), message)
            yield f"We answered on {one.opened_at:%Y-%m-%d}:\n{answer[:TURN]}"
        yield f"The customer wrote on {one.opened_at:%Y-%m-%d}:\n{message.new_text[:TURN]}"


def _history(app: App, case: Case, source: Message, triage: Triage) -> str:
    """How often this customer wrote before, and whether about the same thing."""
    earlier = app.store.cases.of_sender(app.settings.mailbox, source.sender.key, before=case.id, limit=EARLIER)
    if not earlier:
        return ""
    latest = earlier[0]
    told = f"{len(earlier)} earlier mails, the latest of {latest.opened_at:%Y-%m-%d} was {latest.state}"
    told = told if len(earlier) > 1 else told.replace("1 earlier mails", "1 earlier mail")
    same = [one.id for one in earlier if one.opened_at > case.opened_at - REPEATED and _about(app, one, triage.intent)]
    if not triage.intent or not same:
        return told
    cases = ", ".join(str(number) for number in sorted(same))
    return f"{told}; wrote about {triage.intent} before (case {cases})"


def _about(app: App, case: Case, intent: str) -> bool:
    return any(judgment.intent == intent for judgment in app.store.judgments.of(case.id))


def _told(context: Context, draft: Draft) -> Iterator[str]:
    """What a draft's evidence says of the context, where the drafter has not said it."""
    known = set(draft.evidence)
    lines = [knowledge_line(snippet) for snippet in context.snippets]
    lines += [f"{CUSTOMER}{context.history}"] if context.history else []
    yield from (line for line in lines if line not in known)


def _with_evidence(draft: Draft, lines: Sequence[str] | Iterator[str]) -> Draft:
    return replace(draft, evidence=(*draft.evidence, *lines))
