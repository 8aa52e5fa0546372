"""Conditions on what we make of the mail: its intent, the proposed answer, the risks and the money in it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from mailhitl.rules.conditions.match import number, plain_number, share, shown, text, texts
from mailhitl.rules.gates import KINDS
from mailhitl.rules.money import amounts
from mailhitl.rules.problem import suggestion, wrong
from mailhitl.rules.rule import Condition, Facts
from mailhitl.rules.words import own_words


def intent(value: Any) -> Condition:
    """What the mail wants (text): the name of an `[[intent]]`. The empty text when none fits.

    ```toml
    when = { intent = ["refund", "billing"] }
    ```
    """
    return text(value, lambda facts: (facts.triage.intent,))


def confidence(value: Any) -> Condition:
    """How sure the intent is (number, 0 to 1).

    ```toml
    when = { intent = "opening-hours", confidence = { at_least = 0.9 } }
    ```
    """
    return number(value, lambda facts: (facts.triage.confidence,), share)


def drafter(value: Any) -> Condition:
    """Who wrote the draft (text): the name of a drafter, or the address of the reviewer whose edit it is. Never fits
    when there is no draft.

    ```toml
    when = { drafter = "template" }
    ```
    """
    return text(value, _authors)


def draft(value: Any) -> Condition:
    """The words of the draft (text), without the customer's mail quoted below. Never fits when there is no draft.

    ```toml
    when = { draft = { contains = ["guarantee", "garantieren"] } }
    ```
    """
    return text(value, _draft_words)


def findings(value: Any) -> Condition:
    """The risks found: `"none"` or `"any"` in the draft, or kinds of risk (text) in the draft or in the mail, named
    like the [built-in gates](gates.md).

    ```toml
    when = { findings = "none" }
    when = { findings = ["money", "hidden"] }
    ```
    """
    if value == "none":
        return lambda facts: not _in_draft(facts)
    if value == "any":
        return _in_draft
    for kind in texts(value) if not isinstance(value, dict) else ():
        if kind not in KINDS:
            hint = suggestion(kind, ("none", "any", *KINDS)) or f" Kinds: {', '.join(KINDS)}."
            raise wrong(f"is not a kind of risk: {shown(kind)}.{hint}")
    return text(value, lambda facts: dict.fromkeys(finding.kind for finding in facts.findings))


def _in_draft(facts: Facts) -> bool:
    # What the customer says is not what the draft risks: the gates look at the mail by themselves, and say so.
    return any(finding.place == "draft" for finding in facts.findings)


def amount(value: Any) -> Condition:
    """An amount of money in the mail's new words or in the draft, in any currency (number). Fits when one amount does:
    `{ under = 50 }` says that there is a small amount, not that there is no large one.

    ```toml
    when = { amount = { over = 500 } }
    ```
    """
    return number(value, _amounts, lambda bound: Decimal(str(plain_number(bound))))


def _authors(facts: Facts) -> Iterable[str]:
    author = facts.draft.author if facts.draft else ""
    return dict.fromkeys((author, author.removeprefix("drafter:"))) if author else ()


def _draft_words(facts: Facts) -> Iterable[str]:
    return (own_words(facts.draft, facts.message),) if facts.draft else ()


def _amounts(facts: Facts) -> Iterable[Decimal]:
    texts = (facts.message.subject, facts.message.new_text, *_draft_words(facts))
    return (value for text in texts for value in amounts(text))
