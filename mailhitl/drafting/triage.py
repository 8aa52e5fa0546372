"""Triage by words: what a mail wants, judged by each intent's example sentences and words.

A mail is read sentence by sentence. Each sentence is compared with every example (cosine of weighted word stems) and
with the intents' words. The best intent's score is the start; it is lowered by whatever else the mail is about,
another intent or sentences that nothing explains, because an answer to half a mail is no answer.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from mailhitl.drafting.language import STOP_WORDS
from mailhitl.mail.message import Message
from mailhitl.ports.drafter import Triage


@dataclass(frozen=True, slots=True)
class IntentExamples:
    """One intent as an admin wrote it: sentences as customers write them, and words that hint at it."""

    name: str
    examples: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    template: str = ""


#: Below this the honest answer is "none of these".
THRESHOLD = 0.45
#: What a word of no weight of its own ("the", "hallo") still counts in a comparison.
STOP_WEIGHT = 0.1
#: A sentence of such words only is taken for this long, or "Danke!" would be half of "Vielen Dank, alles bestens!".
LEAST_LENGTH = 0.5
#: What one, two, three or more of an intent's words in a sentence are worth.
WORD_SCORES = (0.0, 0.5, 0.7, 0.8)
#: A second intent below this is noise; above, it takes up to RIVAL_CUT of the confidence.
RIVAL_FLOOR = 0.25
RIVAL_CUT = 0.85
#: What the sentences that nothing explains take, when they are all the rest of the mail.
UNEXPLAINED_CUT = 0.5
#: A sentence with fewer words of weight says nothing ("Many thanks, Anna").
LEAST_WORDS = 3
#: What is read of a mail. A longer one is never about one thing only.
MAX_TEXT = 8_000

_WORD = re.compile(r"[^\W_]+")
_SENTENCE = re.compile(r"[.!?…;](?:\s|$)|\n\s*\n|\n\s*[-*•]\s")
_REPLY_MARKS = re.compile(r"^(?:\s*(?:re|fwd?|aw|wg|antw|sv|tr|rv)\s*(?:\[\d+\])?\s*:)+", re.IGNORECASE)
_SUFFIXES = ("ing", "en", "es", "ed", "er", "e", "n", "s")
_GREETINGS = (
    "dear team support sir madam morning evening day hope well kind best greetings cheers sincerely question quick "
    "short wanted ask know tell let could would just want need help hey today "
    "liebes liebe lieber damen herren freundliche freundlichen viele beste lg mfg vg moin servus frage kurze kurz mal "
    "möchte wollte gerne gern wissen fragen sagen danke vielen dank vorab voraus"
)


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A word without accents, umlaut spelling and endings: "Öffnungszeiten" and "oeffnungszeit" become one."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(char))
    for pair in ("ae", "oe", "ue"):
        plain = plain.replace(pair, pair[0])
    while len(plain) > 4:
        shorter = next((plain[: -len(end)] for end in _SUFFIXES if plain.endswith(end)), plain)
        if shorter == plain or len(shorter) < 3:
            break
        plain = shorter
    return f"{plain[:-1]}i" if plain.endswith("y") and len(plain) > 3 else plain


_STOP = frozenset(stem(word) for words in STOP_WORDS.values() for word in words) | {
    stem(word) for word in _GREETINGS.split()
}

Stems = frozenset[str]


def _stems(text: str) -> Stems:
    return frozenset(stem(word) for word in _WORD.findall(text))


def stems_of_weight(text: str) -> Stems:
    """Return the stems of the words that say something: no "the", no greetings."""
    return _stems(text) - _STOP


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a mail and the stems of its words."""

    text: str
    stems: Stems


def sentences(message: Message) -> list[Sentence]:
    """Return the subject, without "Re:" and the like, and then every sentence of the new text."""
    texts = [_REPLY_MARKS.sub("", message.subject[:300]), *_SENTENCE.split(message.new_text[:MAX_TEXT])]
    return [Sentence(" ".join(text.split()), _stems(text)) for text in texts]


@dataclass(frozen=True, slots=True)
class _Match:
    """How well one sentence fits one intent, and by what: the nearest example's number and the words hit."""

    score: float
    example: int = -1
    phrases: frozenset[Stems] = frozenset()


_NONE = _Match(0.0)
_Read = tuple[Stems, dict[str, _Match]]


