"""A course: what became of one case, as marks that the figures count. The same marks select cases in lists, so every
figure can be looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailhitl.case import Event
from mailhitl.decision import Channel
from mailhitl.draft import DRAFTED
from mailhitl.insight.week import Span
from mailhitl.ports.figures import About, Step
from mailhitl.ports.journal import Entry

#: Every mark and what it says of a case. A case has each at most once; the last time counts.
MARKS: dict[str, str] = {
    "automatic": "a rule approved the answer, nobody was asked",
    "reviewed": "a person was asked about the answer",
    "blocked": "no answer was drafted, a person had to write it",
    "skipped": "no answer is wanted (automatic mail, or a rule says so)",
    "unedited": "a person approved the answer as it was drafted; white space and signature do not count",
    "edited": "a person approved the answer with other words",
    "written": "no template fitted, a person wrote the answer into the skeleton and approved it",
    "rejected": "a person decided that the drafted answer is not sent",
    "closed": "a person closed a case that had no drafted answer; nothing was sent",
    "expired": "nobody decided in time, nothing was sent",
    "by-hand": "the customer was answered outside the agent",
    "escalated": "decided after another group had to be asked",
    "overtaken": "the customer wrote again before an answer left",
    "stopped": "an approved answer was held back before it left",
    "lost": "it is unknown whether the answer arrived",
    "refused": "the mail server would not take the answer",
    "shunted": "set aside after an error",
    "bounce": "the answer came back as undeliverable",
    "complaint": "the customer complained about the answer",
    "reopened": "the customer came back to it after the answer",
    "wrong": "somebody found the answer wrong afterwards",
    "right": "a sample was found right",
    "sample-wrong": "a sample was found wrong (which makes the answer wrong, too)",
}
JUDGED = ("automatic", "reviewed", "blocked")
#: How a review ends.
DECIDED = ("unedited", "edited", "written", "rejected", "closed", "expired", "by-hand")
SENT = ("automatic", "unedited", "edited", "written")
#: What the journal says about an answer after it was sent.
ERRORS = ("bounce", "complaint", "reopened", "wrong")
OUTCOMES = (*ERRORS, "right")

#: The codes of rejections that are nobody's judgment of the draft: silence, and a customer who is to be forgotten.
NO_VERDICT = {"expired": "expired", "forgotten": ""}
#: The template of a draft that nobody has filled in yet.
SKELETON = "skeleton"
#: Who writes the digest that waits for a sign-off: no customer's case.
OWN = f"{DRAFTED}digest"
#: The codes with which a case ends because the customer has an answer, or will get another one.
ENDS = {"answered-by-hand": "by-hand", "customer-wrote-again": "overtaken"}


def is_sample(entry: Entry) -> bool:
    """Whether somebody who was asked to look at an answer said so, not a customer."""
    return entry.code == "sample"


@dataclass(frozen=True, slots=True)
class Course:
    """``marks`` with their times; those of ``OUTCOMES`` have the time of the approval that they are charged to.

    ``since`` is when the review began that ``decided_at`` ended (both None: no review ended). ``by``, ``channel`` and
    ``why`` are that decision's, ``distance`` that of its words. ``hands`` are the people who decided anything.
    """

    about: About
    marks: Mapping[str, datetime]
    since: datetime | None = None
    decided_at: datetime | None = None
    by: str = ""
    channel: str = ""
    why: str = ""
    distance: float | None = None
    hands: tuple[tuple[str, datetime], ...] = ()

    def within(self, span: Span) -> frozenset[str]:
        """The marks of this span."""
        return frozenset(mark for mark, at in self.marks.items() if span.since <= at < span.until)


def courses(rows: Iterable[tuple[About, Sequence[Step]]], outcomes: Mapping[int, frozenset[str]]) -> Iterator[Course]:
    """Read each case's rows once. ``outcomes`` are the kinds of journal entries charged to a case."""
    for about, log in rows:
        yield _course(about, log, outcomes.get(about.case_id, frozenset()))


def _course(about: About, log: Sequence[Step], outcomes: frozenset[str]) -> Course:
    marks: dict[str, datetime] = {}
    since, began, ended = about.held_at, None, None
    for row in log:
        mark = mark_of(row, about)
        if mark in ENDING:
            # A case ends in one way, and what was taken back has not ended.
            ended = None
            for other in DECIDED:
                marks.pop(other, None)
        if mark in DECIDED:
            ended, began = row, since
        if mark:
            marks[mark] = row.at
        if row.event == Event.HOLD:
            since = row.at
    hands = tuple([(row.by, row.at) for row in log if row.channel in PEOPLE and row.event in BY_PEOPLE])
    _date(marks, ended, outcomes)
    if ended is None:
        return Course(about, marks, hands=hands)
    # What was held again after this decision is no longer known to have been held before it.
    before = began if began is not None and began <= ended.at else None
    return Course(about, marks, before, ended.at, ended.by, ended.channel, ended.why, ended.distance, hands)


def _date(marks: dict[str, datetime], ended: Step | None, outcomes: frozenset[str]) -> None:
    """Charge what was found out to the decision that it speaks about."""
    if marks.pop("escalated", None) and ended is not None:
        marks["escalated"] = ended.at
    approved = max((marks[mark] for mark in SENT if mark in marks), default=None)
    if approved is not None:
        marks.update(dict.fromkeys(outcomes, approved))


#: After these a review has ended in one way, or goes on.
ENDING = frozenset({*DECIDED, "stopped"})
#: Decisions that take a person's attention, and the roads by which people decide.
BY_PEOPLE = frozenset({Event.APPROVE, Event.ENDORSE, Event.REJECT, Event.ESCALATE, Event.REVISE})
PEOPLE = frozenset({Channel.FOLDER, Channel.REPLY, Channel.HAND, Channel.CLI})


def mark_of(row: Step, about: About) -> str:
    """What this row of the log says of its case, "" when nothing that is counted."""
    found = BY_EVENT.get(row.event, "")
    return found if isinstance(found, str) else found(row, about)


def _held(row: Step, about: About) -> str:
    if row.channel != Channel.RULE:
        return "stopped"
    return "blocked" if row.code == "block" else "reviewed"


def _approved(row: Step, about: About) -> str:
    if row.channel == Channel.RULE:
        return "automatic"
    if about.template == SKELETON:
        return "written"
    return "unedited" if row.author.startswith(DRAFTED) or row.distance == 0.0 else "edited"


def _rejected(row: Step, about: About) -> str:
    drafted = about.drafter and about.template != SKELETON
    return NO_VERDICT.get(row.code, "rejected" if drafted else "closed")


def _superseded(row: Step, about: About) -> str:
    return ENDS.get(row.code, "")


BY_EVENT: dict[str, str | Callable[[Step, About], str]] = {
    Event.SKIP: "skipped",
    Event.HOLD: _held,
    Event.APPROVE: _approved,
    Event.REJECT: _rejected,
    Event.SUPERSEDE: _superseded,
    Event.ESCALATE: "escalated",
    Event.LOSE: "lost",
    Event.REFUSE: "refused",
    Event.SHUNT: "shunted",
}
