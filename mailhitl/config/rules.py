"""Rules and gates from the config file."""

from __future__ import annotations

import hashlib
import json

from mailhitl.case import Outcome
from mailhitl.config.schema import Config, RuleConfig
from mailhitl.rules.conditions import table
from mailhitl.rules.gates import Gates
from mailhitl.rules.rule import Level, Rule


def read_rules(config: Config) -> tuple[Rule, ...]:
    """Return the rules, in the order of the file. A config that was loaded has no wrong ones."""
    return tuple(_rule(each) for each in config.rule)


def read_gates(config: Config) -> Gates:
    """Return the built-in gates as the admin set them."""
    review = config.review
    off = {*review.gates_off, *(("unauthenticated",) if review.auto_send_unauthenticated else ())}
    return Gates(off=frozenset(off), authserv=bool(review.trusted_authserv))


def _rule(each: RuleConfig) -> Rule:
    return Rule(
        name=each.name,
        then=Outcome(each.then),
        why=each.why,
        condition=table(each.when),
        group=each.reviewers,
        approvals=each.approvals,
        named=each.named,
        undo=each.undo.total_seconds(),
        sample=each.sample,
        level=Level(each.level),
        office_hours=each.send == "office-hours",
        fingerprint=fingerprint(each),
        promote_at=each.promote_at,
        promote_over=each.promote_over,
        promote_clean=each.promote_clean,
    )


def fingerprint(each: RuleConfig) -> str:
    """Tell two wordings of what a rule is about apart: its conditions and what it wants, not how it is called."""
    words = json.dumps([each.when, each.then], sort_keys=True, default=str)
    return hashlib.sha256(words.encode()).hexdigest()[:12]
