"""Triage and drafting: what a mail wants, and what could be answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mailhitl.draft import Draft
from mailhitl.mail.message import Message


@dataclass(frozen=True, slots=True)
class Triage:
    """What a mail wants: the intent's name ("" when none fits), how sure (0..1), and what it rests on."""

    intent: str
    confidence: float
    why: str = ""


class Classifier(Protocol):
    """Finds the intent of a mail. The word rules fulfil it; a learning one can take their place."""

    def triage(self, message: Message) -> Triage: ...


class Drafter(Protocol):
    """Proposes an answer, or None when it has none. Never invents one. Raises TemplateProblem."""

    name: str

    def draft(self, message: Message, triage: Triage) -> Draft | None: ...
