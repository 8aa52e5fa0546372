"""The built-in gates: what always goes to a person, whatever the rules say.

They stand between "send" and the customer. A finding is a risk that drafting saw in the draft; the other gates look at
the mail itself. Each can be switched off by its name, except those without which there is nothing to send.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby

from mailhitl.case import Outcome
from mailhitl.decision import Finding, Reason
from mailhitl.rules.rule import Facts
from mailhitl.rules.words import CHARACTERS, VALUES, own_words

#: What each kind of finding means to the reviewer. A kind that is not named here is a gate all the same.
FINDINGS: dict[str, str] = {
    "placeholder": "The draft has a placeholder that nobody filled in",
    "attachment-missing": "The draft speaks of an attachment and has none",
    "unsourced": "The draft has a link, address or number that stands in no source and not in the customer's mail",
    "money": "The draft speaks of money or a refund",
    "pricing": "The draft names a price or a discount",
    "promise": "The draft promises or guarantees something",
    "legal": "The draft makes a legal claim",
    "medical": "The draft makes a medical claim",
    "financial": "The draft makes a financial claim",
    "safety": "The draft makes a claim about safety",
    "private-data": "The draft holds private data",
    "language": "The draft is not in the customer's language",
    "echo": "The draft repeats the sender's own words, which a stranger may have chosen to be sent by us",
}


#: A risk only for what nobody reads before it leaves; to a reviewer it would be noise.
UNREAD = frozenset({"echo"})


@dataclass(frozen=True, slots=True)
class Gates:
    """Which gates are off, and whether anybody could vouch for a sender at all (``trusted_authserv`` is set)."""

    off: frozenset[str] = frozenset()
    authserv: bool = True

    def reasons(self, facts: Facts, *, leaving: bool = True) -> tuple[Reason, ...]:
        """Return one reason per gate that is shut. ``leaving``: nothing but the gates keeps it from being sent."""
        asked = (*_findings(facts.findings), *self._checks(facts))
        shut = [(name, text) for name, text in asked if self._is_on(name) and (leaving or name not in UNREAD)]
        return tuple(Reason(f"gate:{name}", Outcome.REVIEW, text) for name, text in shut)

    def _checks(self, facts: Facts) -> Iterable[tuple[str, str]]:
        for name, check in CHECKS.items():
            if text := check(facts, self):
                yield name, text

    def _is_on(self, name: str) -> bool:
        return name not in self.off or name in ALWAYS


def _findings(findings: Iterable[Finding]) -> Iterable[tuple[str, str]]:
    for kind, same in groupby(sorted(findings, key=lambda finding: finding.kind), key=lambda finding: finding.kind):
        shown = ", ".join(dict.fromkeys(f"“{finding.text}”" for finding in same if finding.text))
        meaning = FINDINGS.get(kind, f"The draft carries a risk of the kind “{kind}”")
        yield kind, f"{meaning}: {shown}." if shown else f"{meaning}."


def _no_template(facts: Facts, gates: Gates) -> str:
    """There is no draft, or only a skeleton."""
    if facts.draft is None:
        return "No template fits: there is no draft."
    return "" if facts.draft.complete else "No template fits: the draft is a skeleton that a person must fill in."


def _unreadable(facts: Facts, gates: Gates) -> str:
    """The mail is encrypted or too broken to be read."""
    if facts.message.encrypted:
        return "The mail is encrypted."
    return "" if facts.message.readable else "The mail is too broken or too large to be read."


def _length(facts: Facts, gates: Gates) -> str:
    """The mail or the draft is longer than what the rules read."""
    message = facts.message
    longest = max(len(message.new_text), len(own_words(facts.draft, message)) if facts.draft else 0)
    most = max(len(message.to), len(message.cc), len(message.senders))
    if message.truncated or longest > CHARACTERS:
        return f"The mail or the draft is longer than the {CHARACTERS:,} characters that the rules read."
    return f"The mail has more than the {VALUES} addresses that the rules read." if most > VALUES else ""


def _unauthenticated(facts: Facts, gates: Gates) -> str:
    """No trusted server vouches for the sender."""
    if facts.sender.authenticated:
        return ""
    if not gates.authserv:
        return "Nobody can vouch for the sender, because review.trusted_authserv names no server."
    return "No trusted server vouches for the sender's address (SPF, DKIM or DMARC, aligned with From)."


def _recipients(facts: Facts, gates: Gates) -> str:
    """The draft goes to somebody other than us and the sender's own organisation, or Reply-To names several or us."""
    if facts.recipients.external or facts.recipients.new:
        return "The draft goes to somebody other than us and the sender's own organisation."
    return "Reply-To names several people, nobody, us or one of our own." if facts.recipients.redirected else ""


def _high_value(facts: Facts, gates: Gates) -> str:
    """The customer directory has `yes` in the column `high_value`."""
    marked = (cell for column, cell in facts.customer.items() if column.casefold() == "high_value")
    return "This is a high-value customer." if next(marked, "").strip().casefold() in YES else ""


def _follow_up(facts: Facts, gates: Gates) -> str:
    """An automatic answer went out in this conversation, and no person has looked since."""
    return "The customer writes again after an automatic answer." if facts.thread.by_machine else ""


def _complained(facts: Facts, gates: Gates) -> str:
    """An answer of ours to this sender was reported as spam."""
    return "An earlier answer to this sender was reported as spam." if facts.sender.complained else ""


#: What the column ``high_value`` of the customer directory says of a customer who always gets a person.
YES = frozenset({"yes", "true", "1", "x", "ja"})

CHECKS: dict[str, Callable[[Facts, Gates], str]] = {
    "no-template": _no_template,
    "unreadable": _unreadable,
    "length": _length,
    "recipients": _recipients,
    "high-value": _high_value,
    "unauthenticated": _unauthenticated,
    "follow-up": _follow_up,
    "complained": _complained,
}

#: Without a readable mail and a whole draft there is nothing that could be sent.
ALWAYS = frozenset({"no-template", "unreadable"})

#: The names that may be switched off.
OPTIONAL = (*FINDINGS, *(name for name in CHECKS if name not in ALWAYS))
