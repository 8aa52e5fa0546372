"""A rule as the admin wrote it, and the facts its conditions look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailhitl.case import Outcome
from mailhitl.decision import Finding
from mailhitl.draft import Draft
from mailhitl.mail.message import Message
from mailhitl.ports.drafter import Triage


@dataclass(frozen=True, slots=True)
class SenderFacts:
    """Who writes. ``authenticated``: a trusted Authentication-Results vouches for the From domain."""

    known: bool = False
    first_contact: bool = True
    reviewer: bool = False
    authenticated: bool = False


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
    """The conversation so far: how many mails of the customer, and whether an answered one was taken up again."""

    length: int = 1
    reopened: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a condition may look at. ``now`` is in the agent's time zone; ``rate`` counts automatic mails to
    this sender in the last 24 hours."""

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
    rate: int = 0


#: Built from one TOML value when the config is loaded, so that a typo is found then. A builder raises ValueError.
Condition = Callable[[Facts], bool]
Builder = Callable[[Any], Condition]


@dataclass(frozen=True, slots=True)
class Rule:
    """When every condition holds, the rule hits. The other fields are those of ``Verdict``."""

    name: str
    then: Outcome
    why: str
    condition: Condition
    group: str = ""
    approvals: int = 1
    named: bool = False
    undo: float = 0.0
    sample: float = 0.0

    def hits(self, facts: Facts) -> bool:
        return self.condition(facts)
