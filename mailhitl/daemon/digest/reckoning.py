"""Reckoning: the log of a store, read as the courses of its cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mailhitl.insight.course import OUTCOMES, OWN, Course, courses, is_sample
from mailhitl.insight.week import Span
from mailhitl.ports.store import Store


def read(store: Store, span: Span) -> Iterator[Course]:
    """Every case of which the log says something in this span, with all that was charged to it since."""
    charged: dict[int, set[str]] = defaultdict(set)
    for entry in store.journal.entries(OUTCOMES, since=span.since):
        if entry.case_id is not None:
            charged[entry.case_id].add(entry.kind)
            if is_sample(entry) and entry.kind == "wrong":
                charged[entry.case_id].add("sample-wrong")
    outcomes = {case_id: frozenset(kinds) for case_id, kinds in charged.items()}
    rows = store.figures.rows(span.since, span.until)
    return courses((each for each in rows if each[0].drafter != OWN), outcomes)
