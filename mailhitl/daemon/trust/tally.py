"""A tally: how often each rule hit, what people made of those drafts, and how much of that can be counted on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mailhitl.daemon.digest import reckoning
from mailhitl.daemon.trust import autonomy
from mailhitl.insight.course import ERRORS
from mailhitl.insight.interval import wilson
from mailhitl.insight.week import Span
from mailhitl.ports.store import Store
from mailhitl.rules.rule import Level, Rule

#: The ways in which a person changes or replaces what was drafted.
CHANGED = ("edited", "written", "by-hand")


@dataclass(frozen=True, slots=True)
class Tally:
    """One rule: ``level`` is the rung on which it stands now. ``marks`` counts the cases it hit by what became of them
    (``insight.course.MARKS``), ``hits`` all of them."""

    rule: Rule
    level: Level
    hits: int
    marks: Counter[str]

    @property
    def decided(self) -> int:
        """The drafts about which a person has spoken."""
        return sum(self.marks[mark] for mark in ("unedited", "rejected", *CHANGED))

    @property
    def evidence(self) -> tuple[float, float]:
        """The share that a person approved as it stood, for all that chance can do (95 % Wilson interval)."""
        return wilson(self.marks["unedited"], self.decided)

    @property
    def changed(self) -> int:
        return sum(self.marks[mark] for mark in CHANGED)

    @property
    def wrong(self) -> int:
        return sum(self.marks[mark] for mark in ERRORS)


def tally(store: Store, rules: Sequence[Rule], span: Span) -> list[Tally]:
    """Count what became of the cases of this span, for each rule in the order of the file."""
    hits: Counter[str] = Counter()
    marks: dict[str, Counter[str]] = {rule.name: Counter() for rule in rules}
    for course in reckoning.read(store, span):
        for name in course.about.rules:
            hits[name] += 1
            if name in marks:
                marks[name].update(course.within(span))
    entries = autonomy.steps(store)
    return [Tally(rule, autonomy.standing(rule, entries).level, hits[rule.name], marks[rule.name]) for rule in rules]
