"""What reviewers keep correcting: from single edits to a proposal that an admin may accept.

One edit teaches nothing: it stays in quarantine until ``REPEATED`` independent decisions, of different customers, have
made the same one. Then it is proposed, never applied.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

#: How many decisions of different customers make a habit.
REPEATED = 3
#: Sentences are the same when so much of their words is.
ALIKE = 0.8
#: Of a longer text the rest is not compared.
MOST_SENTENCES = 80

_SENTENCE = re.compile(r"(?<=[.!?…:])\s+|\n\s*\n")
_QUOTED = re.compile(r"^>.*$", re.MULTILINE)
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)
_FACT = re.compile(r"\d|https?:|www\.|@|€|\$|£|\b(?:EUR|USD|GBP|CHF)\b")
_GREETING = re.compile(
    r"(?i)^(?:dear|hello|hi|hey|good (?:morning|afternoon|evening|day)|hallo|liebe[rs]?|guten (?:tag|morgen|abend)|moin"
    r"|sehr geehrte[rs]?|kind regards|best regards|regards|sincerely|yours|cheers|freundliche|viele|beste|herzliche"
    r"|mit freundlichen|liebe grüße|lg|mfg)\b"
)


class Kind(StrEnum):
    """What a correction changed."""

    RECIPIENT = "recipient"
    GREETING = "greeting"
    FACT = "fact"
    ADDED = "added"
    LEFT_OUT = "left-out"
    TONE = "tone"


@dataclass(frozen=True, slots=True)
class Change:
    """One passage that a reviewer changed: ``old`` is "" where it was added, ``new`` where it was left out."""

    kind: Kind
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One answer that was edited before it left. ``source`` is the template's file, or ``model``."""

    case_id: int
    customer: str
    source: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Habit:
    """A change that ``REPEATED`` decisions have made; ``change`` is the newest wording of it."""

    source: str
    change: Change
    cases: tuple[int, ...]

    @property
    def why(self) -> str:
        """What is proposed, in one sentence."""
        old, new = f"“{self.change.old}”", f"“{self.change.new}”"
        told = {Kind.ADDED: f"add {new}", Kind.LEFT_OUT: f"leave out {old}"}
        what = told.get(self.change.kind, f"write {new} instead of {old}")
        return f"{what} ({self.change.kind}, in {len(self.cases)} answers)"


def changes(drafted: str, sent: str, *, recipients: bool = False) -> Iterator[Change]:
    """Yield what a reviewer changed, sentence by sentence; white space, quotes and signatures aside.

    ``recipients``: whether To or Cc were changed too.
    """
    if recipients:
        yield Change(Kind.RECIPIENT, "", "")
    old, new = _sentences(drafted), _sentences(sent)
    for what, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what != "equal":
            yield from _pairs(old[a:b], new[c:d])


def _pairs(old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    """Sentences that stand for one another side by side; what is left over was added or left out."""
    for number in range(max(len(old), len(new))):
        before = old[number] if number < len(old) else ""
        after = new[number] if number < len(new) else ""
        yield Change(_kind(before, after), before, after)


def _kind(old: str, new: str) -> Kind:
    if _GREETING.match(old or new):
        return Kind.GREETING
    if _facts(old) != _facts(new):
        return Kind.FACT
    if not old:
        return Kind.ADDED
    return Kind.TONE if new else Kind.LEFT_OUT


def _facts(sentence: str) -> list[str]:
    return [word for word in sentence.split() if _FACT.search(word)]


def _sentences(text: str) -> list[str]:
    own = _QUOTED.sub("", _SIGNATURE.split(text, maxsplit=1)[0])
    return [" ".join(part.split()) for part in _SENTENCE.split(own) if part.strip()][:MOST_SENTENCES]


def habits(edits: Iterable[Edit]) -> list[Habit]:
    """Return the changes that enough independent decisions repeat, the most frequent first. ``edits``: oldest first.

    Two edits of one customer's mails count once: that is the customer's case, not the team's habit.
    """
    found: dict[str, list[list[tuple[Edit, Change]]]] = defaultdict(list)
    for edit in edits:
        for change in dict.fromkeys(edit.changes):
            if change.kind is not Kind.RECIPIENT:
                _join(found[edit.source], edit, change)
    repeated = (
        Habit(source, group[-1][1], tuple(dict.fromkeys(edit.case_id for edit, _ in group)))
        for source, groups in found.items()
        for group in groups
        if len({edit.customer for edit, _ in group}) >= REPEATED
    )
    return sorted(repeated, key=lambda habit: (-len(habit.cases), habit.source, habit.change.old))


def _join(groups: list[list[tuple[Edit, Change]]], edit: Edit, change: Change) -> None:
    for group in groups:
        if _same(group[0][1], change):
            group.append((edit, change))
            return
    groups.append([(edit, change)])


def _same(one: Change, other: Change) -> bool:
    return _alike(one.old, other.old) and _alike(one.new, other.new)


def _alike(one: str, other: str) -> bool:
    if not one or not other or _facts(one) != _facts(other):
        return one == other
    return one == other or SequenceMatcher(None, one.split(), other.split(), autojunk=False).ratio() >= ALIKE


def patched(text: str, change: Change) -> str | None:
    """Return a file with this change made, None where its old words don't stand in it exactly once.

    Line breaks of the file may fall anywhere within the old words.
    """
    if not change.old:
        return None
    words = r"\s+".join(re.escape(word) for word in change.old.split())
    places = list(re.finditer(words, text))
    if len(places) != 1:
        return None
    start, end = places[0].span()
    return f"{text[:start]}{change.new}{text[end:]}"


#: Why drafts were rejected, by words that reviewers use; the first that fits.
REASONS: dict[str, tuple[str, ...]] = {
    "wrong-intent": ("wrong template", "wrong intent", "not what", "falsche vorlage", "thema verfehlt", "misunderst"),
    "fact": ("wrong", "incorrect", "not true", "outdated", "falsch", "stimmt nicht", "veraltet"),
    "tone": ("tone", "rude", "cold", "unfriendly", "stiff", "ton", "unfreundlich", "kühl", "steif"),
    "policy": ("policy", "not allowed", "we don't", "we do not", "dürfen", "richtlinie", "machen wir nicht"),
    "length": ("too long", "too short", "zu lang", "zu kurz"),
    "person": ("call", "phone", "myself", "personally", "anrufen", "telefon", "selbst", "persönlich"),
}


def reason_code(why: str) -> str:
    """Return one word for why a draft was rejected; ``other`` when none of the words is known."""
    said = why.casefold()
    fitting = (code for code, words in REASONS.items() if any(re.search(rf"\b{re.escape(w)}", said) for w in words))
    return next(fitting, "other")


def recurring(
    rejections: Iterable[tuple[str, str, int]], *, least: int = REPEATED
) -> list[tuple[str, str, tuple[int, ...]]]:
    """Return (source, code, cases) for what is rejected again and again. ``rejections`` are (source, why, case)."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for source, why, case_id in rejections:
        found[source, reason_code(why)].append(case_id)
    many = [(source, code, tuple(cases)) for (source, code), cases in found.items() if len(cases) >= least]
    return sorted(many, key=lambda each: (-len(each[2]), each))
