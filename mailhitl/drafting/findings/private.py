"""The gate ``private-data``: numbers that identify a person or their money."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import re2
from stdnum.at import vnr
from stdnum.be import nn
from stdnum.ch import ssn as ahv
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.us import ssn

from mailhitl.drafting.contacts import ibans, payment_cards
from mailhitl.drafting.findings.answer import Answer
from mailhitl.drafting.findings.topic import pattern

Valid = Callable[[str], bool]

_GROUPED = rb"\b\d(?:[ .-]?\d){8,12}\b"
_TAX = pattern(r"steuer-?(?:id|identifik\w*|nummer)\w*|tax (?:id|identification|number)\w*|tin\b|idnr\b")
_SOCIAL = pattern(
    r"social security\w*|ssn\b|national insurance\w*|nino\b|nhs\b|sozialversicherung\w*|rentenversicherung\w*"
    r"|sv-?(?:nr|nummer)\w*|svnr\b|bsn\b|burgerservice\w*|pesel\b|cpr\b|personnummer\w*|fodselsnummer\w*"
    r"|national id\w*|ausweis\w*|identity card\w*"
)


def _number(expression: bytes) -> Any:
    return re2.compile(expression)


#: National numbers: how they are written, whether one is right, and the words that must stand before it, where digits
#: alone could be an order number just as well (None: the form says enough).
NATIONAL: tuple[tuple[Any, Valid, Any], ...] = (
    (_number(_GROUPED), idnr.is_valid, _TAX),
    *((_number(_GROUPED), valid, _SOCIAL) for valid in (nhs.is_valid, vnr.is_valid, bsn.is_valid, pesel.is_valid)),
    *((_number(_GROUPED), valid, _SOCIAL) for valid in (ssn.is_valid, cpr.is_valid, fodselsnummer.is_valid)),
    (_number(rb"\b[a-z]{2} ?\d{2} ?\d{2} ?\d{2} ?[a-d]\b"), lambda number: True, _SOCIAL),
    (_number(rb"\b\d{2} ?\d{6} ?[a-z] ?\d{3}\b"), lambda number: True, _SOCIAL),
    (_number(rb"\b\d{3}-\d{2}-\d{4}\b"), ssn.is_valid, None),
    (_number(rb"\b756\.\d{4}\.\d{4}\.\d{2}\b"), ahv.is_valid, None),
    (_number(rb"\b[a-z]{6}\d{2}[a-z]\d{2}[a-z]\d{3}[a-z]\b"), codicefiscale.is_valid, None),
    (_number(rb"\b\d{8}-?[a-z]\b"), dni.is_valid, None),
    (_number(rb"\b[xyz]-?\d{7}-?[a-z]\b"), nie.is_valid, None),
    (_number(rb"\b[12] ?\d{2} ?\d{2} ?\d[\dab] ?\d{3} ?\d{3} ?\d{2}\b"), nir.is_valid, None),
    (_number(rb"\b\d{6}[-+]\d{4}\b"), personnummer.is_valid, None),
    (_number(rb"\b\d{6}[-+a]\d{3}[0-9a-y]\b"), hetu.is_valid, None),
    (_number(rb"\b\d{2}\.\d{2}\.\d{2}-\d{3}[ .]\d{2}\b"), nn.is_valid, None),
)
#: No number of these has fewer in so short a space.
_SEVEN_DIGITS = _number(rb"(?:\d[^\n]{0,6}?){7}")
#: How far before the number its name may stand.
NEAR = 60


def private_data(answer: Answer) -> Iterable[str]:
    """The draft holds a payment card number, an IBAN that stands in no source of ours, or a number that a state gives
    to a person (tax, social security, identity numbers of 16 countries), checked by their check digits.

    Only the last digits are repeated to the reviewer. Order numbers, dates and our own account do not count; the
    customer's own numbers do: they need not travel by mail again.
    """
    if not _SEVEN_DIGITS.search(answer.own.plain):
        return ()
    ours = set(ibans("\n".join(answer.sources)))
    shown = answer.own.shown
    found = (*payment_cards(shown), *(iban for iban in ibans(shown) if iban not in ours), *_national(answer))
    return (f"…{number[-4:]}" for number in found)


def _national(answer: Answer) -> Iterator[str]:
    plain = answer.own.plain
    named: dict[int, list[int]] = {}
    for number, valid, context in NATIONAL:
        if context is not None and id(context) not in named:
            named[id(context)] = [match.end() for match in context.finditer(plain)]
        before = named[id(context)] if context is not None else None
        if before == []:
            continue
        for match in number.finditer(plain):
            near = before is None or any(0 <= match.start() - end <= NEAR for end in before)
            if near and valid(match.group().decode()):
                yield answer.own.shown[match.start() : match.end()]
