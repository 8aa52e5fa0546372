"""The built-in gates: what always goes to a person, whatever the rules say.

They stand between "send" and the customer. A finding is a risk that drafting saw in the draft or in the mail's words;
the other gates look at who writes, who gets the answer and whether there is one. Each can be switched off by its name,
except those without which there is nothing to send.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from mailhitl.case import Outcome
from mailhitl.decision import Finding, Reason
from mailhitl.mail.lookalike import letters
from mailhitl.rules.reply_to import elsewhere
from mailhitl.rules.rule import Facts
from mailhitl.rules.words import CHARACTERS, VALUES, own_words

#: What each kind of finding in a draft means to the reviewer. A kind that is not named here is a gate all the same.
FINDINGS: dict[str, str] = {
    "placeholder": "The draft has a placeholder that nobody filled in",
    "attachment-missing": "The draft speaks of an attachment and has none",
    "unsourced": "The draft has a link, address or number that stands in no source and not in the customer's mail",
    "unsupported": "The draft, by a language model, says what none of its sources says",
    "money": "The draft speaks of money or a refund",
    "pricing": "The draft names a price or a discount",
    "promise": "The draft promises or guarantees something",
    "legal": "The draft makes a legal claim",
    "medical": "The draft makes a medical claim",
    "financial": "The draft makes a financial claim",
    "safety": "The draft makes a claim about safety",
    "strategy": "The draft recommends a business decision or tells of our plans",
    "private-data": "The draft holds private data",
    "third-party": "The draft names somebody who is neither the customer nor one of us",
    "language": "The draft is not in the customer's language",
    "unread-language": "The draft is in a language that the gates cannot read, so read it with care",
    "echo": "The draft repeats the sender's own words, which a stranger may have chosen to be sent by us",
}

#: The same for findings in the customer's mail.
IN_MAIL: dict[str, str] = {
    "hidden": "The mail holds words that no reader sees",
    "money": "The customer speaks of money",
    "pricing": "The customer asks about a price",
    "legal": "The customer raises a legal matter",
    "medical": "The customer raises a medical matter",
    "financial": "The customer raises a financial matter",
    "safety": "The customer raises a matter of safety",
}
MEANINGS = {"draft": FINDINGS, "mail": IN_MAIL}
#: Every kind of finding, as rules may name it.
KINDS = tuple(dict.fromkeys((*FINDINGS, *IN_MAIL)))

#: Risks only for what nobody reads before it leaves; to a reviewer, who has read the mail, they would be noise.
UNREAD = frozenset({("echo", "draft"), ("money", "mail"), ("pricing", "mail"), ("financial", "mail")})


@dataclass(frozen=True, slots=True)
class Gates:
    """Which gates are off, and whether anybody could vouch for a sender at all (``trusted_authserv`` is set)."""

    off: frozenset[str] = frozenset()
    authserv: bool = True

    def reasons(self, facts: Facts, *, leaving: bool = True) -> tuple[Reason, ...]:
        """Return one reason per gate that is shut. ``leaving``: nothing but the gates keeps it from being sent."""
        told = [each for each in facts.findings if leaving or (each.kind, each.place) not in UNREAD]
        asked = (*_findings(told), *self._checks(facts))
        shut = [(name, text) for name, text in asked if self._is_on(name)]
        return tuple(Reason(f"gate:{name}", Outcome.REVIEW, text) for name, text in shut)

    def _checks(self, facts: Facts) -> Iterable[tuple[str, str]]:
        for name, check in CHECKS.items():
            if text := check(facts, self):
                yield name, text

    def _is_on(self, name: str) -> bool:
        return name not in self.off or name in ALWAYS


def _findings(findings: Iterable[Finding]) -> Iterable[tuple[str, str]]:
    for (kind, place), same in groupby(sorted(findings, key=_place), key=_place):
        shown = ", ".join(dict.fromkeys(f"“{finding.text}”" for finding in same if finding.text))
        meaning = MEANINGS.get(place, {}).get(kind, f"The {place} carries a risk of the kind “{kind}”")
        yield kind, f"{meaning}: {shown}." if shown else f"{meaning}."


def _place(finding: Finding) -> tuple[str, str]:
    return finding.kind, finding.place


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


def _signed(facts: Facts, gates: Gates) -> str:
    """The mail is signed with PGP or S/MIME.

    Nothing here checks such a signature, and whoever signs expects that somebody does. Where a company signs all its
    ordinary mail, the gate may be switched off.
    """
    return "The mail is signed, and only a mail client can check the signature." if facts.message.signed else ""


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


def _reply_to(facts: Facts, gates: Gates) -> str:
    """Reply-To names another organisation than From, or another person at the same mail provider.

    Subdomains of one organisation and spellings of one mailbox (`gmail.com` and `googlemail.com`, plus-tags) are the
    same. Of two names that are drawn alike (`example.org`, `exarnple.org`) the reason says so.
    """
    return elsewhere(facts.message)


def _high_value(facts: Facts, gates: Gates) -> str:
    """The customer directory marks the customer: `yes` in a column `high_value`, `vip` or `key_account`, or `VIP`, `key
    account`, `enterprise`, `platinum` or `strategic` in a column `tier`, `status`, `segment`, `category` or `class`.
    German names and values count as well (`Großkunde`, `Kategorie`, `ja`).
    """
    for column, cell in facts.customer.items():
        name, value = _bare(column), _bare(cell)
        if (name in FLAGS and value in YES) or (name in RANKS and value in HIGH):
            return "This is a high-value customer."
    return ""


@lru_cache(maxsize=4096)
def _bare(text: str) -> str:
    return " ".join(letters(text).replace("_", " ").replace("-", " ").split())


def _follow_up(facts: Facts, gates: Gates) -> str:
    """An automatic answer went out in this conversation, and no person has looked since."""
    return "The customer writes again after an automatic answer." if facts.thread.by_machine else ""


def _complained(facts: Facts, gates: Gates) -> str:
    """An answer of ours to this sender was reported as spam."""
    return "An earlier answer to this sender was reported as spam." if facts.sender.complained else ""


def _model(facts: Facts, gates: Gates) -> str:
    """A language model wrote the draft."""
    written = facts.draft is not None and facts.draft.author == "drafter:model"
    return "A language model wrote the draft, and nobody has read it." if written else ""


#: What the customer directory says of a customer who always gets a person: a flag that is set, or a rank that is high.
YES = frozenset({"yes", "y", "true", "1", "x", "ja", "j", "wahr"})
FLAGS = frozenset({"high value", "vip", "key account", "groskunde", "grosskunde", "schlusselkunde", "schluesselkunde"})
RANKS = frozenset({"tier", "status", "segment", "category", "class", "kategorie", "klasse", "stufe"})
HIGH = FLAGS | {"enterprise", "platinum", "platin", "strategic"}

CHECKS: dict[str, Callable[[Facts, Gates], str]] = {
    "no-template": _no_template,
    "unreadable": _unreadable,
    "signed": _signed,
    "length": _length,
    "recipients": _recipients,
    "reply-to": _reply_to,
    "high-value": _high_value,
    "unauthenticated": _unauthenticated,
    "follow-up": _follow_up,
    "complained": _complained,
    "model": _model,
}

#: Without a readable mail and a whole draft there is nothing that could be sent.
ALWAYS = frozenset({"no-template", "unreadable"})

#: The names that may be switched off.
OPTIONAL = (*KINDS, *(name for name in CHECKS if name not in ALWAYS))
