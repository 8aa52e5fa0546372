"""What is notable among the courses of a week: the slowest decisions, and what was rejected with which words."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mailhitl.insight.course import Course
from mailhitl.insight.figures import Clock, wait_of
from mailhitl.insight.week import Span

#: How people judge a whole draft.
JUDGED_DRAFT = ("unedited", "edited", "rejected")
#: A digest is read on a phone.
SLOWEST = 5
#: So many rejections are remembered; their reasons are words that people typed.
REJECTIONS = 500


@dataclass(slots=True)
class Notables:
    """Collected while the courses pass by on their way to the figures."""

    span: Span
    clock: Clock
    slowest: list[tuple[float, int, Course]] = field(default_factory=list)
    rejected: list[Course] = field(default_factory=list)
    #: By rule and template: how often a whole draft was judged, and what people did instead of letting it pass.
    judged: Counter[tuple[str, str]] = field(default_factory=Counter)
    patterns: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)

    def passing(self, courses: Iterable[Course]) -> Iterator[Course]:
        for course in courses:
            if course.decided_at is not None and self.span.covers(course.decided_at):
                self._note(course)
            yield course

    @property
    def slow(self) -> list[tuple[float, Course]]:
        """(seconds of office time, course), the slowest first."""
        return [(seconds, course) for seconds, _, course in sorted(self.slowest, reverse=True)]

    def _note(self, course: Course) -> None:
        if "rejected" in course.marks and len(self.rejected) < REJECTIONS:
            self.rejected.append(course)
        ending = next((mark for mark in JUDGED_DRAFT if mark in course.marks), "")
        for rule in course.about.rules or ("",) if ending else ():
            kind = (rule, course.about.template)
            self.judged[kind] += 1
            if ending != "unedited":
                self.patterns.setdefault(kind, Counter())[ending] += 1
        seconds = wait_of(course, self.clock)
        if seconds:
            heapq.heappush(self.slowest, (seconds, course.about.case_id, course))
            if len(self.slowest) > SLOWEST:
                heapq.heappop(self.slowest)
