"""What people wrote and wanted, recorded as they did it and never read from the agent's log."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import lru_cache

from mailhitl.case import Event
from mailhitl.mail.edited import draft_of
from mailhitl.review.reviewers import SOMEONE
from tests.story.world import parsed

ANNA, BEN = "anna@example.com", "ben@example.com"

#: Which deeds of a person explain a row of the log that names a person.
EXPLAINED = {
    Event.APPROVE: {"approve"},
    Event.ENDORSE: {"approve"},
    Event.REVISE: {"edit", "approve", "hand"},
    Event.HOLD: {"take back", "edit", "reject", "escalate", "hand"},
    Event.REJECT: {"reject"},
    Event.ESCALATE: {"escalate"},
    Event.SUPERSEDE: {"hand"},
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A customer's mail. ``kind``: ``hours`` may be answered by a rule, ``machine`` by nobody, the others by people,
    ``grave`` by two who agree."""

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
    #: Mails that a hand has destroyed before the agent could see them.
    destroyed: set[str] = field(default_factory=set)
    #: People were told that the rule which sends by itself has lost that right.
    demoted: bool = False
    #: What left without anybody's wish, by a rule.
    automatic: set[str] = field(default_factory=set)
    #: The Message-ID under which these words have left.
    ids: dict[tuple[str, str], str] = field(default_factory=dict)

    def does(self, letter: str, who: str, deed: str) -> None:
        self.deeds.add((letter, who, deed))
        if deed != "escalate":
            self.touched.add(letter)

    def may_have_done(self, letter: str, deed: str) -> None:
        """A hand that may have come too late: whether it counts is the agent's to say, and either is right."""
        self.deeds.add((letter, SOMEONE, deed))

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
        kind, wanted = self.letters[letter].kind, self.is_wanted(letter, raw)
        by_rule = kind == "hours" and letter not in self.touched and not self.demoted
        if not wanted:
            self.automatic.add(letter)
        objections = {
            "nobody wanted these words to leave, and no rule may have sent them": not (wanted or by_rule),
            "everything was paused": paused == "all",
            "automatic answers were paused": paused == "automatic" and not wanted,
            "a machine had written": kind == "machine",
            "a person had answered by hand": letter in self.by_hand,
            "it left twice": self.times[letter] > 1 + self.again[letter],
            "the same words left under another Message-ID": self._under_another_id(letter, raw),
        }
        return "; ".join(words for words, holds in objections.items() if holds)

    def is_wanted(self, letter: str, raw: bytes) -> bool:
        """Whether enough people want these words: who has written them is nobody's second pair of eyes."""
        covering = [approval for approval in self.approvals[letter] if approval.covers(raw)]
        if self.letters[letter].kind != "grave":
            return bool(covering)
        writers = {approval.by for approval in covering if approval.phrase}
        return len({approval.by for approval in covering} - writers - {SOMEONE}) >= 2

    def _under_another_id(self, letter: str, raw: bytes) -> bool:
        message_id = str(read(raw)["Message-ID"])
        return self.ids.setdefault((letter, draft_of(raw).digest), message_id) != message_id

    def explains(self, letter: str, who: str, event: Event) -> bool:
        return any((letter, who, deed) in self.deeds for deed in EXPLAINED[event])


def letter_of(raw: bytes) -> str:
    """The customer's mail that a draft or an answer is for."""
    return str(read(raw)["In-Reply-To"]).strip()


#: What is asked of every mail over and over again.
HEADERS = ("Message-ID", "Subject", "To", "In-Reply-To", "References")


@lru_cache(maxsize=20_000)
def read(raw: bytes) -> EmailMessage:
    """The mail, and these headers of it, parsed once: ``email`` parses a header at every access."""
    mail = parsed(raw)
    for name in HEADERS:
        if mail[name] is not None:
            mail.replace_header(name, str(mail[name]))
    return mail
