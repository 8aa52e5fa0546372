"""One person with two addresses is one person in four eyes (safety checklist 56), whenever that is found out."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailhitl.case import State
from tests.story.test_who_may_approve import ANN, ANNA, AS_BEN, BEN, endorsed_by, held
from tests.story.world import CONFIG, World

MINUTE = timedelta(seconds=61)


def test_56_one_person_listed_with_two_addresses_counts_once(tmp_path: Path) -> None:
    """Anna answers her own packet from both, with full proof each time; only Ben makes it two."""
    private = 'address = "anna@example.com"\naliases = ["Anna@home.test"]'
    config = CONFIG.replace('reviewers = "support"\n', "approvals = 2\n")
    world = World(tmp_path, config.replace('address = "anna@example.com"', private))
    held(world)
    packet: EmailMessage = world.packet_for(ANNA)
    for sender in ("Anna <anna@home.test>", "Anna <anna@example.com>"):
        world.answers(packet, "approve", sender=sender)
        world.run(later=MINUTE)
    assert {by for by, _ in endorsed_by(world)} == {ANNA}
    assert world.case.state is State.HELD
    assert [mail for mail in world.sent_to("anna@home.test") if str(mail["Subject"])[:8] == "[Review]"] == []
    world.answers(world.packet_for(BEN), "approve", sender=AS_BEN)
    world.run()
    assert world.case.state is State.SENT
    world.store.close()


@pytest.mark.parametrize(
    ("first", "with_bens"), [("approve", State.SENT), ("edit: We have refunded your order.", State.HELD)]
)
def test_56_one_person_counts_once_although_the_admin_found_out_only_between_their_two_approvals(
    tmp_path: Path, first: str, with_bens: State
) -> None:
    config = CONFIG.replace('reviewers = "support"\n', "approvals = 2\n")
    second = '[[reviewer]]\nname = "Ms Miller"\naddress = "miller@home.test"\ngroups = ["support"]\n\n[review]'
    world = World(tmp_path, config.replace("[review]", second))
    held(world)
    world.answers(world.packet_for("miller@home.test"), first, sender="Ms Miller <miller@home.test>")
    world.run()
    both = 'address = "anna@example.com"\naliases = ["miller@home.test"]'
    world.reconfigured(config.replace('address = "anna@example.com"', both))
    world.answers(world.packet_for(ANNA), "approve")
    world.run(later=MINUTE)
    assert world.sent_to(ANN) == []
    world.answers(world.packet_for(BEN), "approve", sender=AS_BEN)
    world.run()
    assert world.case.state is with_bens
    world.store.close()


def test_56_a_packet_may_be_answered_after_its_address_has_become_an_alias(tmp_path: Path) -> None:
    other = CONFIG.replace('address = "anna@example.com"', 'address = "miller@home.test"')
    world = World(tmp_path, other)
    held(world)
    packet = world.packet_for("miller@home.test")
    world.reconfigured(
        CONFIG.replace('address = "anna@example.com"', f'address = "{ANNA}"\naliases = ["miller@home.test"]')
    )
    assert [mail for mail in world.sent_to(ANNA) if str(mail["Subject"]).startswith("[Review]")] == []
    world.answers(packet, "approve")
    world.run()
    assert world.case.state is State.SENT
    world.store.close()
