"""Models: one writes the body of an answer and nothing else, one turns texts into vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Order:
    """What a model is asked. ``instructions`` are ours, ``material`` holds the fenced words of others."""

    instructions: str
    material: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer, and the ids of the sources that it claims to rest on."""

    text: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote: paragraphs of sentences, what it thinks the mail wants, and questions to the reviewer.

    ``model`` names the model that answered, ``cost`` is in US dollars, as far as it is known.
    """

    paragraphs: tuple[tuple[Sentence, ...], ...]
    intent: str = ""
    language: str = ""
    questions: tuple[str, ...] = ()
    model: str = ""
    cost: float = 0.0


class Model(Protocol):
    """Writes. One call is one request: no retry behind our back, one deadline over all."""

    @property
    def name(self) -> str: ...

    def write(self, order: Order) -> Written:
        """Raises ModelFailure with what went wrong, without the customer's words. Safe to call from several threads."""
        ...


class Embedder(Protocol):
    """Turns texts into vectors of numbers that are near one another where the texts mean the same."""

    @property
    def name(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """One vector per text, all of the same length. Raises ModelFailure."""
        ...
