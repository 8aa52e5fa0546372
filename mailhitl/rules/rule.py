"""A rule as the admin wrote it, and the facts its conditions look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from mailhitl.case import Outcome
from mailhitl.decision import Finding
from mailhitl.draft import Draft
from mailhitl.mail.message import Message
from mailhitl.ports.drafter import Triage


@dataclass(frozen=True, slots=True)
class SenderFacts:
    """Who writes. ``authenticated``: a trusted Authentication-Results vouches for the From domain; ``complained``: an
    answer of ours to them was reported as spam."""

    known: bool = False
    first_contact: bool = True
    reviewer: bool = False
    authenticated: bool = False
    complained: bool = False


@dataclass(frozen=True, slots=True)
class RecipientFacts:
    """Whom the draft goes to, as counts. ``new``: not in the customer's mail; ``external``: of another domain than ours
    and the sender's; ``changed_by_edit``: a reviewer changed them; ``redirected``: Reply-To does not name one
    person outside, but several, nobody, us or one of our people."""

    count: int = 0
    new: int = 0
    external: int = 0
    changed_by_edit: bool = False
    redirected: bool = False


@dataclass(frozen=True, slots=True)
class ThreadFacts:
    """The conversation so far: how many mails of the customer, whether an answered one was taken up again, whether
    an earlier one still waits for its answer. ``by_machine``: a rule gave the last answer, and no person has looked
    since."""

    length: int = 1
    reopened: bool = False
    unanswered: bool = False
    by_machine: bool = False


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """How people decided on earlier drafts, as counts: ``decided`` of them, of which so many were approved
    ``unedited``, ``edited`` (or written anew) and ``rejected``."""

    decided: int = 0
    unedited: int = 0
    edited: int = 0
    rejected: int = 0

    @property
    def share(self) -> float:
        """The share that was approved as it stood; 0.0 while nobody has decided."""
        return self.unedited / self.decided if self.decided else 0.0


@dataclass(frozen=True, slots=True)
class HistoryFacts:
    """The approval record of this mail's intent, of its sender, and of every rule by its name."""

    intent: RecordFacts = RecordFacts()
    sender: RecordFacts = RecordFacts()
    rules: Mapping[str, RecordFacts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a condition may look at. ``now`` is in the agent's time zone; ``mailed`` are the moments of the
    automatic mails to this sender in the last 31 days. ``customers_known``: the customer directory could be read, so
    that an empty ``customer`` is a stranger."""

    message: Message
    draft: Draft | None
    now: datetime
    triage: Triage = field(default_factory=lambda: Triage("", 0.0))
    findings: tuple[Finding, ...] = ()
    customer: Mapping[str, str] = field(default_factory=dict)
    sender: SenderFacts = SenderFacts()
    recipients: RecipientFacts = RecipientFacts()
    thread: ThreadFacts = ThreadFacts()
    language: str = ""
    office_hours: bool = True
    mailed: tuple[datetime, ...] = ()
    history: HistoryFacts = HistoryFacts()
    customers_known: bool = True


#: Built from one TOML value when the config is loaded, so that a typo is found then. A builder raises ValueError.
Condition = Callable[[Facts], bool]
Builder = Callable[[Any], Condition]


class Level(StrEnum):
    """The rungs of autonomy of a rule that sends, lowest first."""

    SHADOW = "shadow"  # hits, is logged, and has no say
    REVIEW = "review"  # a person looks before anything leaves
    SAMPLED = "sampled"  # sends, and many of its answers are looked at afterwards
    SEND = "send"  # sends, and its ``sample`` is looked at afterwards

    @property
    def rank(self) -> int:
        return list(Level).index(self)

    @property
    def sends(self) -> bool:
        return self.rank >= Level.SAMPLED.rank


@dataclass(frozen=True, slots=True)
class Rule:
    """When every condition holds, the rule hits. The other fields are those of ``Verdict``.

    ``level`` is the rung on which a rule that sends stands now. ``fingerprint`` tells two wordings of its conditions
    apart, ``words`` two wordings of what it lets out. ``office_hours``: what it sends waits for people to be there.
    """

    name: str
    then: Outcome
    why: str
    condition: Condition
    group: str = ""
    approvals: int = 1
    named: bool = False
    undo: float = 0.0
    sample: float = 0.0
    level: Level = Level.SEND
    office_hours: bool = False
    fingerprint: str = ""
    words: str = ""
    promote_at: float = 0.95
    promote_over: int = 200
    promote_clean: int = 50

    @property
    def in_force(self) -> Outcome | None:
        """What it may say on its rung; None when it has no say."""
        if self.then is not Outcome.SEND or self.level.sends:
            return self.then
        return Outcome.REVIEW if self.level is Level.REVIEW else None

    def hits(self, facts: Facts) -> bool:
        return self.condition(facts)
