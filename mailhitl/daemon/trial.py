"""One mail tried against the rules, and every rule and gate told why.

A mail from a file is judged as the daemon judges, in a mailbox and a store that end with the trial; of a case the facts
that were remembered are tried again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from tempfile import TemporaryDirectory

from mailhitl.backends.memory import MemoryMailbox, MemoryTransport
from mailhitl.case import Case, Outcome
from mailhitl.config.rules import read_gates
from mailhitl.config.schema import Config
from mailhitl.daemon import facts, judging, wire
from mailhitl.daemon.app import App
from mailhitl.daemon.trust import autonomy
from mailhitl.daemon.trust.wording import rules_of
from mailhitl.decision import Reason
from mailhitl.errors import MailhitlError
from mailhitl.mail.fingerprint import fingerprint
from mailhitl.mail.message import Message
from mailhitl.mail.parse import parse
from mailhitl.ports.mailbox import Location
from mailhitl.ports.store import Arrival, Store
from mailhitl.rules.explain import Explanation, explain, explain_gates
from mailhitl.rules.gates import Gates
from mailhitl.rules.rule import Facts, Rule
from mailhitl.rules.snapshot import thaw
from mailhitl.store import open_store


@dataclass(frozen=True, slots=True)
class Trial:
    """What would become of it. ``lines`` are the rules in the order of the file, the gates, then whatever else had a
    say. ``was`` is what was decided when the case was judged, "" for a mail that is no case."""

    outcome: Outcome
    intent: str
    draft: str
    lines: Sequence[Explanation]
    was: str = ""


def try_rules(config: Config, mailbox: str, raw: bytes) -> Trial:
    """Judge this mail as the first one of a stranger. Nothing is kept, nothing is sent."""
    settings = wire.settings_of(config, mailbox)
    box = MemoryMailbox()
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/trial.db")
        try:
            app = wire.build(config, settings, box, MemoryTransport(), store, wire.find_folders(box, {}))
            return _try(app, raw)
        finally:
            store.close()


def try_case(config: Config, store: Store, case_id: int) -> Trial:
    """Try the rules of the file, each on the rung on which it stands, on what they looked at last in this case.

    Raises MailhitlError when there is no such case, no rule was asked about it, or its words are erased.
    """
    judgment = next(reversed(store.judgments.of(case_id)), None)
    if judgment is None:
        raise MailhitlError(
            f"the rules were never asked about a case {case_id}; which there are says: mailhitl cases list"
        )
    try:
        seen = thaw(judgment.facts)
    except ValueError:
        raise MailhitlError(f"the words of case {case_id} are erased: nothing is left to try the rules on") from None
    entries = autonomy.steps(store)
    rules = [replace(rule, level=autonomy.standing(rule, entries).level) for rule in rules_of(config)]
    gates = read_gates(config)
    verdict = facts.ruling(rules, gates, seen)
    return _told(rules, gates, seen, verdict.outcome, verdict.reasons, judgment.outcome)


def _try(app: App, raw: bytes) -> Trial:
    source = parse(raw)
    case = _opened(app, source, raw)
    # A trial must neither wait nor pay for a language model.
    quick = tuple(drafter for drafter in app.drafting.drafters if not drafter.slow)
    app = replace(app, drafting=replace(app.drafting, drafters=quick))
    judging.run_once(app)
    case = app.store.cases.get(case.id)
    decision = app.store.cases.log(case)[-1]
    judgments = app.store.judgments.of(case.id)
    seen = thaw(judgments[-1].facts) if judgments else facts.gather(app, case, source, None)
    # What no machine may answer at all was decided before any rule was asked.
    reasons = decision.reasons or (Reason(decision.by.removeprefix("rule:"), Outcome.SKIP, decision.why),)
    return _told(app.rules, app.gates, seen, case.outcome or Outcome.REVIEW, reasons)


def _told(
    rules: Sequence[Rule], gates: Gates, seen: Facts, outcome: Outcome, reasons: Iterable[Reason], was: str = ""
) -> Trial:
    lines = [*explain(rules, seen), *explain_gates(gates, seen)]
    named = {line.rule for line in lines}
    others = [
        Explanation(each.rule, True, each.text, "other", each.outcome) for each in reasons if each.rule not in named
    ]
    triage = seen.triage
    intent = f"{triage.intent} ({triage.confidence:.2f}: {triage.why})" if triage.intent else ""
    return Trial(outcome, intent, seen.draft.text if seen.draft else "", [*lines, *others], was)


def _opened(app: App, source: Message, raw: bytes) -> Case:
    identity = fingerprint(source, raw)
    place = Location(app.folders.inbox, 1, 1)
    arrival = Arrival(app.settings.mailbox, place, source, identity, identity, datetime.now(UTC), raw)
    case = app.store.cases.open(arrival)
    assert case is not None, "the store of a trial is empty"
    return case
