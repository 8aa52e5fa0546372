"""The cases behind a figure: what `cases list` shows when it is asked for a week, a rule or a mark."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from mailhitl.cli.usage import unknown

if TYPE_CHECKING:
    from mailhitl.case import Case
    from mailhitl.config.schema import Config
    from mailhitl.store import SqlStore

What = Annotated[
    str, typer.Option(metavar="MARK", help="Only cases with this mark (docs/reference/metrics.md), like edited.")
]
Since = Annotated[
    str,
    typer.Option(
        metavar="LENGTH", help="Only what happened in the last 4w, or from a day (2026-11-01) or a week (2026-W46) on."
    ),
]
WeekName = Annotated[str, typer.Option("--week", metavar="WEEK", help="Only what happened in a week, like 2026-W46.")]
Rule = Annotated[str, typer.Option(metavar="NAME", help="Only cases that this rule hit.")]
Intent = Annotated[str, typer.Option(metavar="NAME", help="Only cases that triage took for this.")]


def behind(
    config: Config, store: SqlStore, what: str, since: str, week: str, only: Mapping[str, str], limit: int
) -> list[Case]:
    """Return the newest cases that a figure of this span counts: the same marks, read the same way."""
    from mailhitl.cli.stats import span_of
    from mailhitl.daemon.digest.reckoning import read
    from mailhitl.insight.course import MARKS
    from mailhitl.insight.figures import DIMENSIONS

    if what and what not in MARKS:
        raise typer.BadParameter(unknown(what, MARKS), param_hint="--what")
    span = span_of(config, since or "4w", week)
    found: deque[int] = deque(maxlen=limit)
    for course in read(store, span):
        marks = course.within(span)
        asked_for = what in marks if what else bool(marks)
        if asked_for and all(name in DIMENSIONS[by](course.about) for by, name in only.items() if name):
            found.append(course.about.case_id)
    return [store.cases.get(case_id) for case_id in found]
