"""``rules backtest``: what another rules file would have done with the mail of the last months."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailhitl.cli.show import Json
from mailhitl.plural import counted

if TYPE_CHECKING:
    from mailhitl.daemon.trust.backtest import Backtest, RuleTried, Tried

#: What is said of an outcome that a case would have had.
WOULD = {"send": "sent", "review": "held for a person", "block": "blocked", "skip": "left without an answer"}


def backtest(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="The changed file; else the one that is in use.")
    ] = None,
    since: Annotated[str, typer.Option(metavar="LENGTH", help="How far back, like 90d or 12w.")] = "90d",
    limit: Annotated[int, typer.Option(metavar="N", min=0, help="Show at most so many cases.")] = 30,
    json: Json = False,
) -> None:
    """Try a changed file on what was judged before: what would have been sent, held or blocked, against what was.

    Cases in which a person had rejected, replaced or edited the draft that would have been sent come first. Nothing is
    changed. With --json every case is told.
    """
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.cli.show import as_json, length
    from mailhitl.daemon.trust.backtest import backtest as tried

    current = read_config(context.obj)
    changed = read_config(config) if config else current
    now = datetime.now(UTC)
    begin = now - length(since)
    with opened_store(current) as store, _progress(store.judgments.count(begin)) as progress:
        found = tried(store, current, changed, begin, now, progress)
    if json:
        as_json(_plain(found))
    else:
        _print(found, limit)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("trying", total=total)
        yield lambda done: progress.update(task, completed=done)


def _print(found: Backtest, limit: int) -> None:
    from mailhitl.cli.show import as_table, say

    typer.secho(f"{counted(found.tried, 'case')} since {found.since.date()} tried again", bold=True)
    if found.unknown:
        say(f"  {found.unknown} more could not be: their words are erased.", hanging=2)
    for text in found.caveats:
        say(f"  Note: {text}.", hanging=2)
    typer.echo()
    for line in _by_rule(found):
        say(line, hanging=2)
    typer.secho("\nWhat would have changed", bold=True)
    for line in _by_outcome(found):
        say(f"  {line}", hanging=4)
    shown = found.cases[:limit]
    if shown:
        heading = (
            "\nThe cases; a person was against what the first would have sent" if shown[0].doubtful else "\nThe cases"
        )
        typer.secho(heading, bold=True)
        as_table([_row(one) for one in shown], "")
        more = len(found.cases) - len(shown)
        say(
            f"{f'{more} more: see --limit or --json. ' if more else ''}One of them: mailhitl cases show CASE", hanging=0
        )


def _by_rule(found: Backtest) -> Iterator[str]:
    for rule in found.rules:
        if rule.change != "same":
            yield f"“{rule.name}” ({rule.change}): {_counted(rule)}"
    yield from (f"“{name}” is gone." for name in found.gone)
    if not found.gone and all(rule.change == "same" for rule in found.rules):
        yield "The rules are the same as before."


def _counted(rule: RuleTried) -> str:
    against = [f"{count} of those had been {fate}" for fate, count in rule.against.items()]
    doubts = ", ".join(against) or ("none of those had been edited or rejected" if rule.sent else "")
    return f"{counted(rule.matched, 'case')} hit, {rule.sent} would have been sent{f', {doubts}' if doubts else ''}."


def _by_outcome(found: Backtest) -> Sequence[str]:
    from mailhitl.daemon.trust.backtest import AGAINST

    lines = []
    for (was, would), count in sorted(found.moved.items(), key=lambda pair: -pair[1]):
        if was is not would:
            cases = [one for one in found.cases if (one.was, one.would) == (was, would)]
            fates = ", ".join(f"{n} {fate}" for fate in AGAINST if (n := sum(one.fate is fate for one in cases)))
            lines.append(f"{count} {WOULD[would]}, not {WOULD[was]}{f' ({fates})' if fates else ''}")
    return lines or ["nothing"]


def _row(one: Tried) -> dict[str, Any]:
    return {
        "case": one.case_id,
        "was": str(one.was),
        "would be": str(one.would),
        "and was": str(one.fate),
        "rules": ", ".join(one.rules) or "none",
        "subject": one.subject,
    }


def _plain(found: Backtest) -> dict[str, Any]:
    return {
        "since": found.since,
        "tried": found.tried,
        "unknown": found.unknown,
        "notes": list(found.caveats),
        "outcomes": [
            {"was": str(was), "would_be": str(would), "cases": count} for (was, would), count in found.moved.items()
        ],
        "rules": [
            {
                "rule": rule.name,
                "change": rule.change,
                "matched": rule.matched,
                "would_be_sent": rule.sent,
                "against": {str(fate): count for fate, count in rule.against.items()},
            }
            for rule in found.rules
        ],
        "gone": list(found.gone),
        "cases": [
            {
                "case": one.case_id,
                "subject": one.subject,
                "at": one.at,
                "was": str(one.was),
                "would_be": str(one.would),
                "fate": str(one.fate),
                "rules": list(one.rules),
                "show": f"mailhitl cases show {one.case_id}",
            }
            for one in found.cases
        ],
    }
