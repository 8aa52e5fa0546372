"""What is taken out of a text before somebody else may see it: another customer, or a language model.

One customer's data must never answer another's question. So of an approved answer only the words are kept: names,
numbers, addresses and the whole greeting are replaced, rather one too many than one too few.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailhitl.drafting.contacts import contacts, ibans, payment_cards

NAME, NUMBER, CONTACT, PLACE, SECRET = "[name]", "[number]", "[contact]", "[address]", "[secret]"

#: Digits from which on a number may be somebody's phone.
PHONE = 7

_GREETING = re.compile(
    r"\A\s*(?:dear|hello|hi|hey|good (?:morning|afternoon|evening|day)|hallo|liebe[rs]?|guten (?:tag|morgen|abend)"
    r"|sehr geehrte[rs]?|moin|servus|bonjour|hola|ciao|beste)\b[^\n]*(?:\n|\Z)",
    re.IGNORECASE,
)
_TITLED = re.compile(
    r"\b(?P<title>Mr|Mrs|Ms|Mx|Dr|Prof|Herrn?|Frau|Madame|Monsieur|Señora?)\b\.?(?:\s+(?:Dr|Prof)\b\.?)?"
    r"(?:\s+(?:(?:von|van|de|der|den|zu)\s+)*[^\W\d_a-zäöüß][\w'’-]+){1,2}"
)
#: What stands in a name is bounded: of "B-B-B-…" every B may begin one.
_STREET = re.compile(
    r"(?<!\w)(?:[A-ZÄÖÜ][\w'’-]{0,80}\s{1,9}){0,2}(?:[A-ZÄÖÜ][\w'’-]{0,80})?"
    r"(?i:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|ring|damm|ufer)\s{0,9}\d+\s?[a-z]?(?!\w)"
    r"|(?<!\w)\d+[a-z]?\s{1,9}(?:[A-Z][\w'’-]{1,80}\s{1,9}){1,3}"
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive|Square|Court)\b"
)
_TOWN = re.compile(r"(?<!\w)(?:[A-Z]{1,2}-)?\d{4,5}\s+[A-ZÄÖÜ][\w-]+(?:\s+[A-ZÄÖÜ][\w-]+)?")
#: Codes mix letters and digits ("A-10422", "DE89 3704"); a single digit ("2 days") says nothing about anybody.
_CODE = re.compile(r"(?<!\w)(?:[A-Za-z]{1,6}[-/]?)?\d[\w/.,:-]*\d\w*|(?<!\w)[A-Za-z]+\d[\w-]*")
_KEY = re.compile(
    r"(?P<what>\b(?:password|passwd|passwort|kennwort|pin|tan|cvv|cvc|secret|token|api[ _-]?key)\b"
    r"[ \t]*(?::|=|is\b|ist\b|lautet\b)[ \t]*)(?P<value>\S+)",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{24,}(?![\w-])|\b(?:sk|pk|ghp|xox[bp])[-_][\w-]{16,}"
)


def anonymous(text: str, names: Iterable[str]) -> str:
    """Return an approved answer as it may be shown beside another customer's mail.

    ``names`` are what is known of the person: display name, address, cells of the customer directory.
    """
    body = _GREETING.sub("", without_secrets(text), count=1).strip()
    body = _TOWN.sub(PLACE, _STREET.sub(PLACE, body))
    for key, shown in sorted(contacts(body).items(), key=lambda pair: -len(pair[1])):
        # A key with a dot, an @ or nothing but digits leads to somebody; others count orders and parcels.
        leads = "@" in key or "." in key or (key.isdigit() and len(key) >= PHONE)
        body = body.replace(shown, CONTACT if leads else NUMBER)
    body = _TITLED.sub(rf"\g<title> {NAME}", body)
    return _CODE.sub(NUMBER, without_names(body, names))


def without_names(text: str, names: Iterable[str]) -> str:
    """Return a text in which every word of these names is replaced."""
    for word in sorted(_parts(names), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?:(?:'s|’s|s)(?!\w)|(?!\w))", NAME, text, flags=re.IGNORECASE)
    return re.sub(rf"{re.escape(NAME)}(?:\s+{re.escape(NAME)})+", NAME, text)


def without_secrets(text: str) -> str:
    """Return a text without card numbers, account numbers, passwords and keys."""
    for digits in payment_cards(text):
        text = re.sub(r"[ -]?".join(digits), NUMBER, text)
    for iban in ibans(text):
        text = re.sub(" ?".join(iban), NUMBER, text, flags=re.IGNORECASE)
    return _TOKEN.sub(SECRET, _KEY.sub(rf"\g<what>{SECRET}", text))


def _parts(names: Iterable[str]) -> set[str]:
    """Every word of the names and of the addresses' local parts that is long enough to be somebody's."""
    words = (word for name in names for word in re.split(r"[\W_]+", name))
    return {word for word in words if len(word) > 2 and not word.isdigit()}
