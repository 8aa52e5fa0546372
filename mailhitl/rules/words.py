"""Words as conditions see them: one normal form, cut to what can be read in time.

A reader sees the same words however a client wrapped, composed or hid them between invisible characters; so do the
rules. What is longer than they read goes to a person (``gates.py``), so nothing hides behind a wall of text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from mailhitl.draft import Draft, fold
from mailhitl.mail.message import Message
from mailhitl.mail.text import QUOTED

#: With these, a thousand rules read the longest text in about a tenth of a second.
CHARACTERS = 20_000
VALUES = 100

#: Format characters (soft hyphen, zero-width space, direction marks, tags) are in the text and not on the screen.
#: None of them stands between these two ranges.
_FORMAT = (*range(0x20000), *range(0xE0000, 0xE0080))
_INVISIBLE = {code: None for code in _FORMAT if unicodedata.category(chr(code)) == "Cf"}
#: Most mails are written in these letters alone, which are NFKC and visible as they stand.
_ORDINARY = re.compile(r"[\x00-\x7fÀ-ÖØ-öø-ÿ€–—‘’“”„]*")


@lru_cache(maxsize=64)
def words(text: str) -> str:
    """Return the text NFKC, without invisible characters, every run of white space one space."""
    seen = text[:CHARACTERS]
    if not _ORDINARY.fullmatch(seen):
        seen = unicodedata.normalize("NFKC", seen).translate(_INVISIBLE)
    return " ".join(seen.split())


@lru_cache(maxsize=64)
def folded(text: str) -> str:
    """Return the words without regard to case."""
    return words(text).casefold()


@lru_cache(maxsize=64)
def encoded(text: str) -> bytes:
    """Return the words as the regex engine wants them; a lone surrogate becomes a question mark."""
    return words(text).encode("utf-8", "replace")


def own_words(draft: Draft, message: Message) -> str:
    """Return what we say in a draft, without the customer's mail quoted below.

    A line is a quote only when the customer did write it: a ``>`` alone hides nothing from a rule.
    """
    return _unquoted(draft.text, message.text)


@lru_cache(maxsize=8)
def _unquoted(text: str, theirs: str) -> str:
    if ">" not in text:
        return text
    quotable = fold(theirs[:QUOTED])
    return "\n".join(line for line in text.splitlines() if not (line.startswith(">") and fold(line) in quotable))
