"""Edit distance: how far a person's words are from those that were drafted."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

#: Comparing takes time by the square; what follows in a longer answer changes the figure little.
MOST_WORDS = 500
#: RFC 3676 4.3: the line above a signature. Some programs drop the space at its end.
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)
_QUOTED = re.compile(r"^>.*$", re.MULTILINE)


def distance(drafted: str, written: str) -> float:
    """Return the share of words that differ: 0.0 is the same answer, 1.0 shares no word with it.

    White space, line breaks, quoted lines and whatever stands below a signature's mark do not count.
    """
    one, other = _words(drafted), _words(written)
    if one == other:
        return 0.0
    return 1.0 - SequenceMatcher(None, one, other, autojunk=False).ratio()


def _words(text: str) -> list[str]:
    own = _SIGNATURE.split(text, maxsplit=1)[0]
    return _QUOTED.sub("", own).split()[:MOST_WORDS]
