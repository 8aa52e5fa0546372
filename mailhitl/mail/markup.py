"""Words as simple HTML: what a mail's HTML part says is what its text says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from itertools import groupby

from mailhitl.draft import sendable


def html_of(text: str) -> str:
    """Return the words as simple HTML: paragraphs, line breaks and quotes, nothing that is fetched from elsewhere.

    A link is made only of an http, https or mailto address that stands in the text, and shows it word for word.
    """
    lines = [_unquoted(line) for line in sendable(text).split("\n")]
    return f"<!DOCTYPE html>\n<html><body>\n{_blocks(lines)}</body></html>\n"


#: Deeper quotes are shown at this depth.
_DEEPEST = 20
_QUOTED = re.compile(r"(?:> ?)*")
_LINK = re.compile(r"""(?:https?://|mailto:)[^\s<>"'`]*[^\s<>"'`.,;:!?()\[\]{}*_]""", re.IGNORECASE)


def _unquoted(line: str) -> tuple[int, str]:
    marks = _QUOTED.match(line)
    assert marks is not None
    return min(marks[0].count(">"), _DEEPEST), line[marks.end() :]


def _blocks(lines: list[tuple[int, str]], depth: int = 0) -> str:
    html = ""
    for deeper, group in groupby(lines, key=lambda line: line[0] > depth):
        if deeper:
            html += f'<blockquote type="cite">\n{_blocks(list(group), depth + 1)}</blockquote>\n'
        else:
            html += _paragraphs(words for _, words in group)
    return html


def _paragraphs(lines: Iterable[str]) -> str:
    groups = (list(group) for filled, group in groupby(lines, key=lambda line: bool(line.strip())) if filled)
    return "".join(f"<p>{'<br>'.join(_line(line) for line in group)}</p>\n" for group in groups)


def _line(line: str) -> str:
    words = line.lstrip(" ")
    html, position = "&nbsp;" * (len(line) - len(words)), 0
    for link in _LINK.finditer(words):
        target = escape(link[0])
        html += f'{escape(words[position : link.start()])}<a href="{target}">{target}</a>'
        position = link.end()
    return html + escape(words[position:])
