"""(e) How long the command line takes to answer."""

from __future__ import annotations

import subprocess
import sys
import time

from bench.figures import Figure
from bench.place import MAILHITL, Place

RUNS = 15


def measure(place: Place, runs: int = RUNS) -> list[Figure]:
    config = str(place.account().config_file)
    bare, helped, checked = [], [], []
    for _ in range(runs):
        bare.append(_seconds(sys.executable, "-c", ""))
        helped.append(_seconds(MAILHITL, "--help"))
        checked.append(_seconds(MAILHITL, "--config", config, "check"))
    return [
        Figure("(e) mailhitl --help; floor: python -c ''", "s", helped, bare, "median", 0.25),
        Figure("(e) mailhitl check", "s", checked, bare, "median", 1.0),
    ]


def _seconds(*command: str) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
