"""The approval record for the rules' facts: how people decided on drafts of an intent, of a rule, to a sender."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailhitl.case import Case
from mailhitl.daemon.digest import reckoning
from mailhitl.insight.course import Course
from mailhitl.insight.evidence import Fate, fate
from mailhitl.insight.week import Span
from mailhitl.ports.store import Store
from mailhitl.rules.rule import HistoryFacts, RecordFacts

#: How far back, how often that is read again, and how many mails of a sender are looked at.
SPAN, OFTEN, MAILS = timedelta(days=90), timedelta(minutes=10), 50
#: What each end of a review is to a record.
ENDS = {"unedited": "unedited", "edited": "edited", "written": "edited", "by-hand": "edited", "rejected": "rejected"}
FATES = {
    Fate.APPROVED: "unedited",
    Fate.EDITED: "edited",
    Fate.BY_HAND: "edited",
    Fate.REJECTED: "rejected",
}


@dataclass(slots=True)
class Records:
    """Reads the log only when a rule asks (``asked``), and then every few minutes. Belongs to one thread."""

    store: Store
    asked: bool
    _read: datetime | None = None
    _intents: Mapping[str, RecordFacts] = field(default_factory=dict)
    _rules: Mapping[str, RecordFacts] = field(default_factory=dict)

    def of(self, case: Case, intent: str, now: datetime) -> HistoryFacts:
        """What is known at this moment about this case's intent, its sender and every rule."""
        if not self.asked:
            return HistoryFacts()
        if self._read is None or now - self._read >= OFTEN:
            self._refresh(now)
        return HistoryFacts(self._intents.get(intent, RecordFacts()), self._sender(case), self._rules)

    def _refresh(self, now: datetime) -> None:
        intents: dict[str, Counter[str]] = defaultdict(Counter)
        rules: dict[str, Counter[str]] = defaultdict(Counter)
        for course in reckoning.read(self.store, Span(now - SPAN, now)):
            if (end := _end(course)) is not None:
                intents[course.about.intent][end] += 1
                for name in course.about.rules:
                    rules[name][end] += 1
        self._intents, self._rules, self._read = _records(intents), _records(rules), now

    def _sender(self, case: Case) -> RecordFacts:
        earlier = self.store.cases.of_sender(case.mailbox, case.sender, before=case.id, limit=MAILS)
        ends: Iterable[str | None] = (FATES.get(fate(self.store.cases.log(one))) for one in earlier)
        return _record(Counter(end for end in ends if end))


def _end(course: Course) -> str | None:
    return next((end for mark, end in ENDS.items() if mark in course.marks), None)


def _records(counted: Mapping[str, Counter[str]]) -> dict[str, RecordFacts]:
    return {name: _record(counter) for name, counter in counted.items()}


def _record(counter: Counter[str]) -> RecordFacts:
    return RecordFacts(counter.total(), counter["unedited"], counter["edited"], counter["rejected"])
