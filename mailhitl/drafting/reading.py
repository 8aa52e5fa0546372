"""Reading one template file: its header, its words, and everything wrong with either."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
from inscriptis import get_text
from jinja2 import meta, nodes
from markupsafe import Markup

from mailhitl.drafting.sandbox import ReplySandbox, refusals, render
from mailhitl.errors import TemplateProblem

SUFFIX = ".txt.j2"
FRAME_SUFFIX = ".html.j2"
PART_SUFFIX = ".txt"

#: What a template may say in its header, which ends with a line ``---`` not far below.
HEADER_KEYS = ("intent", "language", "subject")
HEADER_END = "---"
MAX_HEADER = 20

#: What a reply template may use, and what each is.
VARIABLES: dict[str, str] = {
    "customer_name": "the sender's display name; empty when it does not look like a name",
    "subject": "the customer's subject, on one line",
    "mailbox_name": "the name of the mailbox, as in the config file",
    "mailbox_address": "the address of the mailbox",
    "intent": "what the customer wants, as triage understood it",
    "today": "today's date, in the agent's time zone",
    "order_number": "the first order number in the mail; empty when there is none",
    "order_numbers": "every order number in the mail",
    "customer": "the customer's row of the directory; a column that is missing is an error",
}
FRAME_VARIABLES = ("body", "subject", "language")


@dataclass(frozen=True, slots=True)
class ReplyTemplate:
    """One file of the library. ``source`` is all that an admin wrote in it and in what it includes."""

    name: str
    language: str
    intent: str
    file: Path
    source: str = field(repr=False)
    body: jinja2.Template = field(repr=False)
    subject: jinja2.Template | None = field(repr=False)

    def render(self, values: Mapping[str, Any]) -> tuple[str, str]:
        """Return (subject, text); the subject is "" when the header names none. Raises TemplateProblem."""
        subject = " ".join(render(self.subject, values).split()) if self.subject else ""
        text = re.sub(r"\n{3,}", "\n\n", render(self.body, values)).strip()
        return subject, f"{text}\n"


@dataclass(frozen=True, slots=True)
class Header:
    """What stands above the words: each key's value and line, and the line the words begin at."""

    values: Mapping[str, str]
    lines: Mapping[str, int]
    body_line: int


