"""A backtest: every judgment of a while tried again by the rules of another file, against what people made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailhitl.case import Outcome
from mailhitl.config.rules import read_gates, read_rules
from mailhitl.config.schema import Config, RuleConfig
from mailhitl.daemon.digest import reckoning
from mailhitl.daemon.facts import ruling
from mailhitl.insight.course import ERRORS, Course
from mailhitl.insight.week import Span
from mailhitl.ports.journal import Judgment
from mailhitl.ports.store import Store
from mailhitl.rules.rule import Facts
from mailhitl.rules.snapshot import thaw


class Fate(StrEnum):
    """What became of a case, worst first."""

    WRONG = "sent by a rule, and wrong"
    REJECTED = "rejected"
    BY_HAND = "answered by hand"
    WRITTEN = "written by a person"
    EDITED = "edited"
    APPROVED = "approved unedited"
    SENT = "sent by a rule"
    NOBODY = "decided by nobody"


#: What speaks against sending without a person: a person had something against the draft.
AGAINST = (Fate.WRONG, Fate.REJECTED, Fate.BY_HAND, Fate.WRITTEN, Fate.EDITED)
#: The marks of a case's course, and what they say of the draft; the first one counts.
SAYS = {
    "rejected": Fate.REJECTED,
    "by-hand": Fate.BY_HAND,
    "written": Fate.WRITTEN,
    "edited": Fate.EDITED,
    "unedited": Fate.APPROVED,
    "stopped": Fate.NOBODY,
    "automatic": Fate.SENT,
}


@dataclass(frozen=True, slots=True)
class Tried:
    """One case that would have gone another way. ``rules`` are those of the changed file that hit."""

    case_id: int
    subject: str
    at: datetime
    was: Outcome
    would: Outcome
    fate: Fate
    rules: tuple[str, ...]

    @property
    def doubtful(self) -> bool:
        return self.would is Outcome.SEND and self.fate in AGAINST


@dataclass(frozen=True, slots=True)
class RuleTried:
    """One rule of the changed file. ``change``: new, changed or same; ``matched`` counts the cases it hit, ``sent``
    those among them that would have left without a person, ``against`` how often each speaks against that."""

    name: str
    change: str
    matched: int
    sent: int
    against: Mapping[Fate, int]


@dataclass(frozen=True, slots=True)
class Backtest:
    """What would have changed. ``moved`` counts cases by (was, would be), ``unknown`` those whose words are erased."""

    since: datetime
    tried: int
    unknown: int
    moved: Mapping[tuple[Outcome, Outcome], int]
    rules: Sequence[RuleTried]
    gone: Sequence[str]
    cases: Sequence[Tried]
    caveats: Sequence[str]


def backtest(
    store: Store,
    current: Config,
    changed: Config,
    since: datetime,
    now: datetime,
    progress: Callable[[int], None] = lambda done: None,
) -> Backtest:
    """Try the changed file's rules and gates on what was judged since then. Reads only.

    Of each case the first judgment counts: what a person's own edit was judged to be says nothing about the rules.
    ``progress`` is told now and then how many judgments were read.
    """
    known = {one.about.case_id: (_fate(one), one.about.subject) for one in reckoning.read(store, Span(since, now))}
    replay = _Replay(changed)
    for done, judgment in enumerate(store.judgments.since(since), 1):
        replay.try_again(judgment, *known.get(judgment.case_id, (Fate.NOBODY, "")))
        if done % 500 == 0:
            progress(done)
    worst = {fate: number for number, fate in enumerate(Fate)}
    cases = sorted(replay.cases, key=lambda one: (not one.doubtful, worst[one.fate], one.case_id))
    gone = [rule.name for rule in current.rule if rule.name not in replay.matched]
    rules = [replay.of_rule(rule, _change(rule, current.rule)) for rule in changed.rule]
    return Backtest(
        since,
        len(replay.seen),
        replay.unknown + store.judgments.erased(since),
        replay.moved,
        rules,
        gone,
        cases,
        _caveats(current, changed),
    )


class _Replay:
    """The changed file at work, and what it came to so far."""

    def __init__(self, changed: Config) -> None:
        self._rules, self._gates = read_rules(changed), read_gates(changed)
        self.seen: set[int] = set()
        self.unknown = 0
        self.moved: Counter[tuple[Outcome, Outcome]] = Counter()
        self.matched: dict[str, Counter[tuple[Outcome, Fate]]] = {rule.name: Counter() for rule in self._rules}
        self.cases: list[Tried] = []

    def try_again(self, judgment: Judgment, fate: Fate, subject: str) -> None:
        facts = self._facts(judgment)
        if facts is None:
            return
        self.seen.add(judgment.case_id)
        verdict = ruling(self._rules, self._gates, facts)
        was, would = Outcome(judgment.outcome), verdict.outcome
        self.moved[was, would] += 1
        for name in verdict.hits:
            self.matched[name][would, fate] += 1
        if was is not would or (would is Outcome.SEND and fate in AGAINST):
            self.cases.append(Tried(judgment.case_id, subject, judgment.at, was, would, fate, verdict.hits))

    def _facts(self, judgment: Judgment) -> Facts | None:
        if judgment.case_id in self.seen:
            return None
        try:
            facts = thaw(judgment.facts)
        except ValueError:
            self.unknown += 1
            return None
        return None if facts.recipients.changed_by_edit else facts

    def of_rule(self, rule: RuleConfig, change: str) -> RuleTried:
        counts = self.matched[rule.name]
        sent = Counter({fate: count for (would, fate), count in counts.items() if would is Outcome.SEND})
        against = {fate: sent[fate] for fate in AGAINST if sent[fate]}
        return RuleTried(rule.name, change, counts.total(), sent.total(), against)


def _fate(course: Course) -> Fate:
    found = next((fate for mark, fate in SAYS.items() if mark in course.marks), Fate.NOBODY)
    wrong = found is Fate.SENT and any(mark in course.marks for mark in ERRORS)
    return Fate.WRONG if wrong else found


def _change(rule: RuleConfig, current: Collection[RuleConfig]) -> str:
    before = next((each for each in current if each.name == rule.name), None)
    return "new" if before is None else "same" if before == rule else "changed"


#: What no replay knows.
ALWAYS = (
    "mails, drafts, intents, findings and customers' rows are those of then; "
    "caps, pauses, promotions and demotions are not replayed"
)
#: What a replay takes from then, and what in the file would make it another today.
THEN = {
    "intent": "the intents differ: what each mail wanted is what triage made of it then",
    "knowledge": "the knowledge differs: the drafts are those of then",
    "llm": "the language model differs: the drafts are those of then",
    "customers": "the customer directory differs: every customer's row is that of then",
    "agent": "[agent] differs: drafts, time zone and caps are those of then",
    "review": "[review] differs: who was vouched for and when people were there is as it was then",
}


def _caveats(current: Config, changed: Config) -> list[str]:
    """What the replay can't know, in words."""
    return [ALWAYS, *(says for name, says in THEN.items() if getattr(current, name) != getattr(changed, name))]
