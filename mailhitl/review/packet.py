"""The review packet: short, evidence-based, answerable. At most one screen on a phone.

What it says is decided here; how it looks is ``templates/packet``. No line consists of a bare command, because Outlook
quotes without marks and our own words must never read as an answer; and there is no link that decides anything, because
scanners click links.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailhitl.case import Case, Outcome
from mailhitl.decision import Reason
from mailhitl.draft import Draft
from mailhitl.mail.message import Message
from mailhitl.mail.text import one_line

EXCERPT_LINES = 8
#: The reason the engine gives when no rule hit: it says nothing about this mail.
NO_RULE = "default"
CHANGED_LINES = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer a reviewer can give, and what it does."""

    word: str
    meaning: str


CHOICES = (
    Choice("approve", "send exactly this"),
    Choice("edit: your text", "send your text instead"),
    Choice("reject: why", "send nothing; the question stays open for a person"),
    Choice("escalate: group or name", "ask somebody else"),
)
BLOCKED_CHOICES = (
    Choice("reject: why", "close this; nothing is sent"),
    Choice("escalate: group or name", "hand it to somebody else"),
)
LOST_CHOICES = (
    Choice("arrived", "the customer has it; close the case"),
    Choice("approve", "send it again (the same Message-ID, so that most systems show it once)"),
    Choice("reject: why", "send nothing more; the question stays open for a person"),
)


@dataclass(frozen=True, slots=True)
class Queue:
    """How many wait besides this one, and since when the oldest does."""

    waiting: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Packet:
    """All that a packet says. ``answer`` and ``previous`` are this and the last revision without the quoted mail."""

    case: Case
    source: Message
    draft: Draft | None
    reasons: tuple[Reason, ...]
    answer: str = ""
    notes: tuple[str, ...] = ()
    previous: str = ""
    queue: Queue = Queue(0, None)
    expires_at: datetime | None = None
    lost: bool = False

    @property
    def short_reason(self) -> str:
        """The first reason's rule, for the subject."""
        if self.lost:
            return "may have gone out"
        if self.case.outcome is Outcome.BLOCK:
            return "answer yourself"
        named = [reason for reason in self.reasons if reason.rule != NO_RULE]
        return one_line(source_of(named[0]), 60) if named else "your decision"

    @property
    def subject(self) -> str:
        return f"[Review] {self.short_reason}: {one_line(self.source.subject, 120) or '(no subject)'}"

    @property
    def customer(self) -> str:
        """Name and address of who wrote; never the name alone, which anybody can choose."""
        sender = self.source.sender
        return f"{one_line(sender.name, 80)} <{sender.spec}>" if sender.name else sender.spec or "(unknown sender)"

    @property
    def action(self) -> str:
        if self.lost:
            return "Look whether this answer arrived. The connection broke before the mail server confirmed it."
        if self.draft is None:
            return "Answer this customer yourself. No answer was drafted."
        if not self.draft.complete:
            return f"Write an answer to {', '.join(self.draft.to)}. No template fits; a skeleton stands in Review."
        return f"Send this answer to {', '.join(self.draft.to)}"

    @property
    def choices(self) -> tuple[Choice, ...]:
        if self.lost:
            return LOST_CHOICES
        if self.draft is None:
            return BLOCKED_CHOICES
        return CHOICES[1:] if not self.draft.complete else CHOICES

    @property
    def excerpt(self) -> tuple[str, ...]:
        """The customer's newest words, the first lines of them."""
        lines = [one_line(line, 200) for line in self.source.new_text.splitlines() if line.strip()]
        return tuple(lines[:EXCERPT_LINES]) + (("…",) if len(lines) > EXCERPT_LINES else ())

    @property
    def impact(self) -> tuple[str, ...]:
        """What sending it would mean besides the reasons, in words."""
        lines = []
        if self.draft and self.draft.attachments:
            lines.append(f"attached: {', '.join(a.name for a in self.draft.attachments)}")
        reply_to = [a.spec for a in self.source.reply_to if a.key and a.key != self.source.sender.key]
        if reply_to:
            lines.append(f"the customer asks for answers at {', '.join(reply_to)}, not at the sender's own address")
        if self.source.hidden:
            words = one_line(" ".join(self.source.hidden), 120)
            lines.append(f"the customer's mail hides words that a mail client does not show: “{words}”")
        return tuple(lines)

    @property
    def changes(self) -> tuple[str, ...]:
        """What differs from the last revision, line by line; ``-`` was, ``+`` is."""
        if not self.previous:
            return ()
        old, new = self.previous.splitlines(), self.answer.splitlines()
        changed = [line for line in difflib.ndiff(old, new) if line[:2] in ("- ", "+ ") and line[2:].strip()]
        more = ("…",) if len(changed) > CHANGED_LINES else ()
        return tuple(one_line(line, 200) for line in changed[:CHANGED_LINES]) + more


def source_of(reason: Reason) -> str:
    """Who gives this reason: the admin's rule by its name, or a built-in check."""
    gate = reason.rule.removeprefix("gate:")
    return reason.rule if gate == reason.rule else f"built-in check: {gate}"


def render(packet: Packet, environment: ImmutableSandboxedEnvironment) -> tuple[str, str]:
    """Return (text, HTML)."""
    text = environment.get_template("packet/packet.txt.j2").render(packet=packet, source_of=source_of)
    html = environment.get_template("packet/packet.html.j2").render(packet=packet, source_of=source_of)
    return text, html


def distinct(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """The reasons that matter to a reviewer, each said once, strictest first."""
    order = {outcome: rank for rank, outcome in enumerate(reversed(Outcome))}
    told = [reason for reason in reasons if reason.outcome is not Outcome.SEND]
    return tuple(dict.fromkeys(sorted(told or reasons, key=lambda reason: order[reason.outcome])))
