"""Figures: counts and shares over the courses of cases, for a span of time, in one pass."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from mailhitl.case import Case
from mailhitl.decision import Channel
from mailhitl.insight.course import DECIDED, ERRORS, JUDGED, SENT, Course
from mailhitl.insight.share import FEWEST, Share
from mailhitl.insight.week import Span, Week
from mailhitl.ports.figures import About

#: What figures can be broken down by. A case counts under every rule that hit, and under "" where there is none.
DIMENSIONS: dict[str, Callable[[About], tuple[str, ...]]] = {
    "rule": lambda about: about.rules or ("",),
    "intent": lambda about: (about.intent,),
    "template": lambda about: (about.template,),
    "drafter": lambda about: (about.drafter,),
    "group": lambda about: (about.group,),
    "mailbox": lambda about: (about.mailbox,),
}

WEEK = "week"

#: An approval sooner than this after the packet was mailed can hardly rest on reading it. In seconds.
HASTE = 30.0
#: How much of an answer's time is saved, by how it came about. Reading and deciding takes about a fifth of writing.
SAVED = {"automatic": 1.0, "unedited": 0.8, "edited": 0.4}


@dataclass(frozen=True, slots=True)
class Clock:
    """How time is counted. ``office`` gives the seconds of office time between two moments, ``grace`` the seconds
    after which a hand in a folder counts, ``minutes`` how long a person takes to write one answer."""

    zone: tzinfo
    office: Callable[[datetime, datetime], float]
    grace: float = 60.0
    minutes: float = 6.0


@dataclass(frozen=True, slots=True)
class Spread:
    """Some measurements. ``p50`` and ``p90`` by nearest rank, None below ``FEWEST``."""

    values: tuple[float, ...]

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def p50(self) -> float | None:
        return self._at(50)

    @property
    def p90(self) -> float | None:
        return self._at(90)

    def _at(self, percent: int) -> float | None:
        if self.n < FEWEST:
            return None
        return self.values[max(0, -(-percent * self.n // 100) - 1)]


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for people at this moment. ``ages`` are seconds of office time, ``oldest`` the case that waits
    longest."""

    ages: Spread
    oldest: int | None = None

    @classmethod
    def of(cls, held: Iterable[Case], now: datetime, clock: Clock) -> Queue:
        waits = sorted((clock.office(case.held_at or case.opened_at, now), -case.id) for case in held)
        return cls(Spread(tuple(seconds for seconds, _ in waits)), -waits[-1][1] if waits else None)


@dataclass(slots=True)
class Tally:
    """The courses of one group of cases, counted. Bounded: three numbers for each case that a person decided."""

    counts: Counter[str] = field(default_factory=Counter)
    distances: array[float] = field(default_factory=lambda: array("d"))
    waits: array[float] = field(default_factory=lambda: array("d"))
    looks: array[float] = field(default_factory=lambda: array("d"))

    def add(self, course: Course, marks: Collection[str], wait: float | None, look: float | None) -> None:
        """Count a course with these of its marks; ``wait`` and ``look`` where a person decided in this span."""
        self.counts.update(marks)
        if any(mark in SENT for mark in marks):
            self.counts["sent"] += 1
            self.counts["failed"] += any(mark in ERRORS for mark in marks)
        if wait is not None:
            self.waits.append(wait)
        if look is not None:
            self.looks.append(look)
        if course.distance is not None and "edited" in marks:
            self.distances.append(course.distance)

    def number(self, *marks: str) -> int:
        return sum(self.counts[mark] for mark in marks)

    def share(self, mark: str, of: Collection[str]) -> Share:
        return Share(self.counts[mark], self.number(*of))

    @property
    def volume(self) -> int:
        return self.number(*JUDGED)

    @property
    def decided(self) -> int:
        return self.number(*DECIDED)

    @property
    def overridden(self) -> Share:
        """How often people did not let a whole draft pass as it stood."""
        against = self.number("edited", "rejected")
        return Share(against, against + self.counts["unedited"])

    @property
    def kept(self) -> Share:
        """How often they did."""
        return Share(self.counts["unedited"], self.overridden.n)

    @property
    def failed(self) -> Share:
        return Share(self.counts["failed"], self.counts["sent"])

    @property
    def hasty(self) -> Share:
        return Share(sum(look < HASTE for look in self.looks), len(self.looks))

    def saved(self, minutes: float) -> float:
        """Minutes, when writing an answer takes ``minutes``."""
        return minutes * sum(share * self.counts[mark] for mark, share in SAVED.items())


