"""What is risky in an answer and in the mail it answers: each kind of risk is one small detector.

The detectors of the draft look at its own words (quotes of the customer's mail are cut), whoever wrote them and
wherever they come from: a refund promised by a template is still a refund. Those of the mail look at the customer's
new words: a machine must not answer a question about opening hours and overlook the rash two lines below.

To add one: a file here with a function from Answer to the words that show the risk and a docstring that explains it;
a line in DETECTORS or IN_MAIL and one in ``rules/gates.py``; its hits and near-misses in ``tests/gates``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from mailhitl.decision import Finding
from mailhitl.draft import Draft
from mailhitl.drafting.findings import financial, legal, medical, money, pricing, safety
from mailhitl.drafting.findings.answer import Answer, Detector, Words
from mailhitl.drafting.findings.attachment import attachment_missing
from mailhitl.drafting.findings.others import echo, hidden, language, placeholder, unread_language
from mailhitl.drafting.findings.private import private_data
from mailhitl.drafting.findings.promise import promise
from mailhitl.drafting.findings.strategy import strategy
from mailhitl.drafting.findings.third_party import third_party
from mailhitl.drafting.findings.unsourced import unsourced
from mailhitl.drafting.findings.unsupported import unsupported
from mailhitl.drafting.quoting import answer_words
from mailhitl.mail.lookalike import visible, with_joined
from mailhitl.mail.message import Message

#: Findings of one kind that are listed, and how many characters of each: a reviewer reads them.
MAX_PER_KIND = 5
MAX_TEXT = 120
#: Of a kind that is found everywhere, so many are looked through for different ones.
MAX_LOOKED_AT = 200

DETECTORS: dict[str, Detector] = {
    "placeholder": placeholder,
    "attachment-missing": attachment_missing,
    "unsourced": unsourced,
    "unsupported": unsupported,
    "money": money.money,
    "pricing": pricing.pricing,
    "promise": promise,
    "legal": legal.legal,
    "medical": medical.medical,
    "financial": financial.financial,
    "safety": safety.safety,
    "strategy": strategy,
    "private-data": private_data,
    "third-party": third_party,
    "language": language,
    "unread-language": unread_language,
    "echo": echo,
}

IN_MAIL: dict[str, Detector] = {
    "hidden": hidden,
    "money": money.in_mail,
    "pricing": pricing.in_mail,
    "legal": legal.in_mail,
    "medical": medical.in_mail,
    "financial": financial.in_mail,
    "safety": safety.in_mail,
}


def findings(draft: Draft, message: Message, *, sources: Sequence[str], language: str) -> tuple[Finding, ...]:
    """Return everything risky in ``draft``, then in ``message``, in the order of the tables, the same words once.

    ``sources`` is what the answer may rest on besides the customer's mail: its template, knowledge, our own addresses.
    ``language`` is the customer's, "" when unknown.
    """
    own = _words(f"{draft.subject}\n\n{answer_words(draft.text, message)}")
    answer = Answer(own, _words(f"{message.subject}\n\n{message.new_text}"), draft, message, tuple(sources), language)
    return (*_found(DETECTORS, answer, "draft"), *_found(IN_MAIL, answer, "mail"))


def _found(detectors: Mapping[str, Detector], answer: Answer, place: str) -> Iterator[Finding]:
    for kind, detect in detectors.items():
        texts = dict.fromkeys(" ".join(text.split())[:MAX_TEXT] for text in islice(detect(answer), MAX_LOOKED_AT))
        yield from (Finding(kind, text, place) for text in islice(texts, MAX_PER_KIND))


def _words(text: str) -> Words:
    return Words.of(with_joined(visible(text)))
