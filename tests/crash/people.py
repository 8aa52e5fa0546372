"""What people wrote and wanted, recorded as they did it and never read from the agent's log."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from mailhitl.case import Event
from mailhitl.mail.edited import draft_of
from mailhitl.review.reviewers import SOMEONE
from tests.story.world import parsed

ANNA, BEN = "anna@example.com", "ben@example.com"

#: Which deeds of a person explain a row of the log that names a person.
EXPLAINED = {
    Event.APPROVE: {"approve"},
    Event.ENDORSE: {"approve"},
    Event.REVISE: {"edit", "approve"},
    Event.HOLD: {"take back", "edit"},
    Event.REJECT: {"reject"},
    Event.ESCALATE: {"escalate"},
    Event.SUPERSEDE: {"hand"},
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A customer's mail. ``kind``: ``hours`` may be answered by a rule, ``machine`` by nobody, the others by people."""

    message_id: str
    kind: str
    sender: str
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody wants these words to leave: known by their digest, or by a phrase of what they wrote themselves."""

    by: str
    digest: str = ""
    phrase: str = ""

    def covers(self, raw: bytes) -> bool:
        draft = draft_of(raw)
        return self.phrase in draft.text if self.phrase else self.digest == draft.digest


@dataclass(slots=True)
class People:
    """Letters, wishes and deeds, by the Message-ID of the customer's mail."""

    letters: dict[str, Letter] = field(default_factory=dict)
    approvals: dict[str, list[Approval]] = field(default_factory=lambda: defaultdict(list))
    #: Approvals given after an answer had left: somebody wanted it to leave again.
    again: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    times: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    deeds: set[tuple[str, str, str]] = field(default_factory=set)
    #: A person has stopped, edited or answered it: no rule may answer any more.
    touched: set[str] = field(default_factory=set)
    by_hand: set[str] = field(default_factory=set)

    def does(self, letter: str, who: str, deed: str) -> None:
        self.deeds.add((letter, who, deed))
        if deed != "escalate":
            self.touched.add(letter)

    def approves(self, letter: str, approval: Approval) -> None:
        self.does(letter, approval.by, "approve")
        self.approvals[letter].append(approval)
        self.again[letter] += self.times[letter] > 0

    def takes_back(self, letter: str) -> None:
        """Whoever works in the folders does not want it any more; what was approved by mail stays approved."""
        self.does(letter, SOMEONE, "take back")
        self.approvals[letter] = [one for one in self.approvals[letter] if one.by != SOMEONE]

    def objection(self, raw: bytes, paused: str) -> str:
        """Why this mail should never have left for a customer, "" when it may; counts it."""
        letter = letter_of(raw)
        if letter not in self.letters:
            return "it answers no customer's mail"
        self.times[letter] += 1
        wanted = any(approval.covers(raw) for approval in self.approvals[letter])
        by_rule = self.letters[letter].kind == "hours" and letter not in self.touched
        objections = {
            "nobody wanted these words to leave, and no rule may have sent them": not (wanted or by_rule),
            "everything was paused": paused == "all",
            "automatic answers were paused": paused == "automatic" and not wanted,
            "a machine had written": self.letters[letter].kind == "machine",
            "a person had answered by hand": letter in self.by_hand,
            "it left twice": self.times[letter] > 1 + self.again[letter],
        }
        return "; ".join(words for words, holds in objections.items() if holds)

    def explains(self, letter: str, who: str, event: Event) -> bool:
        return any((letter, who, deed) in self.deeds for deed in EXPLAINED[event])


def letter_of(raw: bytes) -> str:
    """The customer's mail that a draft or an answer is for."""
    return str(parsed(raw)["In-Reply-To"]).strip()
