"""A backlog is taken in by pieces: what people have answered by hand in it meanwhile is answered by no machine."""

from __future__ import annotations

import pytest

from mailhitl.case import State
from mailhitl.daemon import intake
from tests.story.world import World, letter


def test_a_mail_of_a_backlog_that_a_person_has_answered_is_not_answered_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "PER_ROUND", 1)
    monkeypatch.setattr(intake, "BATCH", 1)
    for number in range(3):
        world.customer_writes(
            "When are you open?", subject="Opening hours", sender=f"C{number} <c{number}@customer.test>"
        )
    answer = letter(
        "We are open until six.",
        sender="Example Support <support@example.com>",
        to="c2@customer.test",
        In_Reply_To="<letter-3@customer.test>",
        References="<letter-3@customer.test>",
    )
    world.box.deliver("Sent", answer, flags=("\\Seen",))
    world.run()
    assert [case.state for case in world.cases] == [State.SENT, State.SENT, State.SUPERSEDED]
    assert world.sent_to("c2@customer.test") == []
