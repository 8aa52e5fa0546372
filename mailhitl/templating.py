"""Where templates are found, and the sandbox they run in: the admin's own folder first, then the package's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

#: In the wheel they lie inside the package; an editable install sees the repository's own folder.
PACKAGED = (Path(__file__).parent / "templates", Path(__file__).parents[1] / "templates")


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's own, which looks at every attribute anew: here what is a field or property of ours is known."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._known: set[tuple[type, str]] = set()

    def getattr(self, obj: Any, attribute: str) -> Any:
        kind = type(obj)
        if (kind, attribute) in self._known:
            return getattr(obj, attribute)
        value = super().getattr(obj, attribute)
        # What is safe depends on nothing but the type, and on whether the value is a method of a text.
        if kind.__module__.startswith("mailhitl.") and _is_plain(kind, attribute):
            self._known.add((kind, attribute))
        return value


def _is_plain(kind: type, attribute: str) -> bool:
    """Whether it is a field or a property that says something, and no method."""
    named = {each.name for each in fields(kind)} if is_dataclass(kind) else set()
    return not attribute.startswith("_") and (attribute in named or isinstance(vars(kind).get(attribute), property))


def folders(admin: Path | None = None) -> tuple[Path, ...]:
    """Every folder that exists, in the order they are searched."""
    return tuple(folder for folder in ((admin,) if admin else ()) + PACKAGED if folder.is_dir())


def environment(search: Sequence[Path]) -> ImmutableSandboxedEnvironment:
    """A sandbox in which an undefined name is an error and ``.html.j2`` escapes what it is given."""
    return Sandbox(
        loader=FileSystemLoader([str(folder) for folder in search]),
        undefined=StrictUndefined,
        autoescape=lambda name: bool(name and name.endswith(".html.j2")),
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def broken(search: Sequence[Path]) -> list[str]:
    """Return one ``file:line: what`` for each template that cannot be compiled. Replies have a header: not these."""
    env, problems = environment(search), []
    for name in env.list_templates(filter_func=lambda name: name.endswith(".j2") and not name.startswith("reply/")):
        try:
            env.get_template(name)
        except (TemplateSyntaxError, UnicodeDecodeError) as error:
            line = error.lineno if isinstance(error, TemplateSyntaxError) else 1
            file = error.filename if isinstance(error, TemplateSyntaxError) else name
            problems.append(f"{file}:{line}: {error}")
    return problems
