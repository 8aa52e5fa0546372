"""Text as an eye reads it: one plain letter for each character, so that no disguise hides a word from a check.

Whoever wants a word past a check writes it with a Cyrillic "е", full-width letters, soft hyphens, entities or spaces
between its letters. ``visible`` is what stands on the screen, ``letters`` the same in plain lower-case letters, and
position for position: what is found in the one can be shown from the other.
"""

from __future__ import annotations

import html
import re
import unicodedata

from mailhitl.mail.text import plain

#: What has no decomposition and looks like a Latin letter (after Unicode's confusables, the ones fonts draw alike).
_ALIKE = {
    **dict(zip("авекмнорстухѕіјԛԝһԁгпԍѵ", "abekmhopctyxsijqwhdrngv", strict=True)),
    **dict(zip("АВЕКМНОРСТУХЅІЈ", "abekmhopctyxsij", strict=True)),
    **dict(zip("αβεικνορτυχηωγ", "abeikvoptuxnwy", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "abezhikmnoptyx", strict=True)),
    **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True)),
    **dict(zip("օոսհɡɑıſßæœøđłə", "onuhgaissaoodle", strict=True)),
    **dict.fromkeys("ʼ’‘‛′`´", "'"),
    **dict.fromkeys("“”„«»", '"'),
    # An author writes words and amounts in any currency; a check asks only whether it is one.
    **dict.fromkeys("€£¥₹₽₺₴₩₪฿¢", "$"),
}
#: Stands for what is no letter of ours; no check looks for it.
_OTHER = "\x1a"

#: What is piled on letters of scripts that our words could be disguised in; other scripts need theirs.
_MARKS = re.compile("(?<=[A-Za-z\u00c0-\u024f\u0370-\u04ff\u1e00-\u1eff])[\u0300-\u036f]+")
_SPACED = re.compile(r"(?<![^\W_])[^\W\d_]([ .*_-])(?:[^\W\d_]\1){3,60}[^\W\d_](?![^\W_])")


class _Letters(dict[int, str]):
    """For ``str.translate``: looked up once for each character that comes along."""

    def __missing__(self, code: int) -> str:
        self[code] = letter = _letter(chr(code))
        return letter


def _letter(char: str) -> str:
    if char.isascii():
        return " " if char.isspace() else char.lower()
    if char.isspace():
        return " "
    if char in _ALIKE:
        return _ALIKE[char]
    if unicodedata.category(char) == "Pd":
        return "-"
    base = unicodedata.normalize("NFKD", char)[0]
    return _ALIKE.get(base, base.lower() if base.isascii() else _OTHER)


_LETTERS = _Letters()


def visible(text: str) -> str:
    """Return what a reader sees: entities read, one normal form, no invisible characters, no marks piled on letters."""
    if text.isascii() and "&" not in text:
        return plain(text)
    seen = plain(unicodedata.normalize("NFKC", plain(html.unescape(text))))
    return seen if seen.isascii() else _MARKS.sub("", seen)


def with_joined(text: str) -> str:
    """Return the text and, below it, the words whose letters stand apart ("r e f u n d"), joined."""
    runs = [match.group().replace(match[1], "") for match in _SPACED.finditer(text)]
    # "a r e f u n d": the first letter may be a word.
    return "\n".join((text, *runs, *(run[1:] for run in runs))) if runs else text


def letters(text: str) -> str:
    """Return the text in plain lower-case ASCII, character by character: the same length, any currency sign ``$``."""
    return text.translate(_LETTERS)
