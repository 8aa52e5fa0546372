"""How good a triage that learns is: measured by cross-validation on the examples it learns from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mailhitl.drafting.learned import Guess, Labelled, LearnedTriage

#: A guess is worth acting on alone when of those that are as sure at most one in a hundred is wrong.
PRECISION = 0.99
_BINS = 15


@dataclass(frozen=True, slots=True)
class Tried:
    """One example that was kept from learning, its intent, and what was guessed."""

    text: str
    intent: str
    guess: Guess

    @property
    def right(self) -> bool:
        return self.guess.intent == self.intent


@dataclass(frozen=True, slots=True)
class Measure:
    """All shares are 0..1. ``coverage`` is the share of guesses that can be acted on at ``PRECISION``, ``sure`` the
    confidence from which on they are; ``calibration`` the expected calibration error in 15 bins of equal width."""

    n: int
    accuracy: float
    coverage: float
    sure: float
    calibration: float


def cross_validate(
    examples: Sequence[Labelled], *, folds: int = 10, heard: Callable[[], None] = lambda: None
) -> Iterator[Tried]:
    """Learn from all folds but one, and try that one; ``heard`` is called after each. Raises TooFewExamples."""
    import numpy as np
    from sklearn.model_selection import StratifiedKFold

    known = sorted(set(examples))
    labels = np.asarray([intent for _, intent in known])
    for seen, kept in StratifiedKFold(folds, shuffle=True, random_state=0).split(labels, labels):
        triage = LearnedTriage([known[number] for number in seen])
        tried = [known[number] for number in kept]
        for (text, intent), guess in zip(tried, triage.guesses([text for text, _ in tried]), strict=True):
            yield Tried(text, intent, guess)
        heard()


def measure(tried: Sequence[Tried]) -> Measure:
    """Reckon the figures of at least one try."""
    ordered = sorted(tried, key=lambda one: -one.guess.confidence)
    right = count = covered = 0
    sure = 1.0
    for count, one in enumerate(ordered, 1):
        right += one.right
        if right >= PRECISION * count:
            covered, sure = count, one.guess.confidence
    return Measure(count, right / count, covered / count, sure, _calibration(tried))


def _calibration(tried: Sequence[Tried]) -> float:
    """The mean distance between how sure the guesses of a bin are and how often they are right, weighed by size."""
    bins: list[list[Tried]] = [[] for _ in range(_BINS)]
    for one in tried:
        bins[min(int(one.guess.confidence * _BINS), _BINS - 1)].append(one)
    gaps = (abs(sum(one.guess.confidence - one.right for one in some)) for some in bins)
    return sum(gaps) / len(tried)
