"""The gate ``third-party``: names and postal addresses of people who are neither the customer nor we."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import re2

from mailhitl.drafting.findings.answer import Answer
from mailhitl.mail.lookalike import letters, visible

_NAME = r"\p{Lu}[\p{L}'-]+"
_TITLE = r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Herrn?|Frau)\b\.?"
_TITLED = re2.compile(rf"\b{_TITLE}(?: (?:Dr|Prof)\b\.?)* ({_NAME}(?: {_NAME}){{0,2}})")
_CALLED = re2.compile(
    rf"(?:\b[Cc]ustomer|\b[Nn]eighbou?r|\bKund(?:e|in|en)|\bNachbarn?|\bNachbarin)"
    rf"(?:,)?(?: (?:called|named|namens|mit Namen))? ({_NAME} {_NAME})"
)
_STREET = re2.compile(
    r"((?:\p{L}[\p{L}-]{2,}(?:straße|strasse|str\.|weg|platz|allee|gasse|ufer|damm)"
    r"|\p{Lu}[\p{L}-]+er (?:Straße|Weg|Platz)) \d{1,4} ?[a-h]?)(?:[^\p{L}\d]|$)"
    rf"|\b(\d{{1,5}}[A-Z]? (?:{_NAME} ){{1,3}}"
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive|Square|Close|Crescent|Terrace)\b)"
)


def third_party(answer: Answer) -> Iterable[str]:
    """The draft names a person ("Mr. Fletcher", "die Kundin Paula Winter") or a street and house number that is not the
    customer's, not ours and in no source.

    Known are all words of the sources, of the customer's mail and of its From, To and Cc. Mail addresses and phone
    numbers of others are told by `unsourced`.
    """
    found = list(_named(answer.own.shown))
    if not found:
        return ()
    known = _known(answer)
    return (shown for shown, words in found if not all(word in known for word in words.split()))


def _named(text: str) -> Iterator[tuple[str, str]]:
    """Every name or street, as it is written, and the words that must be known."""
    for pattern in (_TITLED, _CALLED):
        for match in pattern.finditer(text):
            yield match.group(), _folded(match.group(1))
    for match in _STREET.finditer(text):
        shown = match.group(1) or match.group(2)
        yield shown, _folded(shown)


def _known(answer: Answer) -> frozenset[str]:
    message = answer.message
    people = (f"{each.name} {each.spec}" for each in (*message.senders, *message.reply_to, *message.to, *message.cc))
    texts = (*answer.sources, *people, message.subject, message.text)
    return frozenset(_folded(" ".join(texts)).split())


def _folded(text: str) -> str:
    """The words alone, in plain letters."""
    return "".join(char if char.isalnum() else " " for char in letters(visible(text)))
