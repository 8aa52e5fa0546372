"""The amounts of money that a rule's ``amount`` looks at."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from mailhitl.mail.lookalike import letters
from mailhitl.mail.money import amounts_in
from mailhitl.rules.words import words


@lru_cache(maxsize=16)
def amounts(text: str) -> tuple[Decimal, ...]:
    """Return every amount that may be meant, in whatever currency, each once, smallest first.

    Where a notation can be read in two ways ("EUR 5 EUR 7", "1.234 €") it is read in all of them or as the larger one:
    a rule about money is better asked once too often. Linear in the length of the text.
    """
    return tuple(sorted({value for value, _, _ in amounts_in(letters(words(text)).encode())}))
