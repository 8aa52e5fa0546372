"""How the command line shows things: as a table for people, as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import typer


def as_json(value: Any) -> None:
    """Print a value as JSON; times in ISO 8601, UTC."""
    typer.echo(json.dumps(value, indent=2, default=_plain, ensure_ascii=False))


def as_table(title: str, rows: Sequence[Mapping[str, Any]], empty: str) -> None:
    """Print rows as a table, or say that there are none."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not rows:
        typer.echo(empty)
        return
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in rows[0]:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(_plain(value))) for value in row.values()))
    Console().print(table)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, set | frozenset | tuple):
        return [*value]
    return "" if value is None else str(value)
