"""What makes two copies one mail: its words and its author's headers, not the traces of how it travelled."""

from __future__ import annotations

import hashlib

from mailhitl.mail.header import split, with_line_feeds
from mailhitl.mail.message import Message

#: Written by the author's program and left alone on the way. Received, Delivered-To, Authentication-Results and the
#: like differ between two deliveries of one mail.
IDENTITY = ("from", "to", "cc", "subject", "date", "message-id")


def fingerprint(message: Message, raw: bytes) -> str:
    """Identify a mail by its content: equal for a redelivery, a copy or another line ending; 64 hex digits.

    A different text under the same Message-ID is another mail. ``raw`` is what ``message`` was parsed from.
    """
    raw = with_line_feeds(raw)
    body = raw[split(raw).body :]
    if message.truncated:
        # Trace headers of another length move the place where the fetch was cut.
        body = body[: len(raw) // 2]
    words = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n")
    return hashlib.sha256(_identity(message) + b"\0" + words).hexdigest()


def _identity(message: Message) -> bytes:
    values = (f"{name}:{value}" for name in IDENTITY for value in message.all(name))
    return "\n".join(values).encode("utf-8", "replace")
