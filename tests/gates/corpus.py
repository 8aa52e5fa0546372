"""The gates' corpora: sentences that a gate must stop and near-misses that it must let pass, as data beside this file.

Each file is one gate's. Its tables ``en`` and ``de`` are what the detectors were tuned with; ``held_out`` was written
in one go before there were detectors and is only ever measured with. What a gate is known to get wrong stands in
``known`` with the reason: it is tested to be wrong still, and counted in every measurement.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from mailhitl.draft import DOUBT, Draft
from mailhitl.drafting.findings import findings
from mailhitl.drafting.support import unsupported
from mailhitl.mail.authenticity import vouched
from mailhitl.mail.html import hidden_text
from mailhitl.mail.message import Address, Message
from mailhitl.ports.model import Sentence
from mailhitl.rules.gates import Gates
from mailhitl.rules.rule import Facts, SenderFacts

HERE = Path(__file__).parent
LANGUAGES = ("en", "de")
OURS = frozenset({"mx.example.com"})

TEXT = "Hello, see https://photos.example/luna or call +49 170 5551234. My order is 4711."
MAIL = Message(
    senders=(Address("Anna Berg", "anna@example.org"),),
    to=(Address("", "support@example.com"),),
    subject="Lamp Luna",
    text=TEXT,
    new_text=TEXT,
)
SOURCES = (
    "Hello, we are here: https://shop.example/help, 040 123456, DE89 3704 0044 0532 0130 00, help@shop.example",
    "Hafenstraße 7, 20457 Hamburg. Our colleague Ms Maria Lund, unsere Kollegin Frau Maria Lund. Order Nr.",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One sentence of a corpus. ``known`` is why the gate gets it wrong, "" when it must get it right."""

    gate: str
    language: str
    text: str
    hit: bool
    held_out: bool
    known: str

    @property
    def found(self) -> bool:
        """What the gate makes of it."""
        if self.gate == "topics-in-mail":
            kind, _, words = self.text.partition(": ")
            return kind in in_mail(words)
        return CONTEXTS[self.gate](self) if self.gate in CONTEXTS else self.gate in in_draft(self.text)


@cache
def cases() -> tuple[Case, ...]:
    """Every sentence of every corpus."""
    return tuple(case for file in sorted(HERE.glob("*.toml")) for case in _read(file))


def _read(file: Path) -> Iterator[Case]:
    corpus = tomllib.loads(file.read_text("utf-8"))
    known = corpus.get("known", {})
    for held_out, tables in ((False, corpus), (True, corpus.get("held_out", {}))):
        for language in LANGUAGES:
            for hit in (True, False):
                texts = tables.get(language, {}).get("hits" if hit else "misses", ())
                yield from (Case(file.stem, language, text, hit, held_out, known.get(text, "")) for text in texts)
    tables = (*corpus.values(), *corpus.get("held_out", {}).values())
    listed = {text for table in tables for text in _texts(table)}
    assert known.keys() <= listed, f"{file.name} knows of sentences that it does not have: {known.keys() - listed}"


def _texts(table: dict[str, list[str]]) -> list[str]:
    return [text for name in ("hits", "misses") for text in table.get(name, ())]


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole answer and the kinds of risk in it. ``known`` is why some of them are missed, "" when none may be."""

    language: str
    risks: frozenset[str]
    text: str
    known: str
    unseen: bool

    @property
    def found(self) -> frozenset[str]:
        return frozenset(in_draft(self.text, language=self.language))


@cache
def wholes() -> tuple[Whole, ...]:
    """Every whole answer; those of ``unseen.toml`` were never tuned with."""
    return tuple(
        Whole(each["language"], frozenset(each["risks"]), each["text"], each.get("known", ""), file.stem == "unseen")
        for file in sorted((HERE / "whole").glob("*.toml"))
        for each in tomllib.loads(file.read_text("utf-8"))["answer"]
    )


def in_draft(
    text: str, *, mail: Message = MAIL, author: str = "anna@example.com", language: str = ""
) -> dict[str, str]:
    """The kinds found in an answer of these words, each with the words that show it."""
    draft = Draft(("anna@example.org",), (), "Your question", text, author=author)
    found = findings(draft, mail, sources=SOURCES, language=language)
    return {each.kind: each.text for each in found if each.place == "draft"}


def in_mail(text: str) -> set[str]:
    """The kinds found in a customer's mail of these words."""
    mail = Message(senders=MAIL.senders, subject="A question", text=text, new_text=text)
    found = findings(Draft((), (), "", "", author=""), mail, sources=(), language="")
    return {each.kind for each in found if each.place == "mail"}


def facts(mail: Message = MAIL, **more: object) -> Facts:
    return Facts(mail, None, datetime(2026, 11, 21, tzinfo=UTC), **more)  # type: ignore[arg-type]


def _shut(gate: str, seen: Facts) -> bool:
    return f"gate:{gate}" in {reason.rule for reason in Gates().reasons(seen)}


def _language(case: Case) -> bool:
    return "language" in in_draft(case.text, language=case.language)


def _unread(case: Case) -> bool:
    return "unread-language" in in_draft(case.text, author="drafter:model")


#: What the model was given.
KNOWN = (
    "We engrave bracelets with up to 12 letters. Engraving takes 3 days. Monday to Friday, 9:00 to 17:00; "
    "help@shop.example. Wir gravieren Armbänder, bis zu 12 Buchstaben. Die Gravur dauert 3 Tage; montags bis freitags."
)


def _unsupported(case: Case) -> bool:
    written = [Sentence(case.text, ("S1",))]
    doubts = tuple(f"{DOUBT}“{text}”" for text in unsupported(written, {"S1": KNOWN}, MAIL))
    draft = Draft((), (), "Your question", f"Hello\n\n{case.text}\n", author="drafter:model", evidence=doubts)
    return "unsupported" in {each.kind for each in findings(draft, MAIL, sources=SOURCES, language="")}


def _echo(case: Case) -> bool:
    return "echo" in in_draft(case.text, author="drafter:template")


def _hidden(case: Case) -> bool:
    mail = Message(senders=MAIL.senders, hidden=hidden_text(case.text))
    kinds = {each.kind for each in findings(Draft((), (), "", "", author=""), mail, sources=(), language="")}
    return "hidden" in kinds


def _reply_to(case: Case) -> bool:
    sender, _, reply_to = (part.strip() for part in case.text.partition("|"))
    answers = (Address("", reply_to),) if reply_to else ()
    return _shut("reply-to", facts(Message(senders=(Address("", sender),), reply_to=answers)))


def _unauthenticated(case: Case) -> bool:
    sender, _, results = (part.strip() for part in case.text.partition("|"))
    headers = (("authentication-results", results),) if results else ()
    mail = Message(senders=(Address("", sender),), headers=headers)
    known = SenderFacts(authenticated=vouched(mail, trusted=OURS) is not None)
    return _shut("unauthenticated", facts(mail, sender=known))


def _high_value(case: Case) -> bool:
    row = dict(cell.split("=", 1) for cell in case.text.split(", "))
    return _shut("high-value", facts(customer=row))


CONTEXTS = {
    "language": _language,
    "echo": _echo,
    "unsupported": _unsupported,
    "unread-language": _unread,
    "hidden": _hidden,
    "reply-to": _reply_to,
    "unauthenticated": _unauthenticated,
    "high-value": _high_value,
}
