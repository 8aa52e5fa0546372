"""One mail tried against the rules, without a mailbox: nothing is stored, nothing is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mailhitl.case import Outcome
from mailhitl.config.rules import read_gates, read_rules
from mailhitl.config.schema import Config
from mailhitl.daemon import wire
from mailhitl.daemon.customers import Directory
from mailhitl.errors import TemplateProblem
from mailhitl.mail.authenticity import vouched
from mailhitl.mail.parse import parse
from mailhitl.rules.engine import judge
from mailhitl.rules.explain import Explanation, explain
from mailhitl.rules.rule import Facts, RecipientFacts, SenderFacts


@dataclass(frozen=True, slots=True)
class Trial:
    """What would become of it. ``lines`` are the rules in the order of the file, then the gates that are shut."""

    outcome: Outcome
    intent: str
    draft: str
    lines: Sequence[Explanation]


def try_rules(config: Config, mailbox: str, raw: bytes) -> Trial:
    """Draft an answer to this mail and try every rule and gate on both. History and rate are those of a stranger."""
    settings = wire.settings_of(config, mailbox)
    directory = Directory(config.customers.csv if config.customers else None)
    desk = wire.drafting(config, settings, wire.library(config), directory)
    source = parse(raw)
    triage = desk.classifier.triage(source)
    try:
        draft = next((d for drafter in desk.drafters if (d := drafter.draft(source, triage))), None)
    except TemplateProblem:
        draft = None
    now = datetime.now(UTC).astimezone(settings.timezone)
    facts = Facts(
        message=source,
        draft=draft,
        now=now,
        triage=triage,
        findings=desk.findings(draft, source) if draft else (),
        customer=directory.row(source.sender),
        sender=SenderFacts(authenticated=vouched(source, trusted=settings.trusted_authserv) is not None),
        recipients=RecipientFacts(count=len(draft.recipients) if draft else 0),
        language=desk.language(source.new_text),
        office_hours=config.review.office_hours.covers(now),
    )
    rules = read_rules(config)
    verdict = judge(rules, facts, read_gates(config))
    named = {rule.name for rule in rules}
    gates = [Explanation(r.rule, True, r.text) for r in verdict.reasons if r.rule not in named]
    intent = f"{triage.intent} ({triage.confidence:.2f}: {triage.why})" if triage.intent else ""
    return Trial(verdict.outcome, intent, draft.text if draft else "", [*explain(rules, facts), *gates])
