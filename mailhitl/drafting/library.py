"""The library of reply templates: every file read and compiled once, the admin's own folder before the package's.

A reply template is ``reply/NAME.txt.j2`` or, in one more language, ``reply/NAME.de.txt.j2``: a header, a line
``---``, and the words. The strongest folder that has any file of a NAME owns that name in all languages, so that an
admin who wrote the opening hours in English never sends the package's in German. See docs/how-to/write-a-template.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from markupsafe import Markup

from mailhitl.drafting.reading import FRAME_SUFFIX, SUFFIX, Reader, ReplyTemplate
from mailhitl.drafting.sandbox import render
from mailhitl.errors import TemplateProblem

if TYPE_CHECKING:
    import jinja2

FRAME_FOR_ALL = f"frame{FRAME_SUFFIX}"

_Read = TypeVar("_Read")


class Library:
    """All reply templates of ``folders`` (the roots that hold ``reply/``, strongest first).

    A broken file does not stop the others: ``check`` lists every problem, and using the template raises
    TemplateProblem.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._templates: dict[str, dict[str, ReplyTemplate]] = {}
        self._frames: dict[str, jinja2.Template] = {}
        self._broken: dict[str, list[str]] = {}
        roots = [folder / "reply" for folder in folders]
        reader = Reader(roots)
        for root in roots:
            self._add(root, reader)

    @property
    def names(self) -> frozenset[str]:
        """Every reply template's name, the broken ones' too."""
        return frozenset(self._templates) | {name for name in self._broken if not name.endswith(FRAME_SUFFIX)}

    def templates(self) -> tuple[ReplyTemplate, ...]:
        """Every usable template: the strongest folder's first, then by file name."""
        return tuple(template for by_language in self._templates.values() for template in by_language.values())

    def named(self, name: str) -> Mapping[str, ReplyTemplate]:
        """The template of this name, by language. TemplateProblem when it is missing or a file of it is broken."""
        self._refuse_broken(name)
        if name not in self._templates:
            raise TemplateProblem(f"no templates folder has a reply template {name!r} (reply/{name}{SUFFIX})")
        return self._templates[name]

    def answering(self, intent: str) -> str:
        """The name of the first template whose header names this intent, "" when there is none."""
        return next((template.name for template in self.templates() if intent and template.intent == intent), "")

    def source(self, name: str, language: str) -> str:
        """What the admin wrote in this template: approved words, and not the sender's. "" when there is no such one."""
        template = self._templates.get(name, {}).get(language)
        return template.source if template else ""

    def frame(self, name: str, body_html: str, *, subject: str, language: str) -> str | None:
        """Put the HTML of the approved words into the template's frame; None when there is no frame.

        ``body_html`` is trusted as it is, the rest is escaped. Raises TemplateProblem.
        """
        for file in (f"{name}{FRAME_SUFFIX}", FRAME_FOR_ALL):
            self._refuse_broken(file)
            if file in self._frames:
                values = {"body": Markup(body_html), "subject": subject, "language": language}  # noqa: S704
                return render(self._frames[file], values)
        return None

    def check(self) -> list[str]:
        """Every problem of every file, ``file:line: what``: header, syntax, unknown variables, a trial rendering."""
        problems = [problem for problems in self._broken.values() for problem in problems]
        for template in self.templates():
            for values in (SAMPLE, EMPTY):
                try:
                    template.render(values)
                except TemplateProblem as problem:
                    problems.append(str(problem))
        return list(dict.fromkeys(problems))

    def _add(self, root: Path, reader: Reader) -> None:
        """Take what this folder has and no stronger one does."""
        taken = self.names
        for file in sorted(root.glob(f"*{SUFFIX}")):
            name = file.name.partition(".")[0]
            if name not in taken and (template := self._try(name, reader.reply, file)):
                self._templates.setdefault(name, {})[template.language] = template
        for file in sorted(root.glob(f"*{FRAME_SUFFIX}")):
            if file.name not in self._frames and (frame := self._try(file.name, reader.frame, file)):
                self._frames[file.name] = frame

    def _try(self, name: str, read: Callable[[Path], _Read], file: Path) -> _Read | None:
        try:
            return read(file)
        except TemplateProblem as problem:
            self._broken.setdefault(name, []).extend(str(problem).splitlines())
            return None

    def _refuse_broken(self, name: str) -> None:
        if name in self._broken:
            raise TemplateProblem("\n".join(self._broken[name]))


class _AnyColumn(dict[str, str]):
    """A directory row for trial renderings: which columns there will be is not known, so each is there."""

    def __missing__(self, column: str) -> str:
        return column


SAMPLE: dict[str, Any] = {
    "customer_name": "Anna Berg",
    "subject": "When are you open?",
    "mailbox_name": "Example Support",
    "mailbox_address": "support@example.com",
    "intent": "opening-hours",
    "today": date(2026, 1, 31),
    "order_number": "A-1234",
    "order_numbers": ("A-1234", "A-1235"),
    "customer": _AnyColumn(),
}
EMPTY: dict[str, Any] = SAMPLE | {"customer_name": "", "subject": "", "order_number": "", "order_numbers": ()}
