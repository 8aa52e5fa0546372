"""``python -m bench.fuzz [MINUTES] [target …]``: mutate octets for every reader, for as long as wanted; print a table.

What makes a target fail or think for long is written to ``fuzz-findings`` in the working directory; exit code 1 then.
Every finding becomes a line of ``FOUND`` in ``tests/fuzz/test_fuzz.py`` and is mended.
"""

from __future__ import annotations

import hashlib
import random
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mailhitl.cli.logs import set_up
from tests.fuzz.targets import LONGEST, TARGETS, check_octets, mutated, seeds

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
FINDINGS = Path("fuzz-findings")
#: Seconds of processor time that one input of at most LONGEST bytes may take.
PATIENCE = 5.0
#: Of the corpus only what mutates fast.
SMALL = 20_000


@dataclass(slots=True)
class Tally:
    """What one target has been through. ``slowest`` is in seconds of processor time."""

    runs: int = 0
    slowest: float = 0.0
    findings: int = 0


class TooLong(Exception):
    """One input has taken PATIENCE; raised wherever the reader is just then."""


def main(arguments: Sequence[str]) -> int:
    minutes = float(arguments[0]) if arguments else 1.0
    names = arguments[1:] or list(TARGETS)
    seed = random.SystemRandom().getrandbits(32)
    set_up(level=50)
    print(f"{minutes:g} minutes for {', '.join(names)}; at most {LONGEST} bytes each; seed {seed}", flush=True)
    chance, material = random.Random(seed), dict(_material())
    tallies = {name: Tally() for name in names}
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        for name, tally in tallies.items():
            _one(name, mutated(chance, chance.choice(material[name])), tally)
    for name, tally in tallies.items():
        print(f"{name:15} {tally.runs:9} inputs, slowest {tally.slowest:6.3f} s, {tally.findings} findings")
    return int(any(tally.findings for tally in tallies.values()))


def _material() -> Iterator[tuple[str, list[bytes]]]:
    """The targets' own seeds, and for those that read mails whatever of the corpus is small."""
    files = sorted(CORPUS.rglob("*")) if CORPUS.is_dir() else []
    mails = [path.read_bytes() for path in files if path.is_file() and path.stat().st_size <= SMALL]
    for name, own in seeds().items():
        yield name, [*own, *(mails if name not in ("config", "stamp") else ())]


def _one(name: str, raw: bytes, tally: Tally) -> None:
    began = time.process_time()
    try:
        with _at_most(PATIENCE):
            check_octets(name, raw)
    except Exception as error:  # noqa: BLE001  this is what is looked for
        tally.findings += 1
        _keep(name, raw, error)
    tally.runs += 1
    tally.slowest = max(tally.slowest, time.process_time() - began)


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _keep(name: str, raw: bytes, error: Exception) -> None:
    FINDINGS.mkdir(exist_ok=True)
    path = FINDINGS / f"{name}-{hashlib.sha256(raw).hexdigest()[:12]}"
    path.write_bytes(raw)
    trace = "".join(traceback.format_exception(error)[-2:])
    print(f"{path}: {type(error).__name__}\n{trace[-1500:]}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
