"""The power goes: what the disk may have kept is put in place and judged; ``make bench ONLY=power`` does it often."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.crash import platter
from tests.crash.killing import Ground, count_points
from tests.crash.platter import LOSSES, Disk
from tests.crash.power import SCENES, Outage, look_at_disks, lose, losses
from tests.crash.stopping import Stage, points_of, stop
from tests.crash.tracing import ASKED_FOR_BODY, Point, why_not
from tests.postgres import Postgres

#: What one step of a program looks like in the trace.
STEPS = """
7 openat(AT_FDCWD</>, "{root}/new", O_WRONLY|O_CREAT|O_EXCL, 0600) = 3<{root}/new>
7 write(3<{root}/new>, "\\1\\0later\\n", 8) = 8
7 fsync(3<{root}/new>) = 0
7 rename("{root}/new", "{root}/file") = 0
8 openat(AT_FDCWD</>, "{root}", O_RDONLY|O_DIRECTORY) = 4<{root}>
8 fsync(4<{root}> <unfinished ...>
7 unlink("{root}/gone") = -1 ENOENT (No such file or directory)
8 <... fsync resumed>) = 0
"""


def found(disk: Disk, loss: str, seed: int = 1) -> dict[str, bytes | None]:
    return {path.name: content for path, content in disk.image(LOSSES[loss], Random(seed)).items() if path != disk.root}


def test_of_what_was_never_synced_anything_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"early")
    disk, seen = Disk(tmp_path), []
    for line in STEPS.format(root=tmp_path).strip().splitlines():
        disk.see(line)
        seen.append((found(disk, "nothing"), found(disk, "everything")))
    early, later = {"file": b"early"}, {"file": b"\1\0later\n"}
    assert [bare for bare, _ in seen] == [early] * 7 + [later]
    assert seen[2][1] == early | {"new": b"\1\0later\n"}
    assert [whole for _, whole in seen[3:]] == [later] * 5


def test_a_write_is_torn_between_sectors_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"a" * 2048)
    disk = Disk(tmp_path)
    disk.see(f'7 pwrite64(3<{tmp_path}/file>, "{"b" * 1024}", 1024, 256) = 1024')
    images = {found(disk, "first", seed)["file"] for seed in range(200)}
    assert len(images) == 8, "three parts, each there or not"
    assert {image[512:1024] for image in images if image} == {b"a" * 512, b"b" * 512}


def test_a_disk_that_never_syncs_keeps_only_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"early")
    disk = Disk(tmp_path, deaf=True)
    for line in STEPS.format(root=tmp_path).strip().splitlines():
        disk.see(line)
    assert found(disk, "nothing") == {"file": b"early"}


@pytest.fixture(scope="module")
def can_trace() -> None:
    if problem := why_not():
        pytest.skip(f"{problem}; nothing else of ours loses its power")


REPLACE = """
import sys, pathlib
from mailhitl.kept import replace_file

replace_file(pathlib.Path(sys.argv[1]), b"new", mode=0o600)
"""


@pytest.mark.usefixtures("can_trace")
def test_a_file_that_is_replaced_is_old_or_new_wherever_the_power_goes(tmp_path: Path) -> None:
    place, trace = tmp_path / "var", tmp_path / "trace"
    place.mkdir()
    (place / "token").write_bytes(b"old")
    disk = Disk(place)
    tracer = ["strace", "-f", "-qq", "-y", "-s", "1000", "-o", str(trace), "-e", f"trace={','.join(platter.CALLS)}"]
    subprocess.run([*tracer, sys.executable, "-c", REPLACE, str(place / "token")], check=True)
    images = []
    for line in trace.read_text("ascii").splitlines():
        disk.see(line)
        images += [found(disk, loss, seed)["token"] for loss in LOSSES for seed in range(5)]
    assert set(images) == {b"old", b"new"}
    assert set(images[-5 * len(LOSSES) :]) == {b"new"}, "it is kept when the call has ended"


@pytest.fixture(scope="module")
def ground(can_trace: None) -> Iterator[Ground]:
    with Ground() as ground:
        yield ground


@pytest.mark.servers
def test_no_disk_that_a_power_loss_leaves_forgets_a_body_that_has_left(ground: Ground) -> None:
    looked = look_at_disks(ground, seed=33, every=20)
    assert looked.wrong == []
    assert looked.images > 60


@pytest.mark.servers
def test_a_disk_that_never_syncs_is_found_out(ground: Ground) -> None:
    looked = look_at_disks(ground, seed=33, every=60, deaf=True)
    assert "the body has left, and the store knows nothing of it" in " ".join(looked.wrong)


@pytest.mark.servers
@pytest.mark.parametrize(("name", "count"), [("fetch", 2), ("approve", 4)])
def test_a_power_loss_at_any_system_call_loses_nothing_and_doubles_nothing(
    ground: Ground, name: str, count: int
) -> None:
    ends = list(losses(ground, name, count, seed=count))
    assert [(outage, end) for outage, end in ends if not end.good] == []


def after(points: list[Point], words: str) -> Point:
    """The point behind the last call that has these words."""
    return points[max(at for at, point in enumerate(points) if words in point.line) + 1]


@pytest.mark.servers
@pytest.mark.parametrize(("name", "words"), [("first", "sendto"), ("reject", "EXPUNGE")])
def test_what_others_have_seen_is_still_known_when_nothing_unsynced_is_left(
    ground: Ground, name: str, words: str
) -> None:
    original = ground.account()
    SCENES[name].prepare(original)
    point = after(count_points(ground, original), words)
    end = lose(ground, original, SCENES[name], Outage(point, "nothing", 0))
    assert end.outcome == "once"


@pytest.mark.servers
def test_a_postgresql_that_is_stopped_at_once_forgets_no_body_that_has_left(ground: Ground) -> None:
    with Postgres() as server:
        stage, scene = Stage(ground, server), SCENES["approve"]
        original = stage.account()
        scene.prepare(original)
        points = points_of(stage, original)
        asked = next(at for at, point in enumerate(points) if ASKED_FOR_BODY.search(point.line))
        answered = next(point for point in points[asked + 1 :] if '"250 2.0.0 queued' in point.line)
        ends = {kind: stop(stage, original, scene, answered, kind) for kind in ("both", "server")}
    assert {kind: (end.outcome, end.dotted) for kind, end in ends.items()} == {
        "both": ("unknown", True),
        "server": ("once", True),
    }
