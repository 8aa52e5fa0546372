"""Triage that learns: which intent a mail has, from labelled sentences, with a confidence that means what it says.

Two linear support vector machines (all pairs of words and runs of letters together; the pairs alone), a naive Bayes and
the nearest labelled sentences each have a say. What they say of sentences they have not seen teaches a logistic
regression how often they are right: that is the confidence, so 0.9 is wrong once in ten. Needs the extra ``triage``
(scikit-learn), imported when first used.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mailhitl.drafting.triage import MAX_TEXT, Sentence, sentences, stem, stems_of_weight
from mailhitl.mail.message import Message
from mailhitl.ports.drafter import Triage
from mailhitl.ports.model import Embedder

if TYPE_CHECKING:
    import numpy as np

    Matrix = np.ndarray[Any, np.dtype[Any]]

#: An example and the name of its intent.
Labelled = tuple[str, str]

#: Below this the honest answer is "none of these". On BANKING77 it keeps 88 % of what was taught, 97 % of it right,
#: and lets a third of what was never taught pass: a bank's other questions sound alike (``make bench ONLY=triage``).
THRESHOLD = 0.7
#: Where nothing was ever guessed wrong, so much likeness to an example is all one can go by.
LIKE = 0.6
#: With fewer examples nothing can be learned about how often a guess is right.
LEAST_EXAMPLES = 40
LEAST_EACH = 5
#: How many of the nearest examples have a say.
NEIGHBOURS = 15
#: A sentence that alone says something else at least this surely makes the mail one about two things.
RIVAL_SURE = 0.8
#: Words of weight from which on a sentence may be about something of its own.
TELLING = 2
#: A mail about two things is answered by nobody but a person.
RIVAL_CONFIDENCE = 0.3
#: Pairs grow with the square of the words; what comes later in a sentence says little more.
MAX_WORDS = 60
#: From so many examples on, what stands in one of them only is left out.
MANY = 3_000
#: Changes whenever what is learned from the same examples does.
VERSION = "2"

#: Texts in one request for vectors, and of customers' texts whose vectors are kept at hand: a daemon runs for months.
BATCH, AT_HAND = 256, 512
_FOLDS = 5
_WORD = re.compile(r"\w+")
_NAME = re.compile(r"[^\W_]+")


class TooFewExamples(ValueError):
    """There is too little to learn from; ``str()`` says what is missing."""


def pairs(text: str) -> list[str]:
    """Return the stem of every word, and every pair of stems, whatever their order and distance."""
    words = sorted({stem(word) for word in _WORD.findall(text)[:MAX_WORDS]})
    return words + [f"{one}_{other}" for number, one in enumerate(words) for other in words[number + 1 :]]


@dataclass(frozen=True, slots=True)
class Guess:
    """What one text seems to want, how often such a guess is right (0..1), and the example that is most like it: ""
    when that is private."""

    intent: str
    confidence: float
    example: str
    likeness: float


def fingerprint(examples: Sequence[Labelled], embeddings: str = "") -> str:
    """Identify what is learned from these examples, in whatever order they stand (12 hex digits).

    ``embeddings`` names the model of the vectors, "" when there are none.
    """
    words = json.dumps([VERSION, embeddings, sorted(set(examples))], ensure_ascii=False)
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:12]


class LearnedTriage:
    """Finds the intent by what it has learned; fulfils ``ports.drafter.Classifier``. May be pickled."""

    def __init__(
        self, examples: Sequence[Labelled], embedder: Embedder | None = None, private: Collection[str] = ()
    ) -> None:
        """Learn. Takes about a second per 200 examples. Raises TooFewExamples, or ModelFailure from ``embedder``.

        ``private`` are the texts of customers: they teach, and are neither kept as they are nor quoted.
        """
        known = _enough(sorted(set(examples)))
        self.version = fingerprint(known, embedder.name if embedder else "")
        texts, names = [text for text, _ in known], [name for _, name in known]
        vectors = Vectors(embedder) if embedder else None
        if vectors:
            vectors.fetch([*texts, *titles(names).values()])
        self._calibration = _Calibration(texts, names, vectors)
        self._voices = _Voices(texts, names, vectors)
        hidden = frozenset(private)
        self._voices.texts = ["" if text in hidden else text for text in self._voices.texts]

    def __getstate__(self) -> dict[str, Any]:
        # A client of a server is nobody's to keep: ``connect`` gives another.
        return {**self.__dict__, "_voices": self._voices.alone()}

    def connect(self, embedder: Embedder | None) -> None:
        """Give the embedder back to what was kept in a file."""
        self._voices.vectors = Vectors(embedder, AT_HAND) if embedder else None

    def triage(self, message: Message) -> Triage:
        """Return the intent that fits, or "" with the confidence of the closest when none does."""
        subject, *body = sentences(message)
        if not any(sentence.stems for sentence in (subject, *body)):
            return Triage("", 0.0, "there is nothing to read")
        if len(message.new_text) > MAX_TEXT:
            return Triage("", 0.0, "the mail is too long to be about one thing")
        # A subject often only repeats or labels: whichever reading is surer counts.
        words = " ".join(sentence.text for sentence in body)
        readings = [text for text in (words, f"{subject.text} {words}".strip(), subject.text) if text.strip()]
        best, *others = sorted(self.guesses(readings), key=lambda guess: -guess.confidence)
        rival = self._rival(best, body)
        like = f"“{best.example}”" if best.example else "a mail that was answered so before"
        note = f"most like {like} ({best.likeness:.2f})"
        if rival is not None or (others and _disagree(best, others)):
            other = rival or next(guess for guess in others if guess.intent != best.intent)
            doubt = min(best.confidence, RIVAL_CONFIDENCE)
            return Triage("", round(doubt, 3), f"{best.intent} or {other.intent}: the mail speaks of both; {note}")
        if best.confidence < THRESHOLD:
            return Triage("", round(best.confidence, 3), f"closest is {best.intent}: {note}")
        return Triage(best.intent, round(best.confidence, 3), note)

    def guesses(self, texts: Sequence[str]) -> list[Guess]:
        """Return one guess per text."""
        heard = self._voices.hear(texts)
        sure = self._calibration.confidence(heard.signs)
        return [
            Guess(str(intent), float(confidence), self._voices.texts[int(example)], float(likeness))
            for intent, confidence, example, likeness in zip(
                heard.intents, sure, heard.nearest, heard.likeness, strict=True
            )
        ]

    def _rival(self, best: Guess, body: Sequence[Sentence]) -> Guess | None:
        """What a single sentence says that is surely about something else."""
        alone = [sentence.text for sentence in body if len(stems_of_weight(sentence.text)) >= TELLING]
        if len(alone) < 2:
            return None
        rivals = [guess for guess in self.guesses(alone) if guess.intent != best.intent]
        return max((g for g in rivals if g.confidence >= RIVAL_SURE), key=lambda g: g.confidence, default=None)


def _disagree(best: Guess, others: Sequence[Guess]) -> bool:
    return any(guess.intent != best.intent and guess.confidence >= RIVAL_SURE for guess in others)


def _enough(examples: Sequence[Labelled]) -> Sequence[Labelled]:
    """Keep the intents that can be learned. Raises TooFewExamples."""
    counts: dict[str, int] = {}
    for _, name in examples:
        counts[name] = counts.get(name, 0) + 1
    few = sorted(name for name, count in counts.items() if count < LEAST_EACH)
    if few:
        # Leaving them out would teach that their mails mean something else.
        raise TooFewExamples(f"{', '.join(few)}: fewer than {LEAST_EACH} examples")
    if len(counts) < 2 or len(examples) < LEAST_EXAMPLES:
        raise TooFewExamples(f"{len(examples)} examples of {len(counts)} intents; needs {LEAST_EXAMPLES} of 2 or more")
    return examples


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the voices say of some texts: the intents, what speaks for them (one row each), and the nearest example."""

    intents: Matrix
    signs: Matrix
    nearest: Matrix
    likeness: Matrix


