"""Gaps that a person still has to fill, as they look in a draft."""

from __future__ import annotations

import re

_GAP = re.compile(
    r"\[\s*(?:…|\.\.\.|_{2,})[^\]\n]{0,80}\]?"  # [… your answer …]
    r"|\[\s*(?:insert|enter|your|customer|name|(?:first|last|full|product) ?name|date|order|amount|link|url|number"
    r"|signature|price|address|hier|bitte|ihr|vorname|nachname|anrede|datum|betrag|preis|adresse|signatur|unterschrift"
    r"|bestell\w*|kunden\w*|rechnungs\w*)"
    r"\b[^\]\n]{0,60}\]"
    r"|\{(?:\w{1,20}[_ .-])?(?:name|vorname|nachname|anrede|salutation|customer|kunde|order|number|nummer|date|datum"
    r"|amount|betrag|link|company|firma|product|produkt)(?:[_ .-]\w{1,20})?\}"  # {first_name}, but not any {id} of code
    r"|\((?:insert|enter|fill in|to be filled)\b[^)\n]{1,60}\)"
    r"|\([^()\n]{1,60} (?:einsetzen|einfügen|eintragen|ergänzen)\)"
    r"|\b(?:TT|DD|MM)[./-](?:TT|DD|MM)[./-](?:JJJJ|YYYY|JJ|YY)\b"
    r"|\{\{|\}\}|\{%|%\}|\{#|#\}|\$\{"  # a template inside a template
    r"|<(?!(?:enter|return|tab|shift|ctrl|strg|alt|esc|space|del|f\d+)>)[a-z][a-z _-]{1,30}>"  # <name>, but no key
    r"|%[A-Z_]{3,30}%"
    r"|\b(?:(?-i:TODO|TBD|FIXME|XXX+)|lorem ipsum)\b"  # "todo" is Spanish
    r"|_{4,}",
    re.IGNORECASE,
)


def placeholders(text: str) -> list[str]:
    """Return every gap in ``text``, in order."""
    return [match.group() for match in _GAP.finditer(text)]
