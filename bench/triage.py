"""Triage that learns, measured on BANKING77: 77 intents of a bank's customers, 10,003 of their sentences."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from bench.figures import Figure
from bench.place import Place
from mailhitl.drafting.learned import THRESHOLD, Labelled, LearnedTriage
from mailhitl.drafting.measured import Tried, cross_validate
from mailhitl.drafting.measured import measure as reckon

DATA = Path(__file__).parents[2] / "shared" / "triage" / "banking77-train.csv"
FEW = 10
SEEDS = range(3)
TESTED = 20
LEFT_OUT = 15


def measure(place: Place) -> list[Figure]:
    if not DATA.exists():
        return [Figure("triage: left out, there is no ../shared/triage", "-", [0.0])]
    with DATA.open(encoding="utf-8", newline="") as file:
        examples = [(row["text"], row["category"]) for row in csv.DictReader(file)]
    return [*_all(examples), *_few(examples), *_foreign(examples)]


def _all(examples: Sequence[Labelled]) -> list[Figure]:
    """Ten-fold cross-validation on everything."""
    found = reckon(list(cross_validate(examples)))
    note = f"triage on {found.n} sentences, 10 folds: acted on alone from confidence {found.sure:.2f} on."
    return [
        Figure("triage: wrong, of all", "share", [1 - found.accuracy], judged="max", limit=0.09, note=note),
        Figure("triage: not covered at 99 % right", "share", [1 - found.coverage], judged="max", limit=0.28),
        Figure("triage: calibration error", "share", [found.calibration], judged="max", limit=0.03),
    ]


def _few(examples: Sequence[Labelled]) -> list[Figure]:
    """Ten examples of each intent, drawn anew each time; tried on twenty others."""
    wrong = []
    for seed in SEEDS:
        drawn = _drawn(examples, seed)
        learned = LearnedTriage([(text, name) for name, texts in drawn.items() for text in texts[:FEW]])
        others = [(text, name) for name, texts in drawn.items() for text in texts[FEW : FEW + TESTED]]
        guesses = learned.guesses([text for text, _ in others])
        tried = [Tried(text, name, guess) for (text, name), guess in zip(others, guesses, strict=True)]
        wrong.append(1 - reckon(tried).accuracy)
    return [Figure("triage: wrong, 10 examples each", "share", wrong, judged="median", limit=0.25)]


def _foreign(examples: Sequence[Labelled]) -> list[Figure]:
    """Mails about what triage was never taught: how many are taken for something they are not."""
    drawn = _drawn(examples, 0)
    foreign = sorted(drawn)[::5][:LEFT_OUT]
    learned = LearnedTriage([(text, name) for name, texts in drawn.items() if name not in foreign for text in texts])
    guesses = learned.guesses([text for name in foreign for text in drawn[name]])
    taken = sum(guess.confidence >= THRESHOLD for guess in guesses) / len(guesses)
    sure = sum(guess.confidence >= 0.95 for guess in guesses) / len(guesses)
    return [
        Figure(f"triage: foreign taken for known (confidence ≥ {THRESHOLD})", "share", [taken]),
        Figure("triage: foreign taken for known (confidence ≥ 0.95)", "share", [sure]),
    ]


def _drawn(examples: Sequence[Labelled], seed: int) -> dict[str, list[str]]:
    shuffled = list(examples)
    random.Random(seed).shuffle(shuffled)
    drawn: dict[str, list[str]] = defaultdict(list)
    for text, name in shuffled:
        drawn[name].append(text)
    return drawn
