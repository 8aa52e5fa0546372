"""``python -m bench [a b … log]``: measure all of ``MEASUREMENTS``, or these, or of ``LONG``; print one table.

Exit code 1 when a target is missed.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench import (
    approve,
    backlog,
    backtest,
    bounces,
    browser,
    chaos,
    commands,
    digest,
    disk,
    gates,
    hands,
    intake,
    kill,
    log,
    memory,
    plant,
    poll,
    power,
    triage,
)
from bench.figures import Figure
from bench.place import opened
from mailhitl.cli.logs import set_up

MEASUREMENTS = {
    "a": intake.measure,
    "b": approve.measure,
    "c": poll.measure,
    "d": memory.measure,
    "e": commands.measure,
    "backtest": backtest.measure,
    "bounces": bounces.measure,
    "gates": gates.measure,
    "log": log.measure,
    "digest": digest.measure,
    "triage": triage.measure,
}
#: Only when asked for: these take an hour.
LONG = {
    "backlog": backlog.measure,
    "browser": browser.measure,
    "chaos": chaos.measure,
    "disk": disk.measure,
    "hands": hands.measure,
    "kill": kill.measure,
    "plant": plant.plants,
    "power": power.measure,
    "random": plant.measure,
}
COLUMNS = ("what", "min", "median", "max", "floor", "ratio", "target", "ok")


def main(wanted: list[str]) -> int:
    known = MEASUREMENTS | LONG
    if unknown := set(wanted) - set(known):
        print(f"There is no {', '.join(sorted(unknown))}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    began = time.perf_counter()
    set_up(level=50)
    figures: list[Figure] = []
    with opened() as place:
        for letter in wanted or MEASUREMENTS:
            print(f"measuring {letter} …", file=sys.stderr, flush=True)
            figures += known[letter](place)
    _print(figures, time.perf_counter() - began)
    return int(any(figure.ok is False for figure in figures))


def _print(figures: list[Figure], took: float) -> None:
    console = Console(width=150)
    table = Table(*COLUMNS)
    for figure in figures:
        table.add_row(*(escape(cell) for cell in figure.row()))
    console.print(table)
    for note in dict.fromkeys(figure.note for figure in figures if figure.note):
        console.print(note, highlight=False)
    load = ", ".join(f"{number:.1f}" for number in os.getloadavg())
    console.print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, "
        f"Python {platform.python_version()}, load {load}, {took:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
