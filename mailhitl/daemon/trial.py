"""One mail tried against the rules: judged as the daemon judges, in a mailbox and a store that end with the trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import TemporaryDirectory

from mailhitl.backends.memory import MemoryMailbox, MemoryTransport
from mailhitl.case import Case, Outcome
from mailhitl.config.schema import Config
from mailhitl.daemon import facts, judging, wire
from mailhitl.daemon.app import App
from mailhitl.mail.fingerprint import fingerprint
from mailhitl.mail.message import Message
from mailhitl.mail.parse import parse
from mailhitl.ports.mailbox import Location
from mailhitl.ports.store import Arrival
from mailhitl.rules.explain import Explanation, explain
from mailhitl.store import open_store


@dataclass(frozen=True, slots=True)
class Trial:
    """What would become of it. ``lines`` are the rules in the order of the file, then whatever else had a say."""

    outcome: Outcome
    intent: str
    draft: str
    lines: Sequence[Explanation]


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


def _try(app: App, raw: bytes) -> Trial:
    source = parse(raw)
    case = _opened(app, source, raw)
    judging.run_once(app)
    case = app.store.cases.get(case.id)
    decision = app.store.cases.log(case)[-1]
    draft, _ = judging.propose(app, source)
    gathered = facts.gather(app, case, source, draft)
    lines = explain(app.rules, gathered)
    named = {line.rule for line in lines}
    others = [Explanation(reason.rule, True, reason.text) for reason in decision.reasons if reason.rule not in named]
    if not decision.reasons:
        others = [Explanation(decision.by.removeprefix("rule:"), True, decision.why)]
    triage = gathered.triage
    intent = f"{triage.intent} ({triage.confidence:.2f}: {triage.why})" if triage.intent else ""
    return Trial(case.outcome or Outcome.REVIEW, intent, draft.text if draft else "", [*lines, *others])


def _opened(app: App, source: Message, raw: bytes) -> Case:
    identity = fingerprint(source, raw)
    place = Location(app.folders.inbox, 1, 1)
    arrival = Arrival(app.settings.mailbox, place, source, identity, identity, identity, datetime.now(UTC), raw)
    case = app.store.cases.open(arrival)
    assert case is not None, "the store of a trial is empty"
    return case
