"""Rules and gates from the config file."""

from __future__ import annotations

from mailhitl.case import Outcome
from mailhitl.config.schema import Config, RuleConfig
from mailhitl.rules.conditions import table
from mailhitl.rules.gates import Gates
from mailhitl.rules.rule import Rule


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
    )
