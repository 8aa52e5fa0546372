"""Links, addresses, phone, account and other numbers in a text, in a form that can be compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from stdnum import iban as iban_rules
from stdnum import luhn

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
_CARD = re.compile(r"(?<![\w-])[2-6]\d{3}(?:[ -]?\d){8,15}(?![\w-])")
#: Visa, Mastercard, American Express, Diners Club, Discover, JCB, Maestro: what their numbers begin with.
_ISSUER = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|(?:6011|65\d\d|64[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|(?:5018|5020|5038|6304|6759|676[1-3])\d{8,15}"
)
#: Letters and digits in one, parts joined by "-": 48213, K-88231, RE-2026-0815, 1Z999AA10123456784.
_NUMBER = re.compile(
    r"(?<![\w.,:/@-])(?!\d{4}-\d\d-\d\d(?![\w-]))(?=[A-Za-z-]{0,12}\d)[A-Za-z0-9]{1,40}(?:-[A-Za-z0-9]{1,20}){0,5}"
    r"(?!\w|[-/@]\w|[.,:]\d|[.]\w)"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_CODE = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)+")

#: A file that is spoken of; none of these endings is a top-level domain.
_FILE = re.compile(
    r"(?i)[\w.-]+\.(?:pdf|docx?|xlsx?|pptx?|odt|txt|csv|png|jpe?g|gif|svg|ics|eml|xml|json|mp[34]|exe|html?)"
)

_TRAILING = ".,;:!?…*_"


#: Characters that are looked at; of a longer text what follows is not found, and so not a source either.
MAX_TEXT = 200_000


def contacts(text: str) -> dict[str, str]:
    """Return every link, mail address, phone number, IBAN and number that stands for a thing (an order, a parcel, a
    customer): its normal form and how it is written.

    Dates, years, times, versions, measures and numbers below 1000 are none of them, payment cards neither: nobody is to
    read their digits.
    """
    found: dict[str, str] = {}

    def take(match: re.Match[str], normal: Normal) -> str:
        key, shown = normal(match.group())
        if not key:
            return match.group()
        found.setdefault(key, shown)
        return " "

    rest = _CARD.sub(lambda match: " " if _card(match.group()) else match.group(), text[:MAX_TEXT])
    for pattern, normal in KINDS:
        # What is an IBAN is no phone number and no order number too: taken once, it is gone.
        rest = pattern.sub(partial(take, normal=normal), rest)
    return found


def ibans(text: str) -> Iterator[str]:
    """Yield every valid IBAN (ISO 13616: modulo 97), without spaces."""
    keys = (_iban(match.group())[0] for match in _IBAN.finditer(text[:MAX_TEXT]))
    return (key for key in keys if key)


def payment_cards(text: str) -> Iterator[str]:
    """Yield every payment card number of a known issuer whose check digit is right (ISO/IEC 7812), digits only."""
    return filter(None, (_card(match.group()) for match in _CARD.finditer(text[:MAX_TEXT])))


def _card(written: str) -> str:
    digits = re.sub(r"[^0-9]", "", written)
    return digits if _ISSUER.fullmatch(digits) and luhn.is_valid(digits) else ""


def _iban(written: str) -> tuple[str, str]:
    # Words in capitals may follow the number: its longest valid beginning counts.
    for end in (len(written), *(space for space in range(len(written) - 1, 14, -1) if written[space] == " ")):
        shown = written[:end]
        key = shown.replace(" ", "").upper()
        if 15 <= len(key) <= 34 and iban_rules.is_valid(key, check_country=False):
            return key, shown
    return "", ""


def _address(written: str) -> tuple[str, str]:
    shown = written.rstrip(_TRAILING)
    return shown.casefold(), shown


def _link(written: str) -> tuple[str, str]:
    shown = written.rstrip(_TRAILING)
    if _FILE.fullmatch(shown):
        return "", ""
    key = re.sub(r"^(?:https?://)?(?:www\.)?", "", shown.casefold()).rstrip("/")
    return (key, shown) if "." in key else ("", "")


def _phone(written: str) -> tuple[str, str]:
    shown = written.strip()
    digits = re.sub(r"\D", "", shown)
    return (digits, shown) if 7 <= len(digits) <= 16 and not _DATE.match(shown) else ("", "")


def _number(written: str) -> tuple[str, str]:
    key = re.sub(r"[^0-9A-Za-z]", "", written).upper()
    runs = [run for run in re.findall(r"[0-9]+", written) if not _YEAR.fullmatch(run)]
    coded = bool(runs) and len(key) >= 6 and _CODE.fullmatch(written)
    return (key, written) if coded or max(map(len, runs), default=0) >= 4 else ("", "")


#: From what a pattern found to its normal form, "" when it is none after all, and the form to show.
Normal = Callable[[str], tuple[str, str]]

KINDS: tuple[tuple[re.Pattern[str], Normal], ...] = (
    (_IBAN, _iban),
    (_ADDRESS, _address),
    (_LINK, _link),
    (_PHONE, _phone),
    (_NUMBER, _number),
)
