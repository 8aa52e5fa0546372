"""Whether a mail names an address anywhere: in its headers, its texts, or a mail attached to it."""

from __future__ import annotations

import re
from email import message_from_bytes


def names(raw: bytes, address: str) -> bool:
    """Look for the address in the bytes and in every decoded part. Part of another address is none."""
    wanted = re.compile(rb"(?<![\w.+-])" + re.escape(address.strip().encode()) + rb"(?![\w-]|\.\w)", re.IGNORECASE)
    parts = (part.get_payload(decode=True) for part in message_from_bytes(raw).walk())
    return any(wanted.search(found) for found in (raw, *parts) if isinstance(found, bytes))
