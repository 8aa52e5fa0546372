"""The sandbox of the reply templates: variables, ``if``, one level of ``for``, a few filters, nothing that runs away.

What customers write is only ever a value, never a template. The limits are for templates: written by an admin in a
hurry today, proposed by a machine tomorrow. Everything is an allow-list, because Jinja2's own sandbox stops code from
escaping but not from eating all memory (``"x" * 10**9``, ``"%999999999d"|format(1)``).
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailhitl.errors import TemplateProblem

if TYPE_CHECKING:
    from jinja2.runtime import Context

#: Characters a rendered template may have: some thirty printed pages.
MAX_OUTPUT = 64_000

_FILTERS = (
    "abs capitalize count d default e escape first float int join last length list lower round sort string striptags "
    "title trim truncate unique upper wordwrap"
)

#: The methods a template may call, by the type of the value.
METHODS: tuple[tuple[type, frozenset[str]], ...] = (
    (str, frozenset({"lower", "upper", "title", "capitalize", "strip", "split", "startswith", "endswith"})),
    (date, frozenset({"strftime", "isoformat", "weekday", "isoweekday"})),
    (Mapping, frozenset({"get"})),
)

#: What a reply has no use for, and what it could hide: recursion, or wording that no check has seen.
REFUSED: dict[type[nodes.Node], str] = {
    nodes.Macro: "macros are not allowed",
    nodes.CallBlock: "call blocks are not allowed",
    nodes.FilterBlock: "filter blocks are not allowed",
    nodes.Import: "import is not allowed; use include",
    nodes.FromImport: "import is not allowed; use include",
    nodes.Extends: "extends is not allowed; use include",
    nodes.Block: "blocks are not allowed; use include",
}

#: All that rendering can raise for what a template says.
RENDER_ERRORS = (
    jinja2.TemplateError,
    ArithmeticError,
    AssertionError,  # truncate(0)
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class ReplySandbox(ImmutableSandboxedEnvironment):
    """Jinja2's immutable sandbox, narrowed to the tables above; an undefined name is an error."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self, loader: jinja2.BaseLoader, *, autoescape: bool = False) -> None:
        super().__init__(
            loader=loader,
            autoescape=autoescape,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in _FILTERS.split()}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if not super().is_safe_attribute(obj, attr, value):
            return False
        return not callable(value) or any(isinstance(obj, kind) and attr in names for kind, names in METHODS)

    def wrap_str_format(self, value: Any) -> None:
        """Leave ``str.format`` to the table of methods, where it is missing: its widths can ask for gigabytes."""
        return

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or not all(isinstance(value, int | float) for value in (left, right)):
            raise SecurityError(f"{operator!r} works on plain numbers only, and '**' not at all")
        return super().call_binop(context, operator, left, right)


def refusals(tree: nodes.Template, *, included: bool = False) -> Iterator[tuple[int, str]]:
    """Yield (line, what is wrong) for everything in a parsed template that could run away.

    Only a constant file may be included, outside loops, and it includes nothing itself (``included``): so there is no
    recursion, and one pass sees every word.
    """
    for kind, why in REFUSED.items():
        yield from ((node.lineno, why) for node in tree.find_all(kind))
    for loop in tree.find_all(nodes.For):
        if loop.recursive or loop.find(nodes.For):
            yield loop.lineno, "loops may not be nested"
        if loop.find(nodes.Include):
            yield loop.lineno, "include is not allowed inside a loop"
    for include in tree.find_all(nodes.Include):
        if included:
            yield include.lineno, "an included file may not include another"
        elif not isinstance(include.template, nodes.Const):
            yield include.lineno, "include needs a file name, not an expression"


def render(template: jinja2.Template, values: Mapping[str, Any]) -> str:
    """Render with a limit on the output. Raises TemplateProblem naming file and line."""
    pieces: list[str] = []
    size = 0
    try:
        for piece in template.generate(**values):
            size += len(piece)
            if size > MAX_OUTPUT:
                raise TemplateProblem(f"{template.filename}: makes more than {MAX_OUTPUT} characters")
            pieces.append(piece)
    except RENDER_ERRORS as error:
        raise TemplateProblem(f"{_place(error, template)}: {error}") from error
    return "".join(pieces)


def _place(error: BaseException, template: jinja2.Template) -> str:
    """``file:line`` of the innermost template line; Jinja2 writes those lines into the traceback."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if ".j2" in frame.filename]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else str(template.filename)
