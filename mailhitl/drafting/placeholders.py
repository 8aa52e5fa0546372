"""Gaps that a person still has to fill, as they look in a draft."""

from __future__ import annotations

import re

_GAP = re.compile(
    r"\[\s*(?:…|\.\.\.|_{2,})[^\]\n]{0,80}\]?"  # [… your answer …]
    r"|\[\s*(?:insert|enter|your|customer|name|first name|date|order|amount|link|number"
    r"|hier|bitte|ihr|vorname|datum|betrag)"
    r"\b[^\]\n]{0,60}\]"
    r"|\{\{|\}\}|\{%|%\}|\$\{"  # a template inside a template
    r"|<[a-z][a-z _-]{1,30}>"  # <name>, which no plain text needs
    r"|%[A-Z_]{3,30}%"
    r"|\b(?:TODO|TBD|FIXME|XXX+|lorem ipsum)\b"
    r"|_{4,}",
    re.IGNORECASE,
)


def placeholders(text: str) -> list[str]:
    """Return every gap in ``text``, in order."""
    return [match.group() for match in _GAP.finditer(text)]
