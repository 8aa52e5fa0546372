"""Whether a mail to our own people names an address: in its headers, its texts, or a mail attached to it."""

from __future__ import annotations

import re
from email import message_from_bytes

_HEAD_ENDS = re.compile(rb"\r?\n\r?\n")
_FOR = re.compile(rb"(?im)^(?:from|to):.*(?:\n[ \t].*)*")


def names(raw: bytes, address: str) -> bool:
    """Look for the address in the bytes and in every decoded part. Part of another address is none.

    From and To do not count: whom a mail is for is not whom it is about, and a colleague may be a customer too.
    """
    wanted = re.compile(rb"(?<![\w.+-])" + re.escape(address.strip().encode()) + rb"(?![\w-]|\.\w)", re.IGNORECASE)
    head, *rest = _HEAD_ENDS.split(raw, maxsplit=1)
    parts = (part.get_payload(decode=True) for part in message_from_bytes(raw).walk())
    return any(wanted.search(found) for found in (_FOR.sub(b"", head), *rest, *parts) if isinstance(found, bytes))
