"""``python -m bench.fuzz_target NAME SECONDS``: one reader, fed with mutated octets for so long, in its own process.

With atheris (extra ``fuzz``) an input that reaches new lines of mailhitl is kept and mutated further; without it the
octets are mutated blindly. Every line that begins with TOLD holds a ``Tally`` as JSON, for ``bench.fuzz``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
import random
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

try:
    import atheris
except ImportError:
    atheris = None

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
FINDINGS = Path("fuzz-findings")
#: What has reached new lines, by target: where the next run begins.
GROWN = Path("fuzz-corpus")
#: Seconds of processor time that one input may take; libFuzzer ends what no signal reaches after three times that.
PATIENCE = 5.0
#: Bytes that the process may come to hold. An input is a few kilobytes.
MEMORY = 2 << 30
#: Of the corpora only what mutates fast.
SMALL = 20_000
EVERY = 5.0
TOLD = "tally "


@dataclass(slots=True)
class Tally:
    """What one target has been through. ``slowest`` is in seconds of processor time, ``memory`` in bytes."""

    runs: int = 0
    slowest: float = 0.0
    findings: int = 0
    memory: int = 0


class TooLong(Exception):
    """One input has taken PATIENCE; raised wherever the reader is just then."""


class Watched:
    """A target under watch: each kind of failure is kept once, each input counted."""

    def __init__(self, name: str, check: Callable[[str, bytes], None]) -> None:
        self._name, self._check = name, check
        self._tally = Tally()
        self._known: set[str] = set()
        self._told = time.monotonic()

    def try_on(self, raw: bytes) -> None:
        began = time.process_time()
        try:
            with _at_most(PATIENCE):
                self._check(self._name, raw)
        except Exception as error:  # noqa: BLE001  this is what is looked for
            self._keep(raw, error)
        self._tally.runs += 1
        self._tally.slowest = max(self._tally.slowest, time.process_time() - began)
        if time.monotonic() - self._told > EVERY:
            self.tell()

    def tell(self) -> None:
        self._told = time.monotonic()
        self._tally.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(TOLD + json.dumps(dataclasses.asdict(self._tally)), flush=True)

    def _keep(self, raw: bytes, error: Exception) -> None:
        last = traceback.extract_tb(error.__traceback__)[-1]
        kind = f"{type(error).__name__} at {last.filename}:{last.lineno}"
        if kind in self._known:
            return
        self._known.add(kind)
        self._tally.findings += 1
        path = FINDINGS / f"{self._name}-{hashlib.sha256(raw).hexdigest()[:12]}"
        path.write_bytes(raw)
        trace = "".join(traceback.format_exception(error)[-3:])
        print(f"{path}: {kind}\n{trace[-1500:]}", flush=True)


def main(arguments: Sequence[str]) -> None:
    name, seconds = arguments[0], int(arguments[1])
    instrumented = atheris.instrument_imports(include=["mailhitl"]) if atheris else nullcontext()
    with instrumented:
        targets = importlib.import_module("tests.fuzz.targets")
        importlib.import_module("mailhitl.cli.logs").set_up(level=50)
    FINDINGS.mkdir(exist_ok=True)
    watched = Watched(name, targets.check_octets)
    seeds = material(name, targets)
    for seed in seeds:
        watched.try_on(seed)
    if atheris:
        _guided(name, seconds, watched, targets, seeds)
    else:
        _blind(seconds, watched, targets, seeds)


def material(name: str, targets: ModuleType) -> list[bytes]:
    """The target's own seeds, and for those that read mails whatever of the corpora is small."""
    wanted = name in targets.MAILS and CORPUS.is_dir()
    files = sorted(path for path in CORPUS.rglob("*") if path.is_file()) if wanted else []
    return [*targets.seeds()[name], *(path.read_bytes() for path in files if path.stat().st_size <= SMALL)]


def _blind(seconds: int, watched: Watched, targets: ModuleType, seeds: Sequence[bytes]) -> None:
    chance, end = random.Random(), time.monotonic() + seconds
    while time.monotonic() < end:
        watched.try_on(targets.mutated(chance, chance.choice(seeds)))
    watched.tell()


def _guided(name: str, seconds: int, watched: Watched, targets: ModuleType, seeds: Sequence[bytes]) -> None:
    grown = GROWN / name
    grown.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (grown / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)

    def mutate(raw: bytes, longest: int, seed: int) -> bytes:
        chance = random.Random(seed)
        # libFuzzer's own changes are small; ours know the words that readers stumble over.
        return bytes(atheris.Mutate(raw, longest)) if chance.random() < 0.5 else targets.mutated(chance, raw)[:longest]

    options = {
        "max_total_time": seconds,
        "timeout": int(3 * PATIENCE),
        "rss_limit_mb": MEMORY >> 20,
        "max_len": targets.LONGEST,
        "artifact_prefix": f"{FINDINGS}/{name}-",
        "print_final_stats": 1,
    }
    flags = [f"-{key}={value}" for key, value in options.items()]
    atheris.Setup([sys.argv[0], *flags, str(grown)], watched.try_on, custom_mutator=mutate)
    atheris.Fuzz()


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


if __name__ == "__main__":
    main(sys.argv[1:])
