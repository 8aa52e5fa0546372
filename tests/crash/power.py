"""Power losses: the real command is killed at a system call, and finds its disk as a power loss would have left it.

A kill alone leaves the disk whole, because the kernel has it all. So strace notes every byte that goes to the state
directory, and ``platter`` says what of it may be there.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from random import Random

from mailhitl.case import State
from mailhitl.store import open_store
from tests.crash import platter
from tests.crash.killing import SCENES as KILLED
from tests.crash.killing import Account, End, Ground, Scene, closing_client, count_points, to_customers
from tests.crash.letters import customers_mail
from tests.crash.platter import LOSSES, Disk
from tests.crash.tracing import ASKED_FOR_BODY, CALLS, Point, Tracing
from tests.smtp_server import ScriptedServer


@dataclass(frozen=True, slots=True)
class Outage:
    """A power loss before a system call. ``loss`` is a name of ``platter.LOSSES``, ``seed`` chooses what is missing."""

    point: Point
    loss: str
    seed: int


@dataclass(slots=True)
class Looked:
    """How many disks were looked at, and what was wrong with which."""

    images: int = 0
    wrong: list[str] = field(default_factory=list)


def record(account: Account, smtp: ScriptedServer, point: Point | None = None) -> tuple[list[str], bool]:
    """Run the command to its end, or until ``point``; give what strace has noted, every byte of it, and whether it was
    killed."""
    trace = account.folder / "trace"
    inject = "" if point is None else f"{point.call}:signal=KILL:when={point.number}"
    code = account.runs(smtp, Tracing(trace, inject, (*CALLS, *platter.CALLS), whole=True))
    assert code in (0, -signal.SIGKILL), account.output.read_text()
    return trace.read_text("ascii").splitlines(), code != 0


def lose(ground: Ground, original: Account, scene: Scene, outage: Outage, *, deaf: bool = False) -> End:
    """Let the power go there, start it again, and say what became of it. ``deaf``: on a disk that never syncs."""
    account = ground.copy(original)
    disk = Disk(account.folder / "var", deaf=deaf)
    with ScriptedServer() as smtp:
        lines, killed = record(account, smtp, outage.point)
        dotted = bool(to_customers(smtp))
        for line in lines:
            disk.see(line)
        disk.put(disk.image(LOSSES[outage.loss], Random(outage.seed)), disk.root)
        code = account.runs(smtp)
        if code:
            return End(outage.point, f"the restart failed: {account.output.read_text()[-300:]}", killed, dotted)
        outcome, repeated = scene.judge(account, smtp, "\n".join(lines))
    account.remove()
    return End(outage.point, outcome, killed, dotted, repeated)


def losses(ground: Ground, name: str, count: int, seed: int, *, deaf: bool = False) -> Iterator[tuple[Outage, End]]:
    """Prepare a scene once, then let the power go ``count`` times, at random; every kind of loss has its turn."""
    scene, original, chance = SCENES[name], ground.account(), Random(seed)
    scene.prepare(original)
    points, kinds = count_points(ground, original), list(LOSSES)
    for number in range(count):
        outage = Outage(chance.choice(points), kinds[number % len(kinds)], chance.getrandbits(32))
        yield outage, lose(ground, original, scene, outage, deaf=deaf)


def look_at_disks(ground: Ground, seed: int, *, deaf: bool = False, every: int = 1) -> Looked:
    """One approved answer leaves, once. Wherever the power may have gone meanwhile: is the store whole, and does it
    know of a body that has left?"""
    original, chance, looked = ground.account(), Random(seed), Looked()
    SCENES["approve"].prepare(original)
    account = ground.copy(original)
    disk = Disk(account.folder / "var", deaf=deaf)
    with ScriptedServer() as smtp:
        lines, _ = record(account, smtp)
    asked = left = False
    for number, line in enumerate(lines):
        # Before this call: it has not changed anything yet, but its bytes are on their way.
        left = left or (asked and " sendto(" in line)
        if number % every == 0:
            _look(account, disk, looked, chance, left=left, where=f"before line {number}: {line[:60]}")
        asked = asked or ASKED_FOR_BODY.search(line) is not None
        disk.see(line)
    assert left, "no answer has left"
    return looked


def _look(account: Account, disk: Disk, looked: Looked, chance: Random, *, left: bool, where: str) -> None:
    for name, loss in LOSSES.items():
        disk.put(disk.image(loss, chance), account.folder / "found")
        looked.images += 1
        if problem := _problem(account, left=left):
            looked.wrong.append(f"{name} {where}: {problem}")


def _problem(account: Account, *, left: bool) -> str:
    with closing(open_store(f"sqlite:///{account.folder / 'found' / 'mailhitl.db'}")) as store:
        if broken := store.broken():
            return broken
        [case] = store.cases.in_state(*State)
        attempts = store.deliveries.of(case)
        unknown = not attempts or attempts[-1].phase.safe
        return "the body has left, and the store knows nothing of it" if left and unknown else ""


def _prepare_reject(account: Account) -> None:
    """A draft was held, and a reviewer has moved it to Reject."""
    with closing_client(account.client()) as client:
        client.append("INBOX", customers_mail(0))
    with ScriptedServer() as smtp:
        assert account.runs(smtp) == 0, account.output.read_text()
    with closing_client(account.client()) as client:
        client.select_folder("Drafts/Review")
        client.move(client.search(["DRAFT"]), "Drafts/Reject")


def _judge_rejected(account: Account, smtp: ScriptedServer, trace: str) -> tuple[str, int]:
    """What a person has decided stays decided, and is tidied up."""
    with closing(account.store()) as store:
        [case] = store.cases.in_state(*State)
    standing = [len(account.mails(folder)) for folder in ("Drafts/Reject", "Drafts/Review")]
    with closing_client(account.client()) as client:
        client.select_folder("INBOX", readonly=True)
        flagged = len(client.search(["FLAGGED"]))
    if (case.state, standing, flagged, to_customers(smtp)) != (State.REJECTED, [0, 0], 1, []):
        return f"forgotten: {case.state}, Reject/Review {standing}, flagged {flagged}", 0
    return "once", 0


SCENES = KILLED | {"reject": Scene("reject, tidy up, flag", _prepare_reject, _judge_rejected)}
