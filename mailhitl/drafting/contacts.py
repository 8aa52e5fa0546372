"""Links, addresses, phone and account numbers in a text, in a form that can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")
_CARD = re.compile(r"(?<![\w-])[2-6]\d{3}(?:[ -]?\d){9,15}(?![\w-])")

_TRAILING = ".,;:!?…*_"


def contacts(text: str) -> dict[str, str]:
    """Return every link, mail address, phone number and IBAN: its normal form and how it is written."""
    found: dict[str, str] = {}
    rest = text
    for find in (_ibans, _addresses, _links, _phones):
        for key, shown in find(rest):
            found.setdefault(key, shown)
            # What is an IBAN is not a phone number too.
            rest = rest.replace(shown, " ")
    return found


def ibans(text: str) -> Iterator[str]:
    """Yield every valid IBAN (ISO 13616: modulo 97), without spaces."""
    return (key for key, _ in _ibans(text))


def payment_cards(text: str) -> Iterator[str]:
    """Yield every payment card number whose check digit is right (ISO/IEC 7812), digits only."""
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
        if (sum(doubled) + sum(int(digit) for digit in digits[-1::-2])) % 10 == 0:
            yield digits


def _ibans(text: str) -> Iterator[tuple[str, str]]:
    for match in _IBAN.finditer(text):
        # Words in capitals may follow the number: the longest valid beginning is the IBAN.
        for end in range(len(match.group()), 14, -1):
            shown = match.group()[:end]
            key = shown.replace(" ", "")
            if not shown.endswith(" ") and 15 <= len(key) <= 34 and _modulo_97(key) == 1:
                yield key, shown
                break


def _modulo_97(iban: str) -> int:
    return int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97


def _addresses(text: str) -> Iterator[tuple[str, str]]:
    for match in _ADDRESS.finditer(text):
        shown = match.group().rstrip(_TRAILING)
        yield shown.casefold(), shown


def _links(text: str) -> Iterator[tuple[str, str]]:
    for match in _LINK.finditer(text):
        shown = match.group().rstrip(_TRAILING)
        key = re.sub(r"^(?:https?://)?(?:www\.)?", "", shown.casefold()).rstrip("/")
        if "." in key:
            yield key, shown


def _phones(text: str) -> Iterator[tuple[str, str]]:
    for match in _PHONE.finditer(text):
        shown = match.group().strip()
        digits = re.sub(r"\D", "", shown)
        if 7 <= len(digits) <= 16 and not _DATE.match(shown):
            yield digits, shown
