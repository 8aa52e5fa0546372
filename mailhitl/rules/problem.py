"""A wrong condition: where in a rule's ``when`` table something is wrong, and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. ``path`` are the keys and indexes below the place that was read, outermost first."""

    path: tuple[str | int, ...]
    what: str


class WrongCondition(ValueError):
    """A condition cannot be built: every mistake in it at once."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.what for problem in problems))
        self.problems = problems


def wrong(what: str) -> WrongCondition:
    """A mistake in the value itself."""
    return WrongCondition(Problem((), what))


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean "…"?`` when one of the known words is close, "" otherwise."""
    words = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), words, 1, 0.6)
    return f' Did you mean "{words[close[0]]}"?' if close else ""


def choice(words: Iterable[str]) -> str:
    """Return the words as an English choice: ``"a", "b" or "c"``."""
    *front, last = (f'"{word}"' for word in words)
    return f"{', '.join(front)} or {last}" if front else last


class Collector:
    """Runs builders one after the other and keeps what each complains about, so that all is reported at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, key: str | int, what: str) -> None:
        self.problems.append(Problem((key,), what))

    def build(self, key: str | int, builder: Callable[[], T]) -> T | None:
        """Return what the builder builds, or None after its complaints were kept under ``key``."""
        try:
            return builder()
        except WrongCondition as error:
            self.problems += [Problem((key, *problem.path), problem.what) for problem in error.problems]
        except ValueError as error:
            self.add(key, str(error))
        return None

    def finish(self) -> None:
        """Raise WrongCondition when there was any complaint."""
        if self.problems:
            raise WrongCondition(*self.problems)
