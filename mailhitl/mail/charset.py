"""Bytes to text under whatever charset a mail claims, never with a codec that does more than map characters."""

from __future__ import annotations

import codecs
from functools import lru_cache

#: These rewrite their input (utf-7 hides markup from every filter, idna is quadratic): no mail has a need for them.
UNSAFE_CODECS = frozenset({"utf-7", "unicode-escape", "raw-unicode-escape", "unicode_escape", "raw_unicode_escape"}) | {
    "idna",
    "punycode",
    "undefined",
    "mbcs",
    "oem",
}

#: What senders declare and what they in fact write (WHATWG Encoding Standard, "names and labels").
IN_FACT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
}


def decode(data: bytes, charset: str = "") -> str:
    """Return ``data`` as text; what does not fit becomes U+FFFD. Never raises.

    Bytes that are valid UTF-8 are read as such when the mail declares nothing, or only ASCII or Latin-1.
    """
    if data.isascii() and not _stateful(charset):
        return data.decode("ascii")
    codec = _codec(charset)
    if codec == "cp1252":
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            pass
    return data.decode(codec, "replace").removeprefix("\ufeff")


def _stateful(charset: str) -> bool:
    """Whether ASCII bytes may mean something else under this charset (ISO-2022-JP, HZ, UTF-16)."""
    return _codec(charset).startswith(("iso2022", "hz", "utf-16", "utf-32"))


@lru_cache(maxsize=256)
def _codec(charset: str) -> str:
    """The name of the codec to use; an unsafe one is read as plain ASCII, an unknown one as Windows-1252."""
    label = charset.strip().strip("\"'").lower()
    try:
        name = codecs.lookup(label).name if label.isascii() and label.isprintable() and len(label) <= 40 else "cp1252"
        b"".decode(name)
    except (LookupError, ValueError):
        return "cp1252"
    return "ascii" if name in UNSAFE_CODECS else IN_FACT.get(name, name)
