"""Knowledge files as passages, and how well a passage speaks of a question."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mailhitl.drafting.language import language_of
from mailhitl.drafting.triage import stems_of_weight
from mailhitl.ports.knowledge import Snippet

#: Characters of one passage: what a reviewer reads at a glance, and a model can be given several of.
LONGEST = 1_200
#: Characters of one file that are read.
LARGEST_FILE = 1_000_000
#: A passage must speak of this share of the question's words of weight.
LEAST_SCORE = 0.35
#: What a word loses that all passages have.
_COMMON_CUT = 0.7
#: Letters from which on a word may be part of another.
COMPOUND = 5

_HEADING = re.compile(r"^#{1,6}[ \t]+(?P<title>.*)$")
_UNDERLINE = re.compile(r"^(?:={3,}|-{3,})[ \t]*$")
_FRONT = re.compile(r"\A---[ \t]*\n(?P<keys>.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_KEY = re.compile(r"^(intent|language)[ \t]*:[ \t]*(.*?)[ \t]*$", re.MULTILINE)


def passages(source: str, content: str) -> Iterator[Snippet]:
    """Cut a Markdown or plain text file at its headings, and long sections at their paragraphs.

    A first block between ``---`` lines may say ``intent:`` and ``language:``; both narrow where the file is used.
    """
    content = content[:LARGEST_FILE].replace("\r\n", "\n")
    front = _FRONT.match(content)
    keys = dict(_KEY.findall(front["keys"])) if front else {}
    body = content[front.end() :] if front else content
    for heading, text in _sections(body):
        for passage in _pieces(text):
            language = keys.get("language") or language_of(passage)
            yield Snippet(source, heading, passage, keys.get("intent", ""), language)


def _sections(body: str) -> Iterator[tuple[str, str]]:
    """Each heading, with those above it, and the text below it."""
    trail: list[tuple[int, str]] = []
    lines: list[str] = []
    fenced = False
    for line in body.split("\n"):
        fenced ^= line.lstrip().startswith("```")
        found = None if fenced else _heading(line, lines)
        if found is None:
            lines.append(line)
            continue
        level, title = found
        yield " › ".join(name for _, name in trail), "\n".join(lines)
        trail = [*(above for above in trail if above[0] < level), (level, title)]
        lines = []
    yield " › ".join(name for _, name in trail), "\n".join(lines)


def _heading(line: str, before: list[str]) -> tuple[int, str] | None:
    if match := _HEADING.match(line):
        # Stripped here: an expression that leaves out the hashes at the end takes hours for a megabyte of them.
        return len(line) - len(line.lstrip("#")), match["title"].rstrip(" \t#")
    # A line below a line of text makes that a heading (Markdown's setext form).
    if _UNDERLINE.match(line) and before and before[-1].strip() and (len(before) == 1 or not before[-2].strip()):
        return (1 if line.startswith("=") else 2), before.pop().strip()
    return None


def _pieces(text: str) -> Iterator[str]:
    piece = ""
    for paragraph in re.split(r"\n\s*\n", text):
        for start in range(0, len(paragraph), LONGEST):
            part = paragraph[start : start + LONGEST].strip()
            if piece and len(piece) + len(part) > LONGEST:
                yield piece
                piece = ""
            piece = f"{piece}\n\n{part}".strip()
    if piece:
        yield piece


def score(question: frozenset[str], passage: Snippet, common: Mapping[str, float]) -> float:
    """Return how much of a question a passage speaks of (0..1): the weight of the shared words in the question's.

    ``question`` are the question's stems of weight; ``common`` the share of passages that have each of them (0..1).
    """
    there = stems_of_weight(f"{passage.heading}\n{passage.text}")
    weights = {stem: 1 - _COMMON_CUT * min(1.0, common.get(stem, 0.0)) for stem in question}
    total = sum(weights.values())
    return sum(weight for stem, weight in weights.items() if _speaks(stem, there)) / total if total else 0.0


def _speaks(stem: str, there: frozenset[str]) -> bool:
    """Whether the word stands there, alone or in a compound ("Versand" in "Versandkosten")."""
    if stem in there:
        return True
    return len(stem) >= COMPOUND and any(stem in word or (len(word) >= COMPOUND and word in stem) for word in there)