def titles(names: Sequence[str]) -> dict[str, str]:
    """What an admin called each intent, in words: ``lost-card`` is "lost card"."""
    return {name: " ".join(_NAME.findall(name)) for name in sorted(set(names))}


class Vectors:
    """Vectors of texts, each fetched once and of length one. Beyond ``most`` texts all are forgotten."""

    def __init__(self, embedder: Embedder, most: float = float("inf")) -> None:
        self._embedder, self._most = embedder, most
        self._known: dict[str, Sequence[float]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def fetch(self, texts: Sequence[str]) -> None:
        """Have these at hand. Raises ModelFailure."""
        if len(self._known) > self._most:
            self._known.clear()
        wanted = [text for text in dict.fromkeys(texts) if text not in self._known]
        for start in range(0, len(wanted), BATCH):
            some = wanted[start : start + BATCH]
            self._known.update(zip(some, self._embedder.embed(some), strict=True))

    def of(self, texts: Sequence[str]) -> Matrix:
        import numpy as np

        self.fetch(texts)
        rows = np.asarray([self._known[text] for text in texts], dtype=float)
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


class _Voices:
    """The classifiers, learned from texts and their intents' names."""

    def __init__(self, texts: Sequence[str], names: Sequence[str], vectors: Vectors | None) -> None:
        import numpy as np
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.naive_bayes import ComplementNB
        from sklearn.svm import LinearSVC

        # What an admin called an intent ("lost-card") is an example too; with few others it is worth several.
        named = titles(names)
        self.vectors = vectors
        self.texts = [*texts, *named.values()]
        self._intents, self._labels = np.unique(np.asarray([*names, *named]), return_inverse=True)
        rare = 2 if len(texts) > MANY else 1
        self._pairs = TfidfVectorizer(analyzer=pairs, sublinear_tf=True, min_df=rare)
        self._letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=rare)
        self._pairs.fit(self.texts)
        self._letters.fit(self.texts)
        self._examples, bag = self._features(self.texts)
        self._both = LinearSVC(C=0.7, random_state=0).fit(self._examples, self._labels)
        self._bag = LinearSVC(C=0.7, random_state=0).fit(bag, self._labels)
        self._bayes = ComplementNB(alpha=0.3).fit(bag, self._labels)

    def hear(self, texts: Sequence[str]) -> _Heard:
        import numpy as np

        both, bag = self._features(texts)
        scores = _columns(self._both.decision_function(both))
        top = scores.argmax(axis=1)
        likeness, nearest = self._neighbours(both)
        agree = self._labels[nearest] == top[:, None]
        second = np.argsort(scores, axis=1)[:, -2]
        signs = [*_lead(scores, top), scores[np.arange(len(top)), second]]
        signs += _lead(_columns(self._bag.decision_function(bag)), top)
        bayes = self._bayes.predict_log_proba(bag)
        signs += [*_lead(bayes, top), (bayes.argmax(axis=1) == top).astype(float)]
        signs += [_share(agree, likeness), _share(agree[:, :5], likeness[:, :5])]
        signs += [_share(self._labels[nearest] == second[:, None], likeness), likeness[:, 0]]
        signs += [likeness[:, :5].mean(axis=1)]
        return _Heard(self._intents[top], np.column_stack(signs), nearest[:, 0], likeness[:, 0])

    def _features(self, texts: Sequence[str]) -> tuple[Any, Any]:
        from scipy.sparse import csr_matrix, hstack

        bag = self._pairs.transform(texts)
        parts = [bag, self._letters.transform(texts)]
        if self.vectors is not None:
            parts.append(csr_matrix(self.vectors.of(texts)))
        return hstack(parts).tocsr(), bag

    def alone(self) -> _Voices:
        """The same without whom it asks."""
        same = copy(self)
        same.vectors = None
        return same

    def _neighbours(self, both: Any) -> tuple[Matrix, Matrix]:
        """The likeness (0..1) and number of the nearest examples, nearest first."""
        import numpy as np

        # Two or three vectors of length one stand side by side in a row.
        likeness = (both @ self._examples.T).toarray() / (3 if self.vectors else 2)
        nearest = np.argsort(-likeness, axis=1, kind="stable")[:, :NEIGHBOURS]
        return np.take_along_axis(likeness, nearest, axis=1), np.asarray(nearest)


