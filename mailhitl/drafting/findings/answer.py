"""What the detectors look at: an answer and the mail it answers, and what a detector is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mailhitl.draft import Draft
from mailhitl.mail.lookalike import letters
from mailhitl.mail.message import Message


@dataclass(frozen=True, slots=True)
class Words:
    """A text as a reader sees it, and the same in plain letters, position for position."""

    shown: str
    plain: bytes

    @classmethod
    def of(cls, shown: str) -> Words:
        return cls(shown, letters(shown).encode())


@dataclass(frozen=True, slots=True)
class Answer:
    """``own`` are subject and body without quotes, ``theirs`` the customer's new words, ``sources`` what the answer may
    rest on besides the customer's mail, ``language`` the customer's, "" when unknown."""

    own: Words
    theirs: Words
    draft: Draft
    message: Message
    sources: tuple[str, ...]
    language: str


#: From an answer to the words that show the risk. Its docstring is its entry in the reference.
Detector = Callable[[Answer], Iterable[str]]
