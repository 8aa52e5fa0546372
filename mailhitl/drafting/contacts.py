"""Links, addresses, phone and account numbers in a text, in a form that can be compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

_LINK = re.compile(
    r"\b(?:https?://|www\.)[^\s<>\"'()\[\]]{2,500}"
    r"|(?<![\w@.-])(?:[\w-]{1,63}\.){1,5}[a-z]{2,24}(?:/[^\s<>\"'()\[\]]{0,400})?(?![\w@.-])",
)
_ADDRESS = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_PHONE = re.compile(
    r"(?<![\w.,/-])(?:"
    r"(?:\+|00?[1-9]|\(0|\(\+)[\d ()/.\xa0-]{5,24}\d"  # +49 30 1234567, 030 / 123 45 67
    r"|\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}"  # (555) 123-4567
    r")(?!\w)"
)
_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b", re.IGNORECASE | re.ASCII)
_CARD = re.compile(r"(?<![\w-])[2-6]\d{3}(?:[ -]?\d){9,15}(?![\w-])")

_TRAILING = ".,;:!?…*_"


#: Characters that are looked at; of a longer text what follows is not found, and so not a source either.
MAX_TEXT = 200_000


def contacts(text: str) -> dict[str, str]:
    """Return every link, mail address, phone number and IBAN: its normal form and how it is written."""
    found: dict[str, str] = {}

    def take(match: re.Match[str], normal: Normal) -> str:
        key, shown = normal(match.group())
        if not key:
            return match.group()
        found.setdefault(key, shown)
        return " "

    rest = text[:MAX_TEXT]
    for pattern, normal in KINDS:
        # What is an IBAN is no phone number too: taken once, it is gone.
        rest = pattern.sub(partial(take, normal=normal), rest)
    return found


def ibans(text: str) -> Iterator[str]:
    """Yield every valid IBAN (ISO 13616: modulo 97), without spaces."""
    keys = (_iban(match.group())[0] for match in _IBAN.finditer(text[:MAX_TEXT]))
    return (key for key in keys if key)


def payment_cards(text: str) -> Iterator[str]:
    """Yield every payment card number whose check digit is right (ISO/IEC 7812), digits only."""
    for match in _CARD.finditer(text[:MAX_TEXT]):
        digits = re.sub(r"\D", "", match.group())
        doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
        if (sum(doubled) + sum(int(digit) for digit in digits[-1::-2])) % 10 == 0:
            yield digits


def _iban(written: str) -> tuple[str, str]:
    # Words in capitals may follow the number: its longest valid beginning counts.
    for end in range(len(written), 14, -1):
        shown = written[:end].rstrip()
        key = shown.replace(" ", "").upper()
        if 15 <= len(key) <= 34 and int("".join(str(int(char, 36)) for char in key[4:] + key[:4])) % 97 == 1:
            return key, shown
    return "", ""


def _address(written: str) -> tuple[str, str]:
    shown = written.rstrip(_TRAILING)
    return shown.casefold(), shown


def _link(written: str) -> tuple[str, str]:
    shown = written.rstrip(_TRAILING)
    key = re.sub(r"^(?:https?://)?(?:www\.)?", "", shown.casefold()).rstrip("/")
    return (key, shown) if "." in key else ("", "")


def _phone(written: str) -> tuple[str, str]:
    shown = written.strip()
    digits = re.sub(r"\D", "", shown)
    return (digits, shown) if 7 <= len(digits) <= 16 and not _DATE.match(shown) else ("", "")


#: From what a pattern found to its normal form, "" when it is none after all, and the form to show.
Normal = Callable[[str], tuple[str, str]]

KINDS: tuple[tuple[re.Pattern[str], Normal], ...] = (
    (_IBAN, _iban),
    (_ADDRESS, _address),
    (_LINK, _link),
    (_PHONE, _phone),
)
