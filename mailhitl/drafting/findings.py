"""What is risky in a draft, whoever wrote it: each kind of risk is one small detector in DETECTORS.

The detectors look at the answer's own words (quotes of the customer's mail are cut) and not at where the words come
from: a refund promised by a template is still a refund. Three are about the source: ``unsourced`` (a link or number
that stands nowhere), ``private-data`` (an IBAN that is not ours) and ``echo`` (words that only the sender chose,
which an automatic answer must not carry to whoever the sender names).

To add one: write a function from Answer to the words that show the risk, name it in DETECTORS, test hits and
near-misses.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mailhitl.decision import Finding
from mailhitl.draft import Draft
from mailhitl.drafting import vocabulary
from mailhitl.drafting.contacts import contacts, ibans, payment_cards
from mailhitl.drafting.language import language_of
from mailhitl.drafting.placeholders import placeholders
from mailhitl.drafting.quoting import answer_words
from mailhitl.mail.message import Message
from mailhitl.mail.text import plain

PLACEHOLDER = "placeholder"
ATTACHMENT_MISSING = "attachment-missing"
UNSOURCED = "unsourced"
MONEY = "money"
PRICING = "pricing"
PROMISE = "promise"
LEGAL = "legal"
MEDICAL = "medical"
FINANCIAL = "financial"
SAFETY = "safety"
PRIVATE_DATA = "private-data"
LANGUAGE = "language"
ECHO = "echo"

#: Findings of one kind that are listed, and how many characters of each: a reviewer reads them.
MAX_PER_KIND = 5
MAX_TEXT = 120


@dataclass(frozen=True, slots=True)
class Answer:
    """What a detector looks at. ``own`` are subject and body without quotes, ``sources`` what the answer may rest on
    besides the customer's mail, ``language`` the customer's."""

    own: str
    draft: Draft
    message: Message
    sources: tuple[str, ...]
    language: str


Detector = Callable[[Answer], Iterable[str]]


def _words(pattern: re.Pattern[str]) -> Detector:
    """A detector for any of these words."""
    return lambda answer: (match.group() for match in pattern.finditer(answer.own))


def placeholder(answer: Answer) -> Iterable[str]:
    """A gap that somebody forgot to fill."""
    return placeholders(answer.own)


def attachment_missing(answer: Answer) -> Iterable[str]:
    """The answer speaks of an attachment of ours and has none."""
    if answer.draft.attachments:
        return ()
    return (match.group() for match in vocabulary.ATTACHMENT.finditer(answer.own))


def unsourced(answer: Answer) -> Iterable[str]:
    """A link, mail address, phone number or IBAN that stands in no source and not in the customer's mail."""
    message = answer.message
    addresses = (address.spec for address in (*message.senders, *message.reply_to, *message.to, *message.cc))
    known = contacts(_visible("\n".join((*answer.sources, *addresses, message.subject, message.text))))
    return (shown for key, shown in contacts(answer.own).items() if key not in known)


def private_data(answer: Answer) -> Iterable[str]:
    """A payment card number, or an IBAN that is not in a source of ours; only their last digits are repeated."""
    ours = set(ibans("\n".join(answer.sources)))
    found = (*payment_cards(answer.own), *(iban for iban in ibans(answer.own) if iban not in ours))
    return (f"…{number[-4:]}" for number in found)


def language(answer: Answer) -> Iterable[str]:
    """The answer is in another language than the customer's mail."""
    spoken = language_of(answer.own) or answer.draft.language
    if answer.language and spoken and spoken != answer.language:
        yield f"the customer writes {answer.language}, the answer is {spoken}"


def echo(answer: Answer) -> Iterable[str]:
    """Words of the sender's that stand in no source: subject, name, order number. A person's edit may repeat them."""
    if not answer.draft.author.startswith("drafter:"):
        return
    message = answer.message
    theirs = _vocabulary(message.subject, message.text, *(sender.name for sender in message.senders))
    ours = _vocabulary(*answer.sources)
    said = [word for word in _WORD.findall(answer.own.casefold()) if word in theirs and word not in ours]
    if said:
        yield " ".join(dict.fromkeys(said))


DETECTORS: dict[str, Detector] = {
    PLACEHOLDER: placeholder,
    ATTACHMENT_MISSING: attachment_missing,
    UNSOURCED: unsourced,
    MONEY: _words(vocabulary.MONEY),
    PRICING: _words(vocabulary.PRICING),
    PROMISE: _words(vocabulary.PROMISE),
    LEGAL: _words(vocabulary.LEGAL),
    MEDICAL: _words(vocabulary.MEDICAL),
    FINANCIAL: _words(vocabulary.FINANCIAL),
    SAFETY: _words(vocabulary.SAFETY),
    PRIVATE_DATA: private_data,
    LANGUAGE: language,
    ECHO: echo,
}


def findings(draft: Draft, message: Message, *, sources: Sequence[str], language: str) -> tuple[Finding, ...]:
    """Return everything risky in ``draft``, in the order of DETECTORS, the same words once.

    ``sources`` is what the answer may rest on besides the customer's mail: its template, knowledge, our own addresses.
    ``language`` is the customer's, "" when unknown.
    """
    own = _visible(f"{draft.subject}\n{answer_words(draft.text, message)}")
    answer = Answer(own, draft, message, tuple(sources), language)
    found: list[Finding] = []
    for kind, detect in DETECTORS.items():
        texts = dict.fromkeys(" ".join(text.split())[:MAX_TEXT] for text in detect(answer))
        found += (Finding(kind, text) for text in list(texts)[:MAX_PER_KIND])
    return tuple(found)


_WORD = re.compile(r"\w+")


def _vocabulary(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in _WORD.findall(_visible(text).casefold()))


def _visible(text: str) -> str:
    """The text as a reader sees it: one normal form, and no invisible characters that would split a word."""
    return plain(unicodedata.normalize("NFKC", text))
