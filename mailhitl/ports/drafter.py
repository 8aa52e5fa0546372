"""Triage and drafting: what a mail wants, and what could be answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from mailhitl.draft import Draft
from mailhitl.mail.message import Message
from mailhitl.ports.knowledge import Snippet


@dataclass(frozen=True, slots=True)
class Triage:
    """What a mail wants: the intent's name ("" when none fits), how sure (0..1), and what it rests on."""

    intent: str
    confidence: float
    why: str = ""


class Classifier(Protocol):
    """Finds the intent of a mail. The word rules fulfil it; a learning one can take their place."""

    def triage(self, message: Message) -> Triage: ...


@dataclass(frozen=True, slots=True)
class Context:
    """What is known besides the mail itself.

    ``snippets`` come from the team's knowledge, ``earlier`` are the conversation's mails, newest first, ``customer`` is
    the directory's row, ``history`` says in words how often this customer wrote and what came of it. ``instruction`` is
    what a reviewer asked of a new draft, ``previous`` the draft they had before them.
    """

    snippets: tuple[Snippet, ...] = ()
    earlier: tuple[str, ...] = ()
    customer: Mapping[str, str] = field(default_factory=dict)
    history: str = ""
    instruction: str = ""
    previous: str = ""


#: Nothing is known.
NOTHING = Context()


class Drafter(Protocol):
    """Proposes an answer, or None when it has none. Raises TemplateProblem or ModelFailure.

    ``slow``: it may take seconds and more, so it is asked beside the rounds, in another thread.
    """

    @property
    def name(self) -> str: ...
    @property
    def slow(self) -> bool: ...

    def draft(self, message: Message, triage: Triage, context: Context = NOTHING) -> Draft | None: ...
