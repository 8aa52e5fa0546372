"""``stats``: the figures of the weekly digest on the terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailhitl.cli.show import Json

if TYPE_CHECKING:
    from mailhitl.config.schema import Config
    from mailhitl.insight.figures import Clock, Figures, Queue, Tally
    from mailhitl.insight.week import Span


class By(StrEnum):
    """What figures can be broken down by."""

    RULE = "rule"
    INTENT = "intent"
    TEMPLATE = "template"
    DRAFTER = "drafter"
    GROUP = "group"
    MAILBOX = "mailbox"
    WEEK = "week"


Since = Annotated[
    str,
    typer.Option(metavar="LENGTH", help="How far back, like 4w; or from a day (2026-11-01) or a week (2026-W46) on."),
]
WeekName = Annotated[str, typer.Option("--week", metavar="WEEK", help="Only this week, like 2026-W46.")]

#: The columns of a breakdown: more do not fit on a terminal. JSON has them all.
COLUMNS = (
    "volume",
    "automatic",
    "unedited",
    "edited",
    "rejected",
    "escalated",
    "expired",
    "turnaround p50",
    "turnaround p90",
    "failed",
)


def add_to(app: typer.Typer) -> None:
    app.command()(stats)


def stats(
    context: typer.Context,
    since: Since = "4w",
    week: WeekName = "",
    by: Annotated[By | None, typer.Option(help="Broken down by this.")] = None,
    json: Json = False,
) -> None:
    """Show what became of the cases: how many were sent alone, approved, edited, rejected, and how long it took.

    Every share comes with its n and a 95 % interval, and of fewer than five there is no percentage. What each figure
    means: docs/reference/metrics.md. `mailhitl cases list --what MARK` shows the cases behind one.
    """
    from mailhitl.case import State
    from mailhitl.cli.digest import told
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.cli.show import as_json
    from mailhitl.daemon.digest.plan import clock_of
    from mailhitl.daemon.digest.reckoning import read
    from mailhitl.insight.figures import Queue, reckon

    config = read_config(context.obj)
    span, clock = span_of(config, since, week), clock_of(config)
    dimensions = (by.value,) if by else ()
    with opened_store(config) as store:
        figures = reckon(told(read(store, span)), span, clock, dimensions)
        queue = Queue.of(store.cases.in_state(State.HELD), datetime.now(UTC), clock)
    tallies = _tallies(figures, by)
    if json:
        as_json({**_for_programs(figures, tallies, clock), "waiting now": _waiting(queue)})
        return
    _heading(span, clock)
    if by:
        _breakdown(by, tallies, clock)
    else:
        _whole(figures, queue, clock)


def span_of(config: Config, since: str, week: str) -> Span:
    """What the options ask for, up to now; a mistake in them is a usage error."""
    from mailhitl.insight.week import Span
    from mailhitl.insight.week import week as read_week

    try:
        if week:
            return read_week(week).span(config.agent.timezone)
        now = datetime.now(UTC)
        begin = _begin(since, config.agent.timezone, now)
        if begin > now:
            raise ValueError(f"{since} has not come yet")
        return Span(begin, now)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(str(error), param_hint="--week" if week else "--since") from None


def _begin(since: str, zone: tzinfo, now: datetime) -> datetime:
    from mailhitl.config.values import duration
    from mailhitl.insight.week import week

    if "W" in since.upper() and "-" in since:
        return week(since).span(zone).since
    if re.fullmatch(r"\d{4}-\d\d-\d\d", since.strip()):
        return datetime.combine(date.fromisoformat(since.strip()), time.min, zone)
    try:
        return now - duration(since)
    except ValueError as error:
        raise ValueError(f'{error}; or a day like "2026-11-01", or a week like "2026-W46"') from None


def _tallies(figures: Figures, by: By | None) -> Mapping[str, Tally]:
    if by is None:
        return {}
    if by is By.WEEK:
        return {str(week): tally for week, tally in sorted(figures.weeks.items())}
    return dict(sorted(figures.by[by].items(), key=lambda item: (-item[1].volume, item[0])))


def _for_programs(figures: Figures, tallies: Mapping[str, Tally], clock: Clock) -> dict[str, Any]:
    told = {"since": figures.span.since, "until": figures.span.until, "figures": _values(figures.total, clock)}
    told["decisions by"] = dict(sorted(figures.load.items()))
    if tallies:
        told["by"] = {name: _values(tally, clock) for name, tally in tallies.items()}
    return told


def _values(tally: Tally, clock: Clock) -> dict[str, Any]:
    from mailhitl.insight.figures import LINES

    return {name: _value(line.of(tally, clock)) for name, line in LINES.items()}


def _value(value: Any) -> Any:
    from mailhitl.insight.share import Share

    if not isinstance(value, Share):
        return value
    low, high = value.interval
    found = {"hits": value.hits, "n": value.n, "rate": value.rate, "low": low, "high": high}
    return {key: round(each, 4) if isinstance(each, float) else each for key, each in found.items()}


def _heading(span: Span, clock: Clock) -> None:
    since, until = (end.astimezone(clock.zone) for end in (span.since, span.until))
    typer.secho(f"{since:%a %d %b %Y, %H:%M} to {until:%a %d %b %Y, %H:%M}", bold=True)


def _waiting(queue: Queue) -> dict[str, Any]:
    """How many wait for people at this moment, and for how many hours of office time."""
    hours = {"median age": queue.ages.p50, "oldest age": queue.ages.values[-1] if queue.ages.n else None}
    shown = {name: None if age is None else round(age / 3600, 2) for name, age in hours.items()}
    return {"cases": queue.ages.n, "oldest": queue.oldest, **shown}


def _whole(figures: Figures, queue: Queue, clock: Clock) -> None:
    from mailhitl.cli.show import as_list, as_table
    from mailhitl.insight.figures import LINES

    rows = [{"figure": name, "value": _shown(line.of(figures.total, clock))} for name, line in LINES.items()]
    as_table(rows, "")
    typer.echo("")
    as_list("Waiting now (ages in hours of office time)", _waiting(queue))
    if figures.load:
        typer.echo("")
        as_list("Decisions by", dict(sorted(figures.load.items())))


def _breakdown(by: By, tallies: Mapping[str, Tally], clock: Clock) -> None:
    from mailhitl.cli.show import as_table
    from mailhitl.insight.figures import LINES

    rows = []
    for name, tally in tallies.items():
        values = {column: _short(LINES[column].of(tally, clock)) for column in COLUMNS}
        rows.append({by.value: name or "(none)", **values})
    as_table(rows, "There are no such cases.")


def _shown(value: Any) -> str:
    return "too few to say" if value is None else str(value)


def _short(value: Any) -> str:
    """A share as its count and, where there are enough, the ends of its interval in percent."""
    from mailhitl.insight.share import Share

    if not isinstance(value, Share):
        return "" if value is None else str(value)
    low, high = (round(100 * end) for end in value.interval)
    return f"{value.hits}/{value.n}" if value.rate is None else f"{value.hits}/{value.n} {low}–{high}%"
