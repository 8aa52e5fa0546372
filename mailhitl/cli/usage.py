"""What is said of a command line that was not understood: which word is wrong, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import typer
from typer.core import TyperGroup

#: What pydantic calls a value that does not fit, and what a person is told instead.
WORDS = {
    "int_parsing": "must be a whole number, not “{found}”",
    "float_parsing": "must be a number, not “{found}”",
    "greater_than_equal": "must be {ge} or more, not {found}",
    "less_than_equal": "must be {le} or less, not {found}",
}


class Commands(TyperGroup):
    """A group of commands that says in our own words what is wrong with a value."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named; whatever is raised below it passes here."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = _in_words(error) or error.message
            raise


def unknown(name: str, known: Iterable[str], lacks: str = "there is no") -> str:
    """Say that there is nothing of this name, what there is, and what was probably meant."""
    from mailhitl.rules.problem import suggestion

    names = list(known)
    return f"{lacks} “{name}”; there are: {', '.join(names) or 'none'}.{suggestion(name, names)}"


def _in_words(error: typer.BadParameter) -> str:
    """Our own words for what typer's reading of a value found; "" where it has none or says enough."""
    found: list[Any] = getattr(error.__cause__, "errors", list)()
    if not found:
        return ""
    [first, *_] = found
    choices = getattr(getattr(error.param, "type_descriptor", None), "choices", None)
    if choices:
        return unknown(str(first["input"]), map(str, choices))
    words = WORDS.get(first["type"], "")
    return words.format(found=first["input"], **first.get("ctx", {})) if words else ""
