"""mutt and aerc let our marks out to customers: a customer's mail that carries them is answered like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailhitl.case import State
from tests.story.world import World, parsed

MARKS = {
    "draft": lambda draft, packet: str(draft["References"]).split()[0],
    "draft's own": lambda draft, packet: str(draft["Message-ID"]),
    "packet": lambda draft, packet: str(packet["Message-ID"]),
}


@pytest.mark.parametrize("mark", MARKS)
def test_a_customer_who_quotes_our_mark_gets_a_draft_that_one_move_approves(tmp_path: Path, mark: str) -> None:
    world = World(tmp_path)
    world.customer_writes("Please refund my order 4711.")
    world.run()
    [first] = world.standing("review")
    leaked = MARKS[mark](parsed(world.raw(first)), world.packet_for("anna@example.com"))
    world.customer_writes(
        "Please refund my order 4712.", sender="Eve <eve@customer.test>", In_Reply_To=leaked, References=leaked
    )
    world.run()
    [second] = [place for place in world.standing("review") if place != first]
    world.moves(second, "approve")
    world.run()
    world.run(later=world.app.settings.grace)
    assert [case.state for case in world.cases] == [State.HELD, State.SENT]
    assert len(world.sent_to("eve@customer.test")) == 1
    assert world.standing("review") == [first]
    world.store.close()
