"""The customer's mail quoted below our answer, and how to tell the two apart again."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from mailhitl.draft import Draft, fold
from mailhitl.mail.message import Message
from mailhitl.mail.text import QUOTED, one_line, quote

#: The line above the quote, and how a date looks in it; "" is for a date that the mail lacks.
ATTRIBUTIONS: dict[str, tuple[str, str, str]] = {
    "en": ("On {date}, {name} wrote:", "{name} wrote:", "%d %b %Y at %H:%M"),
    "de": ("Am {date} schrieb {name}:", "{name} schrieb:", "%d.%m.%Y um %H:%M"),
}

#: What ``quote`` writes where it cuts a long mail.
_CUT = "[…]"


def attribution(message: Message, language: str) -> str:
    """The line that says whose words follow."""
    dated, undated, date_format = ATTRIBUTIONS.get(language, ATTRIBUTIONS["en"])
    name = one_line(message.sender.name or message.sender.spec, 80)
    if message.date is None:
        return undated.format(name=name)
    return dated.format(name=name, date=message.date.strftime(date_format))


def with_quote(draft: Draft, message: Message) -> Draft:
    """Return the draft with the customer's mail below, as a person's answer has it. Automatic answers go without, and
    so does one to an encrypted mail."""
    if message.encrypted:
        return draft
    below = quote(message.text, attribution=attribution(message, draft.language))
    return replace(draft, text=f"{draft.text.rstrip()}\n\n{below.strip()}\n")


def answer_words(text: str, message: Message) -> str:
    """The answer without the quoted mail. A ``>`` alone hides nothing: only what the customer did write is a quote.

    So a draft cannot smuggle a promise past the checks by marking it as somebody else's words.
    """
    attributions = frozenset(fold(attribution(message, language)) for language in ATTRIBUTIONS)
    return _without(text, message.text[:QUOTED], attributions)


# Rules, findings and packet ask one after the other.
@lru_cache(maxsize=16)
def _without(text: str, quoted: str, attributions: frozenset[str]) -> str:
    theirs = fold(quoted)
    kept: list[str] = []
    position = 0
    for line in text.splitlines():
        words = fold(line)
        if line.startswith(">"):
            found = theirs.find(words, position)
            found = theirs.find(words) if found < 0 else found
            if found >= 0 or words == _CUT:
                position = max(position, found + len(words))
                continue
        elif words in attributions:
            continue
        kept.append(line)
    return "\n".join(kept)
