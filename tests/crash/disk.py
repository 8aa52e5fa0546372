"""Disks that fail under the store, by strace: full, broken or read-only at one system call, once or from there on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

from mailhitl.case import State
from tests.crash.killing import SCENES, Account, Ground, Scene, to_customers
from tests.crash.tracing import Point, Tracing, points_in
from tests.smtp_server import ScriptedServer

#: Only SQLite makes these; ``recvfrom`` is noted for the judge and left alone.
WRITES = ("pwrite64", "fdatasync", "fsync", "ftruncate", "unlink")
CALLS = (*WRITES, "pread64", "recvfrom")
#: What may befall each call.
ERRORS: dict[str, tuple[str, ...]] = {
    "pwrite64": ("EIO", "ENOSPC", "EROFS"),
    "ftruncate": ("EIO", "ENOSPC", "EROFS"),
    "fdatasync": ("EIO", "ENOSPC"),
    "fsync": ("EIO", "ENOSPC"),
    "unlink": ("EIO", "EROFS"),
    "pread64": ("EIO",),
    "openat": ("EIO", "ENOSPC", "EROFS"),
}
#: What a person reads when the store fails: which file, and what to do.
ADVICE = "mailhitl.db"


@dataclass(frozen=True, slots=True)
class Fault:
    """The disk says ``error`` at the point; ``lasting``: and at every call of this kind after it."""

    point: Point
    error: str
    lasting: bool

    def __str__(self) -> str:
        return f"{self.error} at {self.point.call} {self.point.number}{' and on' if self.lasting else ''}"

    @property
    def inject(self) -> str:
        return f"{self.point.call}:error={self.error}:when={self.point.number}{'+' if self.lasting else ''}"


@dataclass(frozen=True, slots=True)
class End:
    """What became of one fault. ``code`` and ``said`` are of the command that met it; ``bad`` is "" when all is well.
    ``dotted``: the server had the whole mail."""

    fault: Fault
    code: int
    said: str
    outcome: str
    bad: str
    dotted: bool = False


def points(ground: Ground, original: Account) -> list[Point]:
    """Every call to the store's disk, in the order in which they come."""
    found: list[Point] = []
    for opening in (False, True):
        account = ground.copy(original)
        trace = account.folder / "trace"
        with ScriptedServer() as smtp:
            assert account.runs(smtp, _tracing(account, opening)) == 0, account.output.read_text()
        found += [point for point in points_in(trace) if point.call in ERRORS]
    return found


def faults(found: list[Point]) -> list[Fault]:
    """Everything that may befall these calls."""
    return [
        Fault(point, error, lasting) for point in found for error in ERRORS[point.call] for lasting in (False, True)
    ]


def _tracing(account: Account, opening: bool, inject: str = "") -> Tracing:
    """``opening``: only how the store's files are opened is noted, as everything else is opened by the same call."""
    files = [account.folder / "var" / f"mailhitl.db{ending}" for ending in ("", "-wal", "-shm", "-journal")]
    calls, paths = (("openat",), tuple(files)) if opening else (CALLS, ())
    return Tracing(account.folder / "trace", inject, calls, paths)


def break_disk(ground: Ground, original: Account, scene: Scene, fault: Fault) -> End:
    """Let it fail there, look at what had left; then run it on a good disk, and say what became of it."""
    account = ground.copy(original)
    trace = account.folder / "trace"
    with ScriptedServer() as smtp:
        code = account.runs(smtp, _tracing(account, fault.point.call == "openat", fault.inject))
        said, dotted = account.output.read_text(), bool(to_customers(smtp))
        bad = _heard(code, said) or _unrecorded(account, smtp)
        account.output.unlink()
        if account.runs(smtp):
            return End(fault, code, said, "", f"the restart failed: {account.output.read_text()[-300:]}")
        outcome, _ = scene.judge(account, smtp, trace.read_text(errors="replace"))
    account.remove()
    if outcome not in ("once", "unknown"):
        bad = bad or outcome
    return End(fault, code, said, outcome, bad, dotted)


def _heard(code: int, said: str) -> str:
    """Whether a person can tell from what was said where it failed and what to do."""
    if "Traceback" in said or "a bug" in said:
        return f"no words: {said[-500:]}"
    if code == 1 and ADVICE not in said:
        return f"no advice: {said[-300:]}"
    return "" if code in (0, 1) else f"ended with {code}: {said[-300:]}"


def _unrecorded(account: Account, smtp: ScriptedServer) -> str:
    """What a customer got must have been written down before."""
    if not to_customers(smtp):
        return ""
    with closing(account.store()) as store:
        [case] = store.cases.in_state(*State)
        attempts = store.deliveries.of(case)
    return "" if attempts and not attempts[-1].phase.safe else f"sent, and the store knows nothing of it: {case}"


def broken(ground: Ground, name: str, choose: Callable[[list[Fault]], list[Fault]]) -> Iterator[End]:
    """Prepare a scene once, then break the disk under a copy of it in each of the ways that ``choose`` takes of all."""
    scene, original = SCENES[name], ground.account()
    scene.prepare(original)
    for fault in choose(faults(points(ground, original))):
        yield break_disk(ground, original, scene, fault)
