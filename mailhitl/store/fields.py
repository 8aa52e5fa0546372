"""Column types: words, times, lists and bytes that both engines store alike."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from datetime import UTC, datetime
from typing import Any

import peewee as pw

#: PostgreSQL cannot hold NUL in text, and neither engine can encode half a surrogate pair. Mail has both.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """Return ``text`` as both engines store it: what they cannot hold becomes U+FFFD."""
    text = str(text)
    # Nearly all that is stored, and quicker than an expression.
    if text.isascii() and "\0" not in text:
        return text
    return UNSTORABLE.sub("\ufffd", text)


def digest_of(text: str) -> str:
    """Return what a text of any length is looked up by (64 hex digits).

    A Message-ID may be 16 KB long, and an index row of PostgreSQL holds 2.7 KB.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def utc(moment: datetime) -> datetime:
    """Return the same moment in UTC; raises ValueError when it is naive."""
    if moment.utcoffset() is None:
        raise ValueError(f"a time without its zone cannot be stored: {moment.isoformat()}")
    return moment.astimezone(UTC)


def at_text(moment: datetime) -> str:
    """Spell a moment as SQLite stores it and the log's chain covers it: fixed width, UTC."""
    return utc(moment).isoformat(timespec="microseconds")


class WordsField(pw.TextField):
    """Text of any length, cleaned of what an engine cannot hold."""

    def db_value(self, value: str | None) -> str | None:
        return None if value is None else clean(value)


class UtcDateTimeField(pw.Field):
    """A moment. Aware in, UTC out; on SQLite as text of fixed width, so that it sorts as time does."""

    field_type = "UTC"

    def db_value(self, value: datetime | None) -> str | None:
        return None if value is None else at_text(value)

    def python_value(self, value: str | datetime | None) -> datetime | None:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return None if moment is None else moment.astimezone(UTC)


#: How each engine spells ``UtcDateTimeField``.
UTC_ON_SQLITE = {"UTC": "TEXT"}
UTC_ON_POSTGRES = {"UTC": "TIMESTAMPTZ"}


class ListField(pw.TextField):
    """A list of texts, or of lists of texts, as JSON. Escaped to ASCII, so that any text can be stored."""

    def db_value(self, value: Any) -> str | None:
        return None if value is None else json.dumps(value)

    def python_value(self, value: str | None) -> Any:
        return None if value is None else json.loads(value)


class BytesField(pw.Field):
    """Bytes as they are. peewee's BlobField learns its type from the model's database, and ours have none."""

    field_type = "BLOB"

    def python_value(self, value: Any) -> bytes | None:
        return None if value is None else bytes(value)


class CompressedField(BytesField):
    """Bytes, stored compressed: mail is mostly text and base64."""

    def db_value(self, value: bytes | None) -> bytes | None:
        return None if value is None else zlib.compress(value)

    def python_value(self, value: Any) -> bytes | None:
        return None if value is None else zlib.decompress(value)
