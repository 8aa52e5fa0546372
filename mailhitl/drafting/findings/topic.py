"""A topic: the words that one kind of risk is known by, in English and German.

Two lists of patterns, in the syntax of RE2, so that no text can make them slow. ``says`` are words that carry the
risk, ``unless`` phrases that hold such a word and mean something else ("credit card", "I guarantee nothing"). A phrase
excuses the words inside it and no others. ``mail`` are what only customers say.

Patterns are matched against plain lower-case letters, whole words. They are written as people write them: a space is
any white space, and an umlaut is found as "ü", "ue" and "u", an "ß" as "ss" too.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import re2

from mailhitl.drafting.findings.answer import Words

_SPELLINGS = str.maketrans({"ä": "ae?", "ö": "oe?", "ü": "ue?", "ß": "ss?"})
_SPACES = re.compile(r" (\?)?")


def pattern(*alternatives: str) -> Any:
    """Compile what any of these finds, as whole words. Raises re2.error."""
    joined = "|".join(f"(?:{each})" for each in alternatives).translate(_SPELLINGS)
    spaced = _SPACES.sub(lambda match: " *" if match[1] else " +", joined)
    return re2.compile(rf"\b(?:{spaced})".encode("ascii"))


@dataclass(frozen=True, slots=True)
class Topic:
    """The words of one risk. Every alternative begins at a word; where it must end at one, it says so."""

    says: tuple[str, ...]
    unless: tuple[str, ...] = ()
    mail: tuple[str, ...] = ()
    _ours: Any = field(init=False, repr=False, compare=False)
    _theirs: Any = field(init=False, repr=False, compare=False)
    _excuses: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ours", pattern(*self.says))
        object.__setattr__(self, "_theirs", pattern(*self.says, *self.mail))
        object.__setattr__(self, "_excuses", pattern(*self.unless) if self.unless else None)

    def in_answer(self, words: Words) -> Iterator[str]:
        """Yield the words of ours that carry the risk, as they are written."""
        return self._found(self._ours, words)

    def in_mail(self, words: Words) -> Iterator[str]:
        """Yield the customer's words that do."""
        return self._found(self._theirs, words)

    def _found(self, says: Any, words: Words) -> Iterator[str]:
        hits = [match.span() for match in says.finditer(words.plain)]
        excused = [match.span() for match in self._excuses.finditer(words.plain)] if hits and self._excuses else []
        for start, end in hits:
            before = bisect_right(excused, (start, len(words.plain))) - 1
            if before < 0 or end > excused[before][1]:
                yield words.shown[start:end]
