"""The review packet: short, evidence-based, answerable. At most one screen on a phone.

What it says is decided here; how it looks is ``templates/packet``. No line consists of a bare command, because Outlook
quotes without marks and our own words must never read as an answer; and there is no link that decides anything, because
scanners click links.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailhitl.case import Case, Outcome
from mailhitl.decision import Reason
from mailhitl.draft import CUSTOMER, DOUBT, KNOWLEDGE, QUESTION, RESTS, Draft
from mailhitl.mail.message import Message
from mailhitl.mail.reply import said
from mailhitl.mail.text import one_line, plain
from mailhitl.mail.thread import reply_subject
from mailhitl.plural import counted

#: How much of the customer's mail is shown, in lines and in characters; all of it is attached.
EXCERPT_LINES = 8
EXCERPT = 600
#: The reason the engine gives when no rule hit: it says nothing about this mail.
NO_RULE = "default"
CHANGED_LINES = 12
#: What a reviewer of a very large mail must know.
BEGINNING = (
    "the customer's mail has {:.1f} MB: only its beginning was read and is attached, all of it is in the mailbox"
)
#: What a reviewer must know before they answer an encrypted mail here.
IN_CLEAR = (
    "the customer's mail was encrypted and an answer from here is not: write nothing that only they may read, or "
    "answer from your own mail client"
)
#: Lines of one kind of evidence, and characters of a passage: enough to know it again, and to be read on a phone.
MOST_EVIDENCE = 4
PASSAGE = 180


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
    Choice("arrived", "say that the customer has it, and close the case"),
    Choice("approve", "send it again, with the same Message-ID"),
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
        return f"[Review] {self.short_reason}: {self.title}"

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
            return f"Write an answer to {self._recipients}. No template fits; a skeleton stands in Review."
        return f"Send this answer to {self._recipients}"

    @property
    def _recipients(self) -> str:
        to, cc = (", ".join(addresses) for addresses in ((self.draft.to, self.draft.cc) if self.draft else ((), ())))
        return f"{to or 'nobody'}, with copies to {cc}" if cc else to or "nobody"

    @property
    def choices(self) -> tuple[Choice, ...]:
        if self.lost:
            return LOST_CHOICES
        if self.draft is None:
            return BLOCKED_CHOICES
        return CHOICES[1:] if not self.draft.complete else CHOICES

    @property
    def how(self) -> str:
        """What to do in the folders. No line of mail breaks in it: a last word alone would be a command."""
        if self.lost:
            return "Move the draft or this mail to Approve (sends it again), Reject or Escalate"
        if self.draft is None:
            return "Answer the customer and this closes; or move this mail to Reject or Escalate"
        if not self.draft.complete:
            return "Fill in the draft and move it to Approve; or move it to Reject or Escalate"
        return "Move the draft (edited or not) or this mail to Approve, Reject or Escalate"

    @property
    def title(self) -> str:
        """The customer's subject."""
        return one_line(self.source.subject, 120) or "(no subject)"

    @property
    def excerpt(self) -> tuple[str, ...]:
        """The customer's newest words, the first lines of them, and what came attached."""
        if self.source.encrypted:
            return ("(encrypted: open the original in your mail client; it is attached)",)
        lines: list[str] = []
        room = EXCERPT
        for line in _told(self.source.new_text):
            if len(lines) == EXCERPT_LINES or room < 2:
                lines.append("… (the whole mail is attached)")
                break
            lines.append(_marked("customer", one_line(line, room)))
            room -= len(line)
        attached = ", ".join(one_line(attachment.name, 60) for attachment in self.source.attachments[:5])
        more = ", …" if len(self.source.attachments) > 5 else ""
        lines += [f"[attached: {attached}{more}]"] if attached else []
        return tuple(lines or ["(no words to show here: see the attached mail)"])

    @property
    def heading(self) -> str:
        """What stands above the answer; its subject where that is not the customer's own."""
        if self.draft is None:
            return ""
        name = "The answer" if self.draft.complete else "The skeleton"
        same = self.draft.subject == reply_subject(self.source.subject)
        return name if same else f"{name}, with the subject “{one_line(self.draft.subject, 120)}”"

    @property
    def answer_lines(self) -> tuple[str, ...]:
        """The answer as it may stand in a packet."""
        return tuple(_marked("answer", plain(line).rstrip()) for line in self.answer.splitlines())

    @property
    def impact(self) -> tuple[str, ...]:
        """What sending it would mean besides the reasons, in words."""
        lines = []
        if self.draft and self.draft.attachments:
            lines.append(f"attached to the answer: {', '.join(a.name for a in self.draft.attachments)}")
        reply_to = [a.spec for a in self.source.reply_to if a.key and a.key != self.source.sender.key]
        if reply_to:
            lines.append(f"the customer wants answers at {', '.join(reply_to)} instead")
        if self.source.encrypted:
            lines.append(IN_CLEAR)
        if self.source.truncated:
            lines.append(BEGINNING.format(self.source.size / 1_000_000))
        if self.source.hidden:
            words = one_line(" ".join(self.source.hidden), 120)
            lines.append(f"the customer's mail hides words that a mail client does not show: “{words}”")
        return tuple(lines)

    @property
    def check(self) -> tuple[str, ...]:
        """What to look at first: what no source says, where no reason has said so, and what the model asks back."""
        said = " ".join(reason.text for reason in self.reasons)
        lines = self._evidence(DOUBT, QUESTION)
        return tuple(line for line in lines if line.removeprefix(DOUBT).strip("“”") not in said)[:MOST_EVIDENCE]

    @property
    def known(self) -> tuple[str, ...]:
        """Passages of the team's knowledge and earlier answers, how often this customer wrote, and which sentence rests
        on which passage."""
        found = [self._evidence(kind)[:MOST_EVIDENCE] for kind in (KNOWLEDGE, CUSTOMER, RESTS)]
        lines = (one_line(line.removeprefix(KNOWLEDGE), PASSAGE) for some in found for line in some)
        return tuple(_marked("known", line) for line in lines)

    @property
    def rests_on(self) -> tuple[str, ...]:
        """The template, the intent, the model: what the draft was made of."""
        told = {*self._evidence(DOUBT, QUESTION, KNOWLEDGE, CUSTOMER, RESTS)}
        return tuple(line for line in (self.draft.evidence if self.draft else ()) if line not in told)

    def _evidence(self, *kinds: str) -> tuple[str, ...]:
        return tuple(line for line in (self.draft.evidence if self.draft else ()) if line.startswith(kinds))

    @property
    def changes(self) -> tuple[tuple[str, str], ...]:
        """What differs from the last revision, line by line: ("was" or "now", the line)."""
        if not self.previous:
            return ()
        old, new = self.previous.splitlines(), self.answer.splitlines()
        told = {"-": "was", "+": "now"}
        # Not ndiff, which compares every line with every other by its letters. The first two lines are file names.
        differing = islice(difflib.unified_diff(old, new, n=0, lineterm=""), 2, None)
        compared = [line for line in differing if line[:1] in told and line[1:].strip()]
        changed = [(told[line[:1]], one_line(line[1:], 200)) for line in compared[:CHANGED_LINES]]
        rest = len(compared) - CHANGED_LINES
        return (*changed, *([("and", counted(rest, "more line"))] if rest > 0 else []))


def _told(text: str) -> Iterator[str]:
    """The lines that say something."""
    return filter(None, (one_line(line, EXCERPT) for line in text.splitlines()))


#: What stands before words, a list's number included, and behind them, read backwards: from any end else it would take
#: the square of a long line.
_BEFORE, _BEHIND = re.compile(r"\A[\W\d_]+"), re.compile(r"\A[\W_]+")


def _marked(whose: str, line: str) -> str:
    """Return a line of somebody's words, with a mark where it would read as a reviewer's command.

    Quoted back without marks it must not be one, and must not be taken for the reviewer's own "approve" either.
    """
    words = _BEHIND.sub("", _BEFORE.sub("", line)[::-1])[::-1]
    return f"[{whose}] {line}" if said(words) else line


def source_of(reason: Reason) -> str:
    """Who gives this reason: the admin's rule by its name, or a built-in check; "" when no rule did."""
    if reason.rule == NO_RULE:
        return ""
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
