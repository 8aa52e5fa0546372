"""Whatever crashes wherever: delivered once or left to a person, one case per mail, one draft per case."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from mailhitl.backends.memory import Answer
from mailhitl.case import Event, State
from mailhitl.daemon import cycle, watch
from mailhitl.delivery import Phase, Status
from tests.crash.fuse import Crash, Fuse
from tests.crash.scenery import as_new, frail
from tests.story.world import CONFIG, World

MINUTE = timedelta(seconds=61)


def crash_once(world: World, call: int, *, before: bool) -> bool:
    """Run one round and die at this call; return whether it came that far."""
    fuse = Fuse()
    fuse.light(call, before=before)
    try:
        cycle.run_once(frail(world, fuse))
    except Crash:
        world.restart()
        return True
    return False


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_approve_to_send_survives_a_crash_at_every_single_call(tmp_path: Path, before: bool) -> None:
    """Checklist 1 and 38 by a portable fuse: delivered once, or left to a person; never lost, never twice."""
    unknown = 0
    for call in range(1, 1000):
        folder = tmp_path / str(call)
        folder.mkdir()
        world = World(folder)
        world.customer_writes("Please refund my order 4711.")
        world.run()
        [draft] = world.standing("review")
        world.moves(draft, "approve")
        world.run()
        world.now += MINUTE
        crashed = crash_once(world, call, before=before)
        world.run(later=timedelta(minutes=10))
        delivered = len(world.sent_to("ann@customer.test"))
        lost = [row for row in world.store.cases.log(world.case) if row.event is Event.LOSE]
        assert delivered <= 1
        if lost:
            unknown += 1
            assert world.case.state is State.HELD
        else:
            assert (world.case.state, delivered, len(world.box.locations("Sent"))) == (State.SENT, 1, 1)
            assert "\\Answered" in world.flags(world.case)
            assert world.standing("approve") + world.standing("review") == []
        world.store.close()
        if not crashed:
            break
    else:
        pytest.fail("a round never ended")
    assert call > 20
    assert unknown <= 4, "only the calls around the body may leave it unknown"


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_fetch_to_file_survives_a_crash_at_every_single_call(tmp_path: Path, before: bool) -> None:
    """Checklist 6 and 37 by a portable fuse: one case per mail, one draft and one packet per case."""
    for call in range(1, 1000):
        folder = tmp_path / str(call)
        folder.mkdir()
        world = World(folder)
        for number in range(3):
            world.customer_writes(f"Please refund my order 471{number}.", sender=f"C{number} <c{number}@customer.test>")
        crashed = crash_once(world, call, before=before)
        world.run()
        assert [case.state for case in world.cases] == [State.HELD] * 3
        assert len(world.standing("review")) == 3
        assert len(world.standing("review", packet=True)) == 3
        world.store.close()
        if not crashed:
            break
    else:
        pytest.fail("a round never ended")
    assert call > 40


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_the_undo_window_survives_a_crash_at_every_single_call(tmp_path: Path, before: bool) -> None:
    """An automatic answer stands in Outgoing once, can be stopped for as long as its rule says, and leaves once."""
    config = CONFIG.replace('then = "send"', 'then = "send"\nundo = "5m"')
    for call in range(1, 1000):
        folder = tmp_path / str(call)
        folder.mkdir()
        world = World(folder, config)
        world.customer_writes("When are you open?", subject="Opening hours")
        crashed = crash_once(world, call, before=before)
        world.run(later=timedelta(minutes=10))
        if crashed and not world.sent_to("ann@customer.test"):
            assert len(world.standing("outgoing")) == 1
            world.run(later=timedelta(minutes=4))
            assert world.sent_to("ann@customer.test") == []
        world.run(later=timedelta(minutes=2))
        assert len(world.sent_to("ann@customer.test")) == 1
        assert (world.case.state, world.standing("outgoing")) == (State.SENT, [])
        world.store.close()
        if not crashed:
            break
    else:
        pytest.fail("a round never ended")
    assert call > 20


@pytest.mark.parametrize("call", ["cases.log", "cases.move"])
def test_a_process_that_comes_too_late_with_an_approval_takes_nothing_back(tmp_path: Path, call: str) -> None:
    """It stood still while another one approved: what it does then must not look like somebody's hand."""
    world = World(tmp_path)
    world.customer_writes("Please refund my order 4711.")
    world.run()
    world.moves(world.standing("review")[0], "approve")
    world.run()
    world.now += MINUTE
    world.transport.answers(Answer(Status.DEFERRED, Phase.RCPT, "451 later"))
    fuse = Fuse(1, before=True, only=call, meanwhile=partial(cycle.run_once, as_new(world.app)))
    watch.run_once(frail(world, fuse))
    assert world.case.state is State.APPROVED
    world.run(later=MINUTE)
    assert world.case.state is State.SENT
    assert Event.HOLD not in [row.event for row in world.store.cases.log(world.case)][1:]
    assert len(world.sent_to("ann@customer.test")) == 1
    world.store.close()