@dataclass(slots=True)
class Figures:
    """All figures of one span, and the weeks around it. ``load`` counts each person's decisions.

    The weeks are only counted, without times, unless they are asked for (``whole_weeks``).
    """

    span: Span
    total: Tally = field(default_factory=Tally)
    by: dict[str, dict[str, Tally]] = field(default_factory=dict)
    weeks: dict[Week, Tally] = field(default_factory=dict)
    load: Counter[str] = field(default_factory=Counter)
    whole_weeks: bool = False
    _now: tuple[Span, Week] | None = None

    def add(self, course: Course, clock: Clock) -> None:
        marks = course.within(self.span)
        ended = course.decided_at is not None and self.span.covers(course.decided_at)
        self.load.update(by for by, at in course.hands if self.span.covers(at))
        found = (wait_of(course, clock), _look(course, clock)) if ended or self.whole_weeks else (None, None)
        self._add_weeks(course, clock, *found)
        if not marks:
            return
        measured = found if ended else (None, None)
        self.total.add(course, marks, *measured)
        for name, tallies in self.by.items():
            for key in DIMENSIONS[name](course.about):
                tallies.setdefault(key, Tally()).add(course, marks, *measured)

    def _add_weeks(self, course: Course, clock: Clock, wait: float | None, look: float | None) -> None:
        weeks: dict[Week, list[str]] = {}
        for mark, at in course.marks.items():
            week = self._week(at, clock.zone)
            if self.whole_weeks:
                weeks.setdefault(week, []).append(mark)
            else:
                self._of(week).counts[mark] += 1
        for week, marks in weeks.items():
            ended = course.decided_at is not None and self._week(course.decided_at, clock.zone) == week
            self._of(week).add(course, marks, *((wait, look) if ended else (None, None)))

    def _of(self, week: Week) -> Tally:
        if week not in self.weeks:
            self.weeks[week] = Tally()
        return self.weeks[week]

    def _week(self, at: datetime, zone: tzinfo) -> Week:
        """Cases come in order, so it mostly is that of the one before: a comparison is cheaper than a calendar."""
        if self._now is None or not self._now[0].covers(at):
            week = Week.of(at.astimezone(zone).date())
            self._now = week.span(zone), week
        return self._now[1]


def reckon(courses: Iterable[Course], span: Span, clock: Clock, by: Collection[str] = (*DIMENSIONS, WEEK)) -> Figures:
    """Count them all, in one pass, broken down by these dimensions. Weeks are counted for all that is handed in."""
    figures = Figures(span, by={name: {} for name in by if name != WEEK}, whole_weeks=WEEK in by)
    for course in courses:
        figures.add(course, clock)
    return figures


def wait_of(course: Course, clock: Clock) -> float | None:
    """Seconds of office time from the packet to the decision; what nobody decided has none."""
    if course.since is None or course.decided_at is None or "expired" in course.marks:
        return None
    return clock.office(course.since, course.decided_at)


