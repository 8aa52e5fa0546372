"""Mails built to exhaust a reader, on their whole way through the agent: the mail behind them is served."""

from __future__ import annotations

from pathlib import Path

from mailhitl.case import State
from tests.story.world import World
from tests.unit.mail_bombs import BOMBS


def test_43_between_bombs_of_every_kind_each_customer_is_served_and_no_bomb_is_answered(tmp_path: Path) -> None:
    world = World(tmp_path)
    for number, bomb in enumerate(BOMBS.values()):
        world.box.deliver("INBOX", bomb())
        world.customer_writes("I want my money back", sender=f"C <c{number}@customer.test>")
        world.run()
    served = [case for case in world.cases if case.sender.endswith("@customer.test")]
    assert len(served) == len(BOMBS)
    assert {case.state for case in served} == {State.HELD}
    assert all(case.draft_digest for case in served)
    assert not {case.state for case in world.cases} & {State.SENT, State.APPROVED, State.SHUNTED}
    assert world.transport.outside.sent == []
