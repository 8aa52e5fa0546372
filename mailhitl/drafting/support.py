"""Which sentences of a model's draft claim something that no source says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from mailhitl.drafting.contacts import contacts
from mailhitl.drafting.findings.answer import Words
from mailhitl.drafting.findings.money import MONEY
from mailhitl.drafting.findings.pricing import PRICING
from mailhitl.drafting.findings.promise import PROMISE
from mailhitl.mail.lookalike import visible
from mailhitl.mail.message import Message
from mailhitl.ports.model import Sentence

#: Numbers, times and dates as they are written; the marks that only group digits don't count.
_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
_GROUPING = re.compile(r"[.,:/-]")
#: Months and days of the week are claims like numbers: "on Sunday" must stand somewhere too.
_DAY = re.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:january|february|march|april|june|july|august|september"
    r"|october|november|december)\b|\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag)s?\b"
    r"|\b(?:januar|februar|märz|mai|juni|juli|oktober|dezember)\b",
    re.IGNORECASE,
)
#: What only the team may say: a customer's wish for a refund is no source for ours to give one.
_TEAMS_OWN = (PROMISE, PRICING, MONEY)


def unsupported(sentences: Sequence[Sentence], sources: Mapping[str, str], message: Message) -> Iterator[str]:
    """Yield every sentence with a number, date, price, promise, link or address that its own sources don't say.

    ``sources`` are the team's, by the id that sentences name them by. Numbers and addresses may also come from the
    customer's mail; promises and prices may not. A source that a sentence doesn't name is none.
    """
    mail = visible(f"{message.subject}\n{message.new_text}")
    for sentence in sentences:
        named = visible("\n".join(sources[name] for name in sentence.sources if name in sources))
        said = visible(sentence.text)
        if not (_facts(said) <= _facts(f"{named}\n{mail}") and _topics(said) <= _topics(named)):
            yield sentence.text


def _facts(text: str) -> set[str]:
    numbers = {_GROUPING.sub("", number.group()) for number in _NUMBER.finditer(text)}
    days = {day.group().casefold().removesuffix("s") for day in _DAY.finditer(text)}
    return numbers | days | contacts(text).keys()


def _topics(text: str) -> set[str]:
    """The words by which a text speaks of what is the team's own to say."""
    words = Words.of(text)
    return {" ".join(found.casefold().split()) for topic in _TEAMS_OWN for found in topic.in_answer(words)}
