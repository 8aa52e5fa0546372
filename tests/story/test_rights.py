"""Who may put mail into Approve may approve: others than reviewers are told of, and may be refused (checklist 55)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from mailhitl.case import State
from mailhitl.review.reviewers import Reviewer, Reviewers
from mailhitl.review.rights import strangers
from tests.story.world import CONFIG, World, text_of

MINUTE = timedelta(seconds=61)
ANN, ANNA = "ann@customer.test", "anna@example.com"
TEAM = Reviewers((Reviewer("Anna", ANNA), Reviewer("Ben", "ben@example.com")))


@pytest.mark.parametrize(
    "who, stranger",
    [
        ("support", False),
        ("owner", False),
        ("anna", False),
        ("ANNA@example.com", False),
        ("ben", False),
        ("carl", True),
        ("anyone", True),
        ("authenticated", True),
        ("group=sales", True),
        ("anna@evil.test", True),
    ],
)
def test_only_reviewers_and_the_mailbox_itself_belong_there(who: str, stranger: bool) -> None:
    assert bool(strangers({who: "lrswi"}, TEAM, accounts={"support"})) is stranger
    assert strangers({who: "lrsw"}, TEAM, accounts={"support"}) == ()
    assert strangers({f"-{who}": "i"}, TEAM, accounts={"support"}) == ()


def test_into_a_reviewer_s_own_folder_nobody_else_belongs() -> None:
    rights = {"anna": "i", "ben": "i", "support": "i"}
    assert strangers(rights, TEAM, accounts={"support"}, owner="anna") == ("ben",)


def alerts(world: World) -> list[str]:
    mails = [mail for mail in world.sent_to(ANNA) if "others than reviewers" in str(mail["Subject"])]
    return [text_of(mail) for mail in mails]


def opened(folder: Path, config: str = CONFIG) -> World:
    """Carl of another department may put mail into Approve."""
    world = World(folder, config)
    world.box.acl[world.app.folders.approve] = {"support": "lrswipkxte", "anna": "lrswi", "carl": "lrswi"}
    world.restart()
    world.customer_writes("Please refund my order 4711.")
    world.run()
    return world


def test_reviewers_are_told_once_who_else_may_approve(tmp_path: Path) -> None:
    world = opened(tmp_path)
    world.run(later=timedelta(hours=2))
    [told] = alerts(world)
    assert "carl" in told
    world.moves(world.standing("review")[0], "approve")
    world.run()
    world.run(later=MINUTE)
    assert world.case.state is State.SENT, "a warning stops nothing"


def test_where_strangers_are_refused_a_move_approves_nothing_and_a_reply_does(tmp_path: Path) -> None:
    world = opened(tmp_path, CONFIG.replace("[review]", '[review]\nstrangers = "refuse"'))
    world.moves(world.standing("review")[0], "approve")
    world.run()
    world.run(later=MINUTE)
    assert world.case.state is State.HELD
    assert len(world.standing("review")) == 1
    assert any("a move into it approves" in text_of(mail) for mail in world.sent_to(ANNA))
    world.answers(world.packet_for(ANNA), "approve")
    world.run()
    assert world.case.state is State.SENT


def test_when_the_rights_are_set_right_moves_count_again(tmp_path: Path) -> None:
    world = opened(tmp_path, CONFIG.replace("[review]", '[review]\nstrangers = "refuse"'))
    del world.box.acl[world.app.folders.approve]["carl"]
    world.run(later=timedelta(hours=1))
    world.moves(world.standing("review")[0], "approve")
    world.run()
    world.run(later=MINUTE)
    assert world.case.state is State.SENT
