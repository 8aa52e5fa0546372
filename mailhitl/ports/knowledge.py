"""What the team knows: text files, and answers that were approved before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Snippet:
    """A passage that may help to answer. ``source`` is a file below the knowledge folder, or ``case 12`` for an earlier
    answer; ``heading`` what it stands under; ``intent`` and ``language`` are "" where they are not known; ``score``
    says how much of the question it speaks of (0..1)."""

    source: str
    heading: str
    text: str
    intent: str = ""
    language: str = ""
    score: float = 0.0

    @property
    def place(self) -> str:
        return f"{self.source} › {self.heading}" if self.heading else self.source


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for. ``orders`` are the order numbers in the customer's mail."""

    text: str
    intent: str = ""
    language: str = ""
    orders: tuple[str, ...] = ()


class Knowledge(Protocol):
    """Finds passages. "Nothing found" is an answer: below a minimum score nothing is returned."""

    def refresh(self) -> int:
        """Read the files that have changed; return how many did. What cannot be read is left as it was."""
        ...

    def search(self, question: Question, *, limit: int = 4) -> Sequence[Snippet]:
        """Best first."""
        ...
