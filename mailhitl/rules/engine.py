"""From rules to a verdict: every rule is tried, every reason is kept, the strictest hit wins."""

from __future__ import annotations

from collections.abc import Sequence

from mailhitl.case import Outcome
from mailhitl.decision import Reason, Verdict
from mailhitl.rules.gates import Gates
from mailhitl.rules.rule import Facts, Rule

#: Mild to strict. ``skip`` stands between: it stops a send, and a risk that any rule sees still reaches a person.
STRICTNESS = (Outcome.SEND, Outcome.SKIP, Outcome.REVIEW, Outcome.BLOCK)

ALL_GATES = Gates()
NO_RULE = Reason("default", Outcome.REVIEW, "No rule allows this to be sent without a person.")


def judge(rules: Sequence[Rule], facts: Facts, gates: Gates = ALL_GATES) -> Verdict:
    """Return what to do with a drafted answer, and why. Never raises: a rule that breaks asks for a person.

    The verdict doesn't depend on the order of the rules; once one rule hits, another can only make it stricter. The
    gates are asked unless all hits say ``skip``: they guard the way out, and then nothing goes out. A rule that sends
    says what it may on its rung; what has no say stands only among ``hits``.
    """
    found, broken = _try_all(rules, facts)
    hits = [rule for rule in found if rule.in_force is not None]
    reasons = [_reason(rule) for rule in hits] + (broken or ([] if hits else [NO_RULE]))
    if any(reason.outcome is not Outcome.SKIP for reason in reasons):
        leaving = all(reason.outcome is Outcome.SEND for reason in reasons)
        reasons += gates.reasons(facts, leaving=leaving)
    sending = [rule for rule in hits if rule.in_force is Outcome.SEND]
    return Verdict(
        outcome=max((reason.outcome for reason in reasons), key=STRICTNESS.index),
        reasons=tuple(sorted(reasons, key=_strictest_first)),
        groups=tuple(sorted({rule.group for rule in hits if rule.group})),
        approvals=max((rule.approvals for rule in hits), default=1),
        named=any(rule.named for rule in hits),
        undo=max((rule.undo for rule in sending), default=0.0),
        sample=max((rule.sample for rule in sending), default=0.0),
        hits=tuple(sorted(rule.name for rule in found)),
    )


def _reason(rule: Rule) -> Reason:
    why = rule.why or f"The rule “{rule.name}” says so."
    if rule.in_force in (rule.then, None):
        return Reason(rule.name, rule.then, why)
    return Reason(rule.name, Outcome.REVIEW, f"{why} (It may not send yet, or not any more: it stands on “review”.)")


def _try_all(rules: Sequence[Rule], facts: Facts) -> tuple[list[Rule], list[Reason]]:
    hits: list[Rule] = []
    broken: list[Reason] = []
    for rule in rules:
        try:
            if rule.hits(facts):
                hits.append(rule)
        except Exception as error:  # noqa: BLE001 - what an admin's rule makes of a stranger's mail must not stop the rest
            broken.append(Reason(rule.name, Outcome.REVIEW, f"The rule could not be tried ({type(error).__name__})."))
    return hits, broken


def _strictest_first(reason: Reason) -> tuple[int, bool, str, str]:
    return -STRICTNESS.index(reason.outcome), reason.rule.startswith("gate:"), reason.rule, reason.text
