"""strace attached to a process: what it notes of system calls, and what it does at one of them.

``when=N`` counts each system call by itself, thread by thread, so a point is a call and its number.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

#: Why these: ``sendto`` is what others learn of us, ``recvfrom`` what we learn of them; ``pwrite64``, ``fdatasync``,
#: ``fsync``, ``ftruncate`` and ``unlink`` are SQLite's ways to remember; ``connect`` and ``shutdown`` begin and end a
#: talk; ``write`` is the log. Whatever runs between two of them changes nothing outside the process.
CALLS = (
    *("sendto", "recvfrom", "pwrite64", "fdatasync", "fsync", "ftruncate"),
    *("unlink", "connect", "shutdown", "write"),
)

#: In the trace: the server has asked for the body.
ASKED_FOR_BODY = re.compile(r'recvfrom\(\d+(<[^>]*>)?, "354 ')
#: Seconds until strace must have attached.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Point:
    """Killed before the ``number``-th ``call`` of a thread (from 1); ``line`` is that call where nothing was killed."""

    call: str
    number: int
    line: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Tracing:
    """strace at work: what it notes in ``file``, and what it does to the process.

    ``inject``: a call and what befalls it, as ``strace -e inject`` takes it. ``paths``: only calls that touch these
    files are noted, counted and tampered with; all when there are none. ``whole``: every byte of what is written is
    noted, and the file's name beside its descriptor.
    """

    file: Path
    inject: str = ""
    calls: tuple[str, ...] = CALLS
    paths: tuple[Path, ...] = ()
    whole: bool = False

    @property
    def line(self) -> list[str]:
        """The command line, without whom to trace."""
        inject = ["-e", f"inject={self.inject}"] if self.inject else []
        paths = [word for path in self.paths for word in ("-P", str(path))]
        calls = ",".join(self.calls)
        much = ["-y", "-s", "1000000"] if self.whole else ["-s", "24"]
        return ["strace", "-f", "-qq", *much, "-o", str(self.file), *paths, "-e", f"trace={calls}", *inject]


def why_not() -> str:
    """Why nothing can be traced on this machine, "" when it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], capture_output=True, text=True)
    return "" if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.strip()[-200:]}"


def traced(pid: int, tracing: Tracing) -> subprocess.Popen[bytes]:
    """Attach strace, and wait until it holds the process."""
    tracer = subprocess.Popen([*tracing.line, "-p", str(pid)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    while "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text():
        if tracer.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("strace did not attach")
        time.sleep(0.005)
    return tracer


def points_in(file: Path) -> list[Point]:
    """Every point there is in a trace, in the order in which they come."""
    numbers: Counter[tuple[str, str]] = Counter()
    points: dict[tuple[str, int], Point] = {}
    for line in file.read_text(errors="replace").splitlines():
        if found := re.match(r"(\d+) +(\w+)\(", line):
            numbers[found[1], found[2]] += 1
            point = Point(found[2], numbers[found[1], found[2]], line)
            points.setdefault((point.call, point.number), point)
    return list(points.values())
