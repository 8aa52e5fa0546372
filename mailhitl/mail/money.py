"""Amounts of money as people write them: ``€1.234,56``, ``$1,234.56``, ``500 EUR``, ``500 euros``, ``1 500,- €``."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import re2

_NUMBER = r"(\d{1,3}(?:[ ']\d{3})+(?:[.,]\d{1,2})?|\d[\d.,]*)"
_SCALES = {
    "k": 1_000,
    "tsd": 1_000,
    "tausend": 1_000,
    "thousand": 1_000,
    "m": 1_000_000,
    "mio": 1_000_000,
    "million": 1_000_000,
    "millions": 1_000_000,
    "millionen": 1_000_000,
}
_SCALE = rf"(?:(?:[,.]-+)|\s?({'|'.join(sorted(_SCALES, key=len, reverse=True))})\b\.?)?"
_CODE = (
    r"(?:eur|usd|gbp|chf|jpy|cny|inr|aud|cad|nzd|sek|nok|dkk|pln|czk|huf|ron|try|rub|uah|brl|mxn|zar|sgd|hkd|krw|ils|aed"
    r"|euros?|dollars?|pounds?|quid|francs?|franken|fr|sfr|rs|kr|kronen|kroner|kronor|zl|zloty|yen|rupees?|pesos?|reais)"
)
_BEFORE = rf"(?:\$|\b{_CODE}\.?)\s?{_NUMBER}{_SCALE}"
_AFTER = rf"(?:^|[^0-9]){_NUMBER}{_SCALE}\s?(?:\$|{_CODE}\b)"
# Two passes: in "5 EUR 7 pieces" the code belongs to the 5, and one pass would have to choose.
_PATTERNS = tuple(re2.compile(each.encode("ascii")) for each in (_BEFORE, _AFTER))


def amounts_in(plain: bytes) -> Iterator[tuple[Decimal, int, int]]:
    """Yield every amount that may be meant, in whatever currency, and where it stands: first and last position.

    ``plain`` are a text's ``lookalike.letters``, where every currency sign is ``$``. Where a notation can be read in
    two ways it is read in both. Linear in the length of the text.
    """
    for pattern in _PATTERNS:
        for match in pattern.finditer(plain):
            yield _amount(match), match.start(), match.end()


def _amount(match: Any) -> Decimal:
    scale = _SCALES.get((match.group(2) or b"").decode(), 1)
    return _value(match.group(1).decode()) * scale


def _value(number: str) -> Decimal:
    """Read the digits with whatever separates thousands and decimals."""
    digits = "".join(c for c in number if c in "0123456789.,").rstrip(".,")
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0 or not _is_decimal(digits, last):
        return Decimal(_bare(digits))
    return Decimal(f"{_bare(digits[:last])}.{digits[last + 1 :]}")


def _is_decimal(digits: str, last: int) -> bool:
    """Tell whether the last separator stands before decimals: only thousands are followed by exactly three digits."""
    separator, head, tail = digits[last], digits[:last], digits[last + 1 :]
    if separator in head:
        return False
    other = "," if separator == "." else "."
    return other in head or len(tail) != 3 or head.strip("0") == ""


def _bare(digits: str) -> str:
    return digits.replace(".", "").replace(",", "") or "0"