class Reader:
    """Reads templates of several folders, strongest first; what they include is read once, here.

    Its methods raise TemplateProblem with one line ``file:line: what`` for each thing that is wrong.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._parts: dict[str, tuple[Path, str]] = {}
        for file in (file for folder in reversed(folders) for file in sorted(folder.glob(f"*{PART_SUFFIX}"))):
            with suppress(TemplateProblem):  # told to whoever includes it
                self._parts[file.name] = (file, read_text(file))
        loader = jinja2.FunctionLoader(self._part)
        self._text = ReplySandbox(loader)
        self._html = ReplySandbox(loader, autoescape=True)

    def reply(self, file: Path) -> ReplyTemplate:
        """Read ``NAME.txt.j2`` or ``NAME.LANGUAGE.txt.j2``."""
        content = read_text(file)
        header, body = _split(file, content)
        name, _, suffix = file.name.removesuffix(SUFFIX).partition(".")
        problems = list(_header_problems(file, header, suffix))
        words, found = self._compile(self._text, file, header.body_line, body, tuple(VARIABLES))
        problems += found
        subject = None
        if header.values.get("subject"):
            line, source = header.lines["subject"], header.values["subject"]
            subject, found = self._compile(self._text, file, line, source, tuple(VARIABLES))
            problems += found
        if problems or words is None:
            raise TemplateProblem("\n".join(problems))
        language, intent = header.values["language"], header.values.get("intent", "")
        source = "\n".join((header.values.get("subject", ""), body, *self._included(body)))
        return ReplyTemplate(name, language, intent, file, source, words, subject)

    def frame(self, file: Path) -> jinja2.Template:
        """Read an HTML frame. It carries style and no words of its own, or text and HTML could disagree."""
        frame, problems = self._compile(self._html, file, 1, read_text(file), FRAME_VARIABLES)
        if frame is None:
            raise TemplateProblem("\n".join(problems))
        sample = {"body": Markup("<p>BODY</p>"), "subject": "SUBJECT", "language": "en"}
        words = get_text(render(frame, sample)).split()
        if words != ["BODY"]:
            shown = " ".join(words)
            raise TemplateProblem(
                f"{file}:1: a frame shows {{{{ body }}}} once and no other words, but it shows {shown!r}"
            )
        return frame

    def _compile(
        self, sandbox: ReplySandbox, file: Path, first_line: int, source: str, known: Sequence[str]
    ) -> tuple[jinja2.Template | None, list[str]]:
        """Return what ``source``, which begins at ``first_line`` of ``file``, compiles to, or None and the problems."""
        # Empty lines in front keep the file's line numbers in every error; what is rendered is stripped anyway.
        padded = "\n" * (first_line - 1) + source
        try:
            problems = list(self._problems(sandbox, file, padded, known))
            code = None if problems else sandbox.compile(padded, file.name, str(file))
        except (RecursionError, MemoryError, SyntaxError):
            # What Jinja2 and then Python say of braces, sums or blocks in one another, a few hundred deep.
            return None, [f"{file}:{first_line}: is nested too deeply"]
        return (jinja2.Template.from_code(sandbox, code, {}) if code else None), problems

    def _problems(
        self, sandbox: ReplySandbox, file: Path, source: str, known: Sequence[str], *, included: bool = False
    ) -> Iterator[str]:
        """What is wrong with a template and with what it includes."""
        try:
            tree = sandbox.parse(source, file.name, str(file))
            unknown = list(_unknown(tree, known))
        except jinja2.TemplateSyntaxError as error:
            yield f"{file}:{error.lineno}: {error.message}"
            return
        yield from (f"{file}:{line}: {why}" for line, why in (*refusals(tree, included=included), *unknown))
        names = [node.template.value for node in tree.find_all(nodes.Include) if isinstance(node.template, nodes.Const)]
        for name in names if not included else ():
            if name in self._parts:
                part, words = self._parts[name]
                yield from self._problems(sandbox, part, words, known, included=True)
            else:
                yield f"{file}:1: includes {name!r}, which is no readable .txt file of a templates folder"

    def _part(self, name: str) -> tuple[str, str, None] | None:
        """Load an included file for Jinja2, from what was read at the start."""
        if name not in self._parts:
            return None
        file, source = self._parts[name]
        return source, str(file), None

    def _included(self, body: str) -> list[str]:
        """The sources of what a body includes."""
        parts = meta.find_referenced_templates(self._text.parse(body))
        return [self._parts[part][1] for part in parts if part in self._parts]


def read_text(file: Path) -> str:
    """Read a file as UTF-8, or raise TemplateProblem."""
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateProblem(f"{file}:1: cannot be read: {error}") from error


def _split(file: Path, content: str) -> tuple[Header, str]:
    lines = content.splitlines()
    if HEADER_END not in lines[:MAX_HEADER]:
        raise TemplateProblem(f"{file}:1: a header ('language: en') and a line {HEADER_END!r} come before the words")
    end = lines.index(HEADER_END)
    values: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for number, line in enumerate(lines[:end], start=1):
        if not line.strip() or line.startswith("#"):
            continue
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or key not in HEADER_KEYS:
            raise TemplateProblem(f"{file}:{number}: unknown header {line!r}; there are {', '.join(HEADER_KEYS)}")
        values[key], numbers[key] = value, number
    return Header(values, numbers, end + 2), "\n".join(lines[end + 1 :])


def _header_problems(file: Path, header: Header, suffix: str) -> Iterator[str]:
    language = header.values.get("language", "")
    if not re.fullmatch("[a-z]{2,3}", language):
        yield f"{file}:{header.lines.get('language', 1)}: the header needs a language of two letters ('language: en')"
    elif suffix not in ("", language):
        yield f"{file}:{header.lines['language']}: the file's name says {suffix!r}, its header {language!r}"


def _unknown(tree: nodes.Template, known: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Names that nothing gives a value, with their lines; also those in a branch that no trial rendering takes."""
    missing = meta.find_undeclared_variables(tree) - set(known)
    for node in tree.find_all(nodes.Name):
        if node.ctx == "load" and node.name in missing:
            yield node.lineno, f"unknown variable {node.name!r}; there are {', '.join(known)}"