def _look(course: Course, clock: Clock) -> float | None:
    """Seconds from the first packet to an approval without edit, less what a hand in a folder has to wait."""
    asked = course.about.asked_at
    if asked is None or course.decided_at is None or "unedited" not in course.marks:
        return None
    grace = clock.grace if course.channel == Channel.FOLDER else 0.0
    return (course.decided_at - asked).total_seconds() - grace


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: what it means, and how it is read off a tally. ``of``: a number, a share, a spread or None."""

    definition: str
    of: Callable[[Tally, Clock], int | float | Share | None]


def _sorted(values: Iterable[float]) -> Spread:
    return Spread(tuple(sorted(values)))


def _of(mark: str, n: Collection[str]) -> Callable[[Tally, Clock], Share]:
    return lambda tally, clock: tally.share(mark, n)


def _number(mark: str) -> Callable[[Tally, Clock], int]:
    return lambda tally, clock: tally.counts[mark]


def _rounded(value: float | None, unit: float = 1) -> float | None:
    return None if value is None else round(value / unit, 2)


#: Every figure by its name, in the order in which they are shown. The reference is written from this table.
LINES: Mapping[str, Line] = {
    "volume": Line("Mails that wanted an answer: automatic, reviewed and blocked.", lambda t, c: t.volume),
    "automatic": Line("Of the volume: a rule alone approved the answer.", _of("automatic", JUDGED)),
    "reviewed": Line("Of the volume: a person was asked about a draft.", _of("reviewed", JUDGED)),
    "blocked": Line("Of the volume: no answer was drafted, a person had to write it.", _of("blocked", JUDGED)),
    "skipped": Line("Mails that want no answer; not part of the volume.", _number("skipped")),
    "decided": Line("Reviews that ended: the next seven together.", lambda t, c: t.decided),
    "unedited": Line(
        "Of the decided: approved as drafted. White space and what stands below a signature's mark do not count.",
        _of("unedited", DECIDED),
    ),
    "edited": Line("Of the decided: approved with other words.", _of("edited", DECIDED)),
    "written": Line("Of the decided: a person wrote the answer into a skeleton.", _of("written", DECIDED)),
    "rejected": Line("Of the decided: a person decided that the draft is not sent.", _of("rejected", DECIDED)),
    "closed": Line("Of the decided: closed by a person where no answer had been drafted.", _of("closed", DECIDED)),
    "expired": Line("Of the decided: nobody decided in time.", _of("expired", DECIDED)),
    "by-hand": Line("Of the decided: the customer was answered outside the agent.", _of("by-hand", DECIDED)),
    "escalated": Line("Of the decided: another group had to be asked first.", _of("escalated", DECIDED)),
    "overridden": Line(
        "Edited and rejected, of whole drafts that a person judged (unedited, edited, rejected).",
        lambda t, c: t.overridden,
    ),
    "kept": Line("Of the same drafts: unedited.", lambda t, c: t.kept),
    "distance": Line(
        "Median share of words that differ between an edited answer and its draft, 0 to 1.",
        lambda t, c: _rounded(_sorted(t.distances).p50),
    ),
    "turnaround p50": Line(
        "Hours of office time from the moment a case was held to the decision, median.",
        lambda t, c: _rounded(_sorted(t.waits).p50, 3600),
    ),
    "turnaround p90": Line(
        "The same; nine of ten were decided within.", lambda t, c: _rounded(_sorted(t.waits).p90, 3600)
    ),
    "hasty": Line(
        "Of approvals as drafted by people who were mailed a packet: less than 30 seconds after the first packet left "
        "(a move in a folder: after review.grace besides). A sign of a queue that is clicked through.",
        lambda t, c: t.hasty,
    ),
    "overtaken": Line("The customer wrote again before an answer left.", _number("overtaken")),
    "stopped": Line("Approved answers that were held back before they left.", _number("stopped")),
    "failed": Line(
        "Of the answers sent (automatic, unedited, edited, written): a bounce, complaint, reopened thread or a word "
        "that it was wrong was charged to them, whenever that came in.",
        lambda t, c: t.failed,
    ),
    "bounce": Line("Answers that came back as undeliverable.", _number("bounce")),
    "complaint": Line("Answers that the customer complained about.", _number("complaint")),
    "reopened": Line("Answers to which the customer came back.", _number("reopened")),
    "wrong": Line("Answers that were found wrong afterwards, by a sample or otherwise.", _number("wrong")),
    "right": Line("Of samples looked at: found right.", _of("right", ("right", "sample-wrong"))),
    "lost": Line("Deliveries of which nobody knows whether they arrived.", _number("lost")),
    "refused": Line("Answers that the mail server would not take.", _number("refused")),
    "shunted": Line("Cases set aside after an error.", _number("shunted")),
    "hours saved": Line(
        "An estimate: digest.minutes_per_answer for each automatic answer, 80 % of it for each approved as drafted, "
        "40 % for each edited.",
        lambda t, c: round(t.saved(c.minutes) / 60, 1),
    ),
}
