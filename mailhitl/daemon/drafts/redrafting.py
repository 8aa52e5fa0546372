"""A reviewer asks for another draft ("redraft: shorter"): the language model writes it, and everybody is asked anew."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from mailhitl.case import Case, Event, State
from mailhitl.daemon import alerts, facts
from mailhitl.daemon.app import App
from mailhitl.daemon.digest import signoff as digest_signoff
from mailhitl.daemon.drafts.answering import context_of
from mailhitl.daemon.poison import each
from mailhitl.daemon.sources import QUARANTINED, source_of
from mailhitl.decision import Channel, Decision
from mailhitl.draft import Draft
from mailhitl.errors import ModelFailure
from mailhitl.ports.drafter import Drafter

#: The codes of the wish, of the draft that followed, and of a wish that could not be fulfilled.
REDRAFT, REDRAFTED, FAILED = "redraft", "redrafted", "redraft-failed"


def writer(app: App) -> Drafter | None:
    """Who can follow an instruction; None where no language model is set up."""
    return next((drafter for drafter in app.drafting.drafters if drafter.slow), None)


def run_once(app: App) -> int:
    """Fulfil every wish for another draft; return how many came to an end."""
    if writer(app) is None:
        return 0
    return each(app, "redrafting", app.store.cases.in_state(State.HELD, mailbox=app.settings.mailbox), _redraft)


def _redraft(app: App, case: Case) -> int:
    wish, drafter = _wish(app, case), writer(app)
    if wish is None or drafter is None:
        return 0
    source = source_of(app, case)
    if source.encrypted or not source.readable or source.header(QUARANTINED) or digest_signoff.is_digest(case):
        _failed(app, case, ModelFailure("no machine may read that mail"))
        return 1
    triage = app.drafting.classifier.triage(source)
    current = app.store.cases.draft(case) if case.revision else None
    known = context_of(app, case, source, triage)
    previous = app.drafting.own_words(current, source) if current else ""
    context = replace(known, instruction=wish.why, previous=previous)
    try:
        taken = app.writers.take((case.id, REDRAFT, wish.at), partial(drafter.draft, source, triage, context))
        if taken is None:
            return 0
        (fresh,) = taken
        if fresh is None:
            raise ModelFailure("there is nobody to answer")
    except ModelFailure as failure:
        _failed(app, case, failure)
        return 1
    _keep(app, case, wish, app.drafting.with_quote(_addressed(fresh, current), source))
    return 1


def _addressed(fresh: Draft, current: Draft | None) -> Draft:
    """New words for the people and with the files that a reviewer may have chosen meanwhile."""
    if current is None:
        return fresh
    return replace(fresh, to=current.to, cc=current.cc, subject=current.subject, attachments=current.attachments)


def _keep(app: App, case: Case, wish: Decision, draft: Draft) -> None:
    gathered = facts.gather(app, case, source_of(app, case), draft)
    judged = facts.judgment(app, gathered, facts.verdict(app, gathered))
    decision = _row(app, REDRAFTED, f"written anew, as {wish.by} asked: {wish.why}")
    app.store.cases.move(case, Event.REVISE, decision, draft=draft, judgment=judged)


def _failed(app: App, case: Case, failure: ModelFailure) -> None:
    text = f"The draft was not written anew: {failure}. The draft of before still waits for a decision."
    alerts.note(app, case, key=f"redraft:{case.version}", text=text)
    app.store.cases.move(case, Event.REVISE, _row(app, FAILED, text))


def _row(app: App, code: str, why: str) -> Decision:
    versions = app.settings.versions
    return Decision(Event.REVISE, "redrafting", Channel.DAEMON, why, app.now(), code=code, versions=versions)


def _wish(app: App, case: Case) -> Decision | None:
    """The last wish for another draft that nothing has come of yet. Read once for each version of the case."""
    known = app.wishes.get(case.id)
    if known is None or known[0] != case.version:
        said = {REDRAFT, REDRAFTED, FAILED}
        rows = [row for row in app.store.cases.log(case) if row.code in said]
        # Who edits the draft after the wish wants their own words, not others in their place.
        open_wish = bool(rows) and rows[-1].code == REDRAFT and rows[-1].revision == case.revision
        last = rows[-1] if open_wish else None
        known = app.wishes[case.id] = (case.version, last)
    return known[1]