class _Calibration:
    """How often the voices are right, learned from what they say of examples that were kept from them."""

    def __init__(self, texts: Sequence[str], names: Sequence[str], vectors: Vectors | None) -> None:
        import numpy as np
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import StratifiedKFold
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        signs, right = [], []
        folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
        known, labels = np.asarray(texts, dtype=object), np.asarray(names, dtype=object)
        for seen, kept in folds.split(known, labels.astype(str)):
            heard = _Voices(list(known[seen]), list(labels[seen]), vectors).hear(list(known[kept]))
            signs.append(heard.signs)
            right.append(heard.intents == labels[kept])
        self._right = float(np.concatenate(right).mean())
        # Where all were right (or none), nothing tells how often such a guess is wrong.
        self._model = None
        if 0 < self._right < 1:
            self._model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
            self._model.fit(np.vstack(signs), np.concatenate(right))

    def confidence(self, signs: Matrix) -> Matrix:
        import numpy as np

        if self._model is None:
            return np.asarray(self._right * (signs[:, -2] / LIKE).clip(0, 1))
        return np.asarray(self._model.predict_proba(signs)[:, 1])


def _columns(scores: Matrix) -> Matrix:
    """One column per intent: of two intents scikit-learn gives only the second's."""
    import numpy as np

    return np.column_stack([-scores, scores]) if scores.ndim == 1 else np.asarray(scores)


def _lead(scores: Matrix, top: Matrix) -> list[Matrix]:
    """The score of the chosen intent, and how far the best is ahead of the next."""
    import numpy as np

    ordered = np.sort(scores, axis=1)
    return [scores[np.arange(len(top)), top], ordered[:, -1] - ordered[:, -2]]


def _share(agree: Matrix, likeness: Matrix) -> Matrix:
    """The neighbours' weight that agrees, 0 where there is none that shares anything."""
    import numpy as np

    return np.asarray((agree * likeness).sum(axis=1) / np.maximum(likeness.sum(axis=1), 1e-9))
