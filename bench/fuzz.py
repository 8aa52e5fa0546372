"""``python -m bench.fuzz [MINUTES] [target …]``: mutated octets for every reader, one after the other; print a table.

``python -m bench.fuzz --replay FILE …`` reads findings again, as a debugger would want it. What makes a target fail,
think for long or take too much memory is kept in ``fuzz-findings`` in the working directory; exit code 1 then. Every
finding becomes a line of ``FOUND`` in ``tests/fuzz/test_fuzz.py`` and is mended.
"""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.fuzz_target import FINDINGS, TOLD, Tally, atheris
from mailhitl.cli.logs import set_up
from tests.fuzz.targets import LONGEST, TARGETS, check_octets

#: Seconds between two lines that say how far a target is.
PROGRESS = 30.0
#: A target that dies again and again is not worth more starts.
STARTS = 10
#: How a process ends whose time is over.
ENDED = 0


@dataclass(slots=True)
class Course:
    """What became of one target over all its processes. ``lines`` are the lines and branches that were reached."""

    name: str
    tally: Tally = field(default_factory=Tally)
    lines: int = 0
    said: float = 0.0

    def __str__(self) -> str:
        tally, reached = self.tally, f", {self.lines} edges" if self.lines else ""
        return (
            f"{self.name:15} {tally.runs:9} inputs{reached}, slowest {tally.slowest:6.3f} s, "
            f"{tally.memory >> 20} MB, {tally.findings} findings"
        )


def main(arguments: Sequence[str]) -> int:
    if arguments and arguments[0] == "--replay":
        return _replay([Path(name) for name in arguments[1:]])
    minutes = float(arguments[0]) if arguments else 1.0
    names = list(arguments[1:]) or list(TARGETS)
    if unknown := set(names) - set(TARGETS):
        print(f"There is no {', '.join(sorted(unknown))}; there are: {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    how = "guided by what they reach (atheris)" if atheris else "blind; pip install 'mailhitl[fuzz]' has them guided"
    print(f"{minutes:g} minutes for {len(names)} targets, at most {LONGEST} bytes each; {how}", flush=True)
    courses = [_run(name, 60 * minutes / len(names)) for name in names]
    print("\n".join(map(str, courses)))
    print(f"{sum(course.tally.runs for course in courses)} inputs, {_findings(courses)} findings")
    return int(_findings(courses) > 0)


def _findings(courses: Iterable[Course]) -> int:
    return sum(course.tally.findings for course in courses)


def _run(name: str, seconds: float) -> Course:
    """Start the target anew where an input has ended its process, until its share of the time is over."""
    course, end = Course(name), time.monotonic() + seconds
    for _ in range(STARTS):
        left = int(end - time.monotonic())
        if left <= 0 or _process(course, left) == ENDED:
            break
        course.tally.findings += 1
    print(course, flush=True)
    return course


def _process(course: Course, seconds: int) -> int:
    before = course.tally
    command = [sys.executable, "-m", "bench.fuzz_target", course.name, str(seconds)]
    with (
        (_log(course.name)).open("a") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as one,
    ):
        for line in one.stdout or ():
            log.write(line)
            _hear(course, before, line)
    if one.returncode != ENDED:
        print(f"{course.name}: its process ended with {one.returncode}, see {_log(course.name)}", flush=True)
    return one.returncode


def _log(name: str) -> Path:
    FINDINGS.mkdir(exist_ok=True)
    return FINDINGS / f"{name}.log"


def _hear(course: Course, before: Tally, line: str) -> None:
    if line.startswith(TOLD):
        course.tally = _sum(before, Tally(**json.loads(line.removeprefix(TOLD))))
    elif line.startswith(str(FINDINGS)):
        print(line, end="", flush=True)
    elif reached := re.search(r"\bcov: (\d+)", line):
        course.lines = max(course.lines, int(reached[1]))
    if time.monotonic() - course.said > PROGRESS:
        course.said = time.monotonic()
        print(course, flush=True)


def _sum(one: Tally, other: Tally) -> Tally:
    return dataclasses.replace(
        other,
        runs=one.runs + other.runs,
        findings=one.findings + other.findings,
        slowest=max(one.slowest, other.slowest),
        memory=max(one.memory, other.memory),
    )


def _replay(paths: Sequence[Path]) -> int:
    """Fails as the finding did: its name begins with that of its target."""
    set_up(level=50)
    for path in paths:
        check_octets(path.name.partition("-")[0], path.read_bytes())
        print(f"{path}: nothing wrong any more")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
