"""Drafts from templates: the admin's words with the customer's name in them, and nothing that nobody wrote."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailhitl.draft import Draft
from mailhitl.drafting.language import language_of
from mailhitl.drafting.library import Library
from mailhitl.drafting.placeholders import placeholders
from mailhitl.drafting.reading import ReplyTemplate
from mailhitl.mail.message import Message
from mailhitl.mail.text import one_line
from mailhitl.mail.thread import reply_recipients, reply_subject
from mailhitl.ports.drafter import NOTHING, Context, Triage

SKELETON = "skeleton"
MAX_NAME = 60
MAX_SUBJECT = 200
MAX_ORDERS = 5

_ORDER = re.compile(
    r"(?:\b(?:order|purchase|invoice|bestell\w*|auftrag\w*|rechnung\w*|kunden-?nr)"
    r"(?:[ -]?(?:no|nr|number|nummer|id))?\b\.?|#)"
    r"\s{0,3}[:#]?\s{0,3}(?P<number>[A-Z0-9][A-Z0-9-]{2,18}[A-Z0-9])\b",
    re.IGNORECASE,
)


def _no_row(address: str) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Desk:
    """What a drafter of one mailbox works with.

    ``own`` are all addresses of ours, which get no copy of an answer. ``templates`` gives each intent's configured
    template by name; an intent that is missing there is looked up in the templates' headers. ``language`` is used
    where the customer's has no template. ``clock`` tells the time in the agent's zone, ``customer`` the directory row
    of an address. Without ``reply_all`` nobody gets a copy of an answer.
    """

    library: Library
    mailbox_name: str
    mailbox_address: str
    own: frozenset[str]
    clock: Callable[[], datetime]
    templates: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"
    customer: Callable[[str], Mapping[str, str]] = _no_row
    reply_all: bool = True


class TemplateDrafter:
    """Answers with the template of the intent; has no answer where there is no template."""

    name = "template"
    slow = False

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def draft(self, message: Message, triage: Triage, context: Context = NOTHING) -> Draft | None:
        """Return a draft, or None: no intent, no template for it, nobody to answer. Raises TemplateProblem."""
        library = self._desk.library
        name = self._desk.templates.get(triage.intent) or library.answering(triage.intent)
        if not triage.intent or not name:
            return None
        draft = self._fill(self._choose(name, message), message, triage)
        return draft if draft.to else None

    def skeleton(self, message: Message) -> Draft:
        """Return greeting, a gap and closing, for a person to write the answer in. Raises TemplateProblem."""
        return self._fill(self._choose(SKELETON, message), message, Triage("", 0.0))

    def sources(self, draft: Draft) -> tuple[str, ...]:
        """What a draft may rest on besides the customer's mail: its template's own words and our addresses."""
        words = self._desk.library.source(draft.template, draft.language)
        return (words, self._desk.mailbox_name, self._desk.mailbox_address, *self._desk.own)

    def _choose(self, name: str, message: Message) -> ReplyTemplate:
        """The template in the customer's language, else in ours, else in any: a finding says that it differs."""
        by_language = self._desk.library.named(name)
        for language in (language_of(message.new_text), self._desk.language):
            if language in by_language:
                return by_language[language]
        return next(iter(by_language.values()))

    def _fill(self, template: ReplyTemplate, message: Message, triage: Triage) -> Draft:
        to, cc = reply_recipients(message, self._desk.own)
        subject, text = template.render(self._values(message, triage))
        evidence = [f"template {template.file.name} ({template.language})"]
        if triage.intent:
            evidence.append(f"intent {triage.intent} {triage.confidence:.2f}: {triage.why or 'no reason given'}")
        return Draft(
            to=to,
            cc=cc if self._desk.reply_all else (),
            subject=subject or reply_subject(message.subject),
            text=text,
            author=f"drafter:{self.name}",
            template=template.name,
            language=template.language,
            evidence=tuple(evidence),
            complete=not placeholders(text),
        )

    def _values(self, message: Message, triage: Triage) -> dict[str, Any]:
        orders = order_numbers(f"{message.subject}\n{message.new_text}")
        return {
            "customer_name": display_name(message.sender.name),
            "subject": one_line(message.subject, MAX_SUBJECT),
            "mailbox_name": self._desk.mailbox_name,
            "mailbox_address": self._desk.mailbox_address,
            "intent": triage.intent,
            "today": self._desk.clock().date(),
            "order_number": orders[0] if orders else "",
            "order_numbers": orders,
            "customer": self._desk.customer(message.sender.key),
        }


def display_name(name: str) -> str:
    """Return a sender's name as one would greet them, "" for what is no name.

    The name is the sender's choice: no digits, addresses or links get into our greeting through it. "Berg, Anna", as
    some directories have it, is turned round.
    """
    folded = one_line(name, MAX_NAME + 1)
    last, comma, first = folded.partition(", ")
    if comma and " " not in last and first:
        folded = f"{first} {last}"
    named = all(char in " .'’-" or unicodedata.category(char)[0] in "LM" for char in folded)
    linked = re.search(r"\w\.\w{2}", folded)
    return folded if named and not linked and len(folded) <= MAX_NAME else ""


def order_numbers(text: str) -> tuple[str, ...]:
    """Every order number in a mail, each once, at most MAX_ORDERS: what follows a word such as "order", or ``#``."""
    numbers = (match["number"].upper() for match in _ORDER.finditer(text[:20_000]))
    return tuple(dict.fromkeys(number for number in numbers if re.search(r"\d", number)))[:MAX_ORDERS]