class WordTriage:
    """Finds the intent by the words an admin gave; fulfils ``ports.drafter.Classifier``."""

    def __init__(self, intents: Sequence[IntentExamples]) -> None:
        self._intents = {intent.name: intent for intent in intents}
        examples = [(intent.name, text, _stems(text)) for intent in intents for text in intent.examples]
        self._examples = examples
        self._weights = _rarity([(name, stems) for name, _, stems in examples])
        self._unseen = max(self._weights.values(), default=1.0)
        self._lengths = [self._length(stems) for _, _, stems in examples]
        self._postings: dict[str, list[int]] = defaultdict(list)
        for number, (_, _, stems) in enumerate(examples):
            for stem in stems:
                self._postings[stem].append(number)
        self._words: dict[str, list[tuple[str, Stems]]] = defaultdict(list)
        for intent in intents:
            # A word that stands in every mail ("hello") hints at nothing.
            for phrase in {_stems(word) for word in intent.words if not _stems(word) <= _STOP}:
                for stem in phrase:
                    self._words[stem].append((intent.name, phrase))

    def triage(self, message: Message) -> Triage:
        """Return the intent that fits, or "" with the confidence of the closest when none does."""
        different = dict.fromkeys(sentence.stems for sentence in sentences(message))
        read = [(stems, self._match(stems)) for stems in different if stems]
        best: dict[str, _Match] = {}
        for _, matches in read:
            for name, match in matches.items():
                if match.score > best.get(name, _NONE).score:
                    best[name] = match
        if not best:
            return Triage("", 0.0, "no word of any intent")
        name = max(best, key=lambda name: best[name].score)
        rival, other = self._rival(name, read)
        over = max(0.0, rival - RIVAL_FLOOR) / (1 - RIVAL_FLOOR)
        unexplained = self._unexplained(name, read) if len(message.new_text) <= MAX_TEXT else 1.0
        confidence = best[name].score * (1 - RIVAL_CUT * over) * (1 - UNEXPLAINED_CUT * unexplained)
        notes = [self._explain(name, best[name])]
        if over > 0:
            notes.append(f"also sounds like {other} ({rival:.2f})")
        if unexplained > 0:
            notes.append(f"{unexplained:.0%} of the mail is about something else, or too long to read")
        if confidence < THRESHOLD:
            return Triage("", round(confidence, 2), f"closest is {name}: {'; '.join(notes)}")
        return Triage(name, round(confidence, 2), "; ".join(notes))

    def _match(self, stems: Stems) -> dict[str, _Match]:
        """How well a sentence fits each intent that it shares a word with."""
        shared: dict[int, float] = defaultdict(float)
        hits: dict[str, set[Stems]] = defaultdict(set)
        for stem in stems:
            weight = self._weight(stem) ** 2
            for number in self._postings.get(stem, ()):
                shared[number] += weight
            for name, phrase in self._words.get(stem, ()):
                if phrase <= stems:
                    hits[name].add(phrase)
        length = self._length(stems)
        nearest: dict[str, tuple[float, int]] = {}
        for number, product in shared.items():
            cosine = product / (length * self._lengths[number])
            name = self._examples[number][0]
            nearest[name] = max(nearest.get(name, (0.0, 0)), (cosine, number))
        matches = {}
        for name in nearest.keys() | hits.keys():
            cosine, number = nearest.get(name, (0.0, -1))
            phrases = frozenset(hits.get(name, ()))
            score = 1 - (1 - cosine) * (1 - WORD_SCORES[min(len(phrases), 3)])
            matches[name] = _Match(min(score, 0.99), number if cosine >= THRESHOLD else -1, phrases)
        return matches

    def _rival(self, name: str, read: Sequence[_Read]) -> tuple[float, str]:
        """The strongest other intent anywhere in the mail, after ``name`` has accounted for its own words."""
        strongest = (0.0, "")
        for stems, matches in read:
            own = matches.get(name, _NONE)
            strong = [(match.score, other) for other, match in matches.items() if other != name]
            strong = [rival for rival in strong if rival[0] > max(RIVAL_FLOOR, strongest[0])]
            # Where a rival fits better, the sentence is the rival's; elsewhere it has what the intent leaves over.
            strongest = max([strongest, *(rival for rival in strong if rival[0] > own.score)])
            if any(score <= own.score for score, _ in strong):
                left = self._match(stems - self._accounted(own))
                strongest = max([strongest, *((left.get(other, _NONE).score, other) for _, other in strong)])
        return strongest

    def _accounted(self, match: _Match) -> Stems:
        """The stems that an intent explains in a sentence."""
        example = self._examples[match.example][2] if match.example >= 0 else frozenset()
        return example.union(*match.phrases)

    def _unexplained(self, name: str, read: Sequence[_Read]) -> float:
        """The share of the words of weight that stand in sentences which do not speak of ``name``."""
        explained = other = 0
        for stems, matches in read:
            words = len(stems - _STOP)
            if matches.get(name, _NONE).score >= THRESHOLD:
                explained += words
            elif words >= LEAST_WORDS:
                other += words
        return other / (explained + other) if other else 0.0

    def _explain(self, name: str, match: _Match) -> str:
        total = len(self._intents[name].words)
        parts = [f"{len(match.phrases)} of {total} words"] if total else []
        if match.example >= 0:
            parts.append(f"example “{self._examples[match.example][1]}”")
        return ", ".join(parts) or "a few words in common"

    def _weight(self, stem: str) -> float:
        return self._weights.get(stem, STOP_WEIGHT if stem in _STOP else self._unseen)

    def _length(self, stems: Stems) -> float:
        return max(math.sqrt(sum(self._weight(stem) ** 2 for stem in stems)), LEAST_LENGTH)


def _rarity(examples: Sequence[tuple[str, Stems]]) -> dict[str, float]:
    """Each stem's weight: the more intents use it, the less it says about one of them."""
    users: dict[str, set[str]] = defaultdict(set)
    for name, stems in examples:
        for stem in stems:
            users[stem].add(name)
    intents = len({name for name, _ in examples})
    return {
        stem: STOP_WEIGHT if stem in _STOP else 1 + math.log(intents / len(names)) / 2 for stem, names in users.items()
    }
