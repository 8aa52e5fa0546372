"""Where no server of ours vouches for anybody, a reviewer's own signature may (``review.own_dkim``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
import time_machine

from mailhitl.case import Event, State
from mailhitl.errors import TemporaryFailure
from tests.signing import records, signed
from tests.story.world import CONFIG, MONDAY_NOON, World, letter, text_of

MINUTE = timedelta(seconds=61)
ANN, ANNA = "ann@customer.test", "anna@example.com"
OWN = CONFIG.replace('trusted_authserv = ["mx.example.com"]', "own_dkim = true")


@pytest.fixture(autouse=True)
def on_that_monday() -> Iterator[None]:
    with time_machine.travel(MONDAY_NOON, tick=False):
        yield


def team(folder: Path, key_record: Callable[[str], bytes | None], config: str = OWN) -> World:
    world = World(folder, config)
    world.app = replace(world.app, key_record=key_record)
    world.customer_writes("Please refund my order 4711.")
    world.run()
    assert world.case.state is State.HELD
    return world


def answer(packet: EmailMessage, text: str = "approve") -> bytes:
    raw = letter(
        text,
        sender="Anna <anna@example.com>",
        subject=f"Re: {packet['Subject']}",
        message_id="<answer@example.com>",
        In_Reply_To=str(packet["Message-ID"]),
    )
    return raw.partition(b"\r\n")[2]


def told(world: World) -> str:
    return text_of([mail for mail in world.sent_to(ANNA) if str(mail["Subject"]).startswith("Re:")][-1])


def test_an_approval_that_its_sender_s_domain_has_signed_is_carried_out(tmp_path: Path) -> None:
    world = team(tmp_path, records().get)
    world.box.deliver("INBOX", signed(answer(world.packet_for(ANNA))))
    world.run(later=MINUTE)
    assert world.case.state is State.SENT
    [approval] = [row for row in world.store.cases.log(world.case) if row.event is Event.APPROVE]
    assert (approval.by, approval.proof) == (ANNA, "reply: token + own dkim check d=example.com")


def test_an_unsigned_approval_does_nothing_and_is_told_why(tmp_path: Path) -> None:
    world = team(tmp_path, records().get)
    world.box.deliver("INBOX", answer(world.packet_for(ANNA)))
    world.run(later=MINUTE)
    assert world.case.state is State.HELD
    assert "nothing proves who wrote this mail: it carries no signature of example.com" in told(world)
    assert world.sent_to(ANN) == []


def test_a_list_of_decisions_is_proven_by_one_look_at_its_signature(tmp_path: Path) -> None:
    asked: list[str] = []

    def key_record(name: str) -> bytes | None:
        asked.append(name)
        return records().get(name)

    world = team(tmp_path, key_record)
    world.customer_writes("Please refund my order 4712.", sender="Bob <bob@customer.test>")
    world.run()
    world.box.deliver("INBOX", letter("", sender="Anna <anna@example.com>", subject="queue"))
    world.run(later=MINUTE)
    world.box.deliver("INBOX", signed(answer(world.packet_for(ANNA), "1,2 approve")))
    world.run(later=MINUTE)
    assert [case.state for case in world.cases] == [State.SENT, State.SENT]
    assert asked == ["s1._domainkey.example.com"]


def test_an_approval_that_was_made_of_a_signed_rejection_does_nothing(tmp_path: Path) -> None:
    world = team(tmp_path, records().get)
    raw = signed(answer(world.packet_for(ANNA), "reject"))
    world.box.deliver("INBOX", raw.replace(b"\r\n\r\nreject", b"\r\n\r\napprove"))
    world.run(later=MINUTE)
    assert world.case.state is State.HELD
    assert "its signature does not verify" in told(world) or "cannot be read" in told(world)


def test_a_signed_approval_that_is_delivered_again_sends_nothing_again(tmp_path: Path) -> None:
    world = team(tmp_path, records().get)
    raw = signed(answer(world.packet_for(ANNA)))
    for _ in range(2):
        world.box.deliver("INBOX", raw)
        world.run(later=MINUTE)
    assert len(world.sent_to(ANN)) == 1
    assert len([row for row in world.store.cases.log(world.case) if row.event is Event.APPROVE]) == 1


def test_while_the_name_server_is_away_an_approval_waits_for_a_hand_and_a_rejection_counts(tmp_path: Path) -> None:
    def away(name: str) -> bytes | None:
        raise TemporaryFailure("no answer")

    world = team(tmp_path, away)
    world.box.deliver("INBOX", signed(answer(world.packet_for(ANNA))))
    world.run(later=MINUTE)
    assert world.case.state is State.HELD
    assert "the key of example.com could not be looked up just now" in told(world)
    world.box.deliver("INBOX", signed(answer(world.packet_for(ANNA), "reject: too dear")))
    world.run(later=MINUTE)
    assert world.case.state is State.REJECTED


def test_switched_off_a_signature_is_not_looked_at(tmp_path: Path) -> None:
    world = World(tmp_path, OWN.replace("own_dkim = true", "own_dkim = false"))
    assert world.app.key_record is None
    world.customer_writes("Please refund my order 4711.")
    world.run()
    world.box.deliver("INBOX", signed(answer(world.packet_for(ANNA))))
    world.run(later=MINUTE)
    assert world.case.state is State.HELD
    assert "no mail server we trust has confirmed that it comes from you" in told(world)
