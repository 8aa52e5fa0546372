"""Where ``support+anything@…`` reaches support: what is sent from an account that we cannot see comes in as well."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailhitl.case import State
from tests.story.world import CONFIG, World, letter, parsed, text_of

MINUTE = timedelta(seconds=61)
ANN, ANNA = "ann@customer.test", "anna@example.com"
PLUS = CONFIG.replace("[review]", "[review]\nplus_addressing = true")
AS_ANNA = "Anna <anna@example.com>"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, PLUS)
    world.customer_writes("Please refund my order 4711.")
    world.run()
    assert world.case.state is State.HELD
    return world


def sent_by_hand(world: World, *, sender: str = AS_ANNA, to: str = ANN, text: str = "Hello Ann, done.") -> bytes:
    """What reaches support when somebody sends the draft from an account of their own: the blind copy is gone from the
    header, and the server has written down whom this copy was for."""
    draft = parsed(world.raw(world.standing("review")[0]))
    return letter(
        text,
        sender=sender,
        to=to,
        subject=str(draft["Subject"]),
        message_id="<sent-by-hand@example.com>",
        Delivered_To=str(draft["Bcc"]),
        In_Reply_To=str(draft["In-Reply-To"]),
        References=" ".join(str(draft["References"]).split()),
    )


def told(world: World) -> str:
    return text_of([mail for mail in world.sent_to(ANNA) if str(mail["Subject"]).startswith("Re:")][-1])


def test_a_draft_carries_a_blind_copy_to_an_address_of_ours_that_the_customer_never_sees(world: World) -> None:
    draft = parsed(world.raw(world.standing("review")[0]))
    assert str(draft["Bcc"]).startswith("support+mh.1.1.")
    assert str(draft["Bcc"]).endswith("@example.com")
    world.moves(world.standing("review")[0], "approve")
    world.run()
    world.run(later=MINUTE)
    [answer] = world.sent_to(ANN)
    assert answer["Bcc"] is None
    assert "support+" not in answer.as_string()
    assert [mail.recipients for mail in world.transport.outside.sent] == [(ANN,)]


def test_a_draft_that_somebody_sends_from_an_account_of_their_own_is_seen_and_closed(world: World) -> None:
    world.box.deliver("INBOX", sent_by_hand(world))
    world.run(later=MINUTE)
    assert world.case.state is State.SUPERSEDED
    assert "answered by hand" in world.store.cases.log(world.case)[-1].why
    assert world.standing("review") == []
    assert "\\Answered" in world.flags(world.case)
    assert world.sent_to(ANN) == []


def in_copy(message_id: str) -> bytes:
    """What Anna writes to the customer from her own account, with support in Cc."""
    about = {"In_Reply_To": "<letter-1@customer.test>", "References": "<letter-1@customer.test>"}
    return letter(
        "When are you open?", sender=AS_ANNA, to=ANN, message_id=message_id, Cc="support@example.com", **about
    )


def test_one_more_word_to_a_customer_who_has_an_answer_is_no_customer_s_mail(world: World) -> None:
    for number in (1, 2):
        world.box.deliver("INBOX", in_copy(f"<anna-{number}@example.com>"))
        world.run(later=MINUTE)
    assert world.case.state is State.SUPERSEDED
    assert world.transport.outside.sent == []


def test_one_more_word_about_a_customer_s_later_mail_is_none_either(world: World) -> None:
    world.customer_writes("Please refund it!", In_Reply_To="<letter-1@customer.test>")
    world.run()
    for number in (1, 2):
        raw = in_copy(f"<anna-{number}@example.com>").replace(b"<letter-1@", b"<letter-2@")
        world.box.deliver("INBOX", raw)
        world.run(later=MINUTE)
    assert [case.state for case in world.cases] == [State.SUPERSEDED] * 2


def test_one_more_word_that_nobody_vouches_for_is_looked_at_by_people(world: World) -> None:
    world.box.deliver("INBOX", in_copy("<anna-1@example.com>"))
    world.run(later=MINUTE)
    world.box.deliver("INBOX", in_copy("<anna-2@example.com>").replace(b"dmarc=pass", b"dmarc=fail"))
    world.run(later=MINUTE)
    assert [case.state for case in world.cases] == [State.SUPERSEDED, State.HELD]


def test_a_thread_that_the_client_has_dropped_is_made_up_for_by_the_address(world: World) -> None:
    raw = sent_by_hand(world)
    bare = b"\r\n".join(
        line for line in raw.split(b"\r\n") if not line.startswith((b"References", b"In-Reply-To", b" <"))
    )
    world.box.deliver("INBOX", bare)
    world.run(later=MINUTE)
    assert world.case.state is State.SUPERSEDED


def test_an_approval_that_is_under_way_when_the_copy_comes_in_is_not_sent_as_well(world: World) -> None:
    world.moves(world.standing("review")[0], "approve")
    world.run()
    world.moves(world.standing("approve")[0], "review")
    raw = sent_by_hand(world)
    world.moves(world.standing("review")[0], "approve")
    world.box.deliver("INBOX", raw)
    world.run(later=MINUTE)
    assert world.sent_to(ANN) == []
    assert world.case.state is State.SUPERSEDED


@pytest.mark.parametrize(
    "sender, to", [("Ann <ann@customer.test>", ANN), ("Eve <eve@evil.test>", ANN), (AS_ANNA, "ben@example.com")]
)
def test_only_one_of_our_own_people_s_mails_to_the_customer_closes_the_case(world: World, sender: str, to: str) -> None:
    world.box.deliver("INBOX", sent_by_hand(world, sender=sender, to=to))
    world.run(later=MINUTE)
    assert world.cases[0].state is not State.SENT
    assert not [row for row in world.store.cases.log(world.cases[0]) if row.code == "answered-by-hand"]


def test_a_forged_address_of_another_case_closes_nothing(world: World) -> None:
    raw = sent_by_hand(world).replace(b"+mh.1.1.", b"+mh.1.2.")
    bare = b"\r\n".join(
        line for line in raw.split(b"\r\n") if not line.startswith((b"References", b"In-Reply-To", b" <"))
    )
    world.box.deliver("INBOX", bare)
    world.run(later=MINUTE)
    assert world.cases[0].state is State.HELD


def test_the_blind_copy_that_we_have_put_in_is_nobody_s_edit(world: World) -> None:
    [draft] = world.standing("review")
    raw = world.raw(draft).replace(b"refund request", b"claim", 1)
    world.box.remove([draft])
    world.box.deliver(world.app.folders.approve, raw, flags=("\\Draft",))
    world.run()
    world.run(later=MINUTE)
    assert world.case.state is State.SENT
    assert "your claim" in text_of(world.sent_to(ANN)[0])


def test_another_blind_copy_still_needs_a_second_confirmation(world: World) -> None:
    [draft] = world.standing("review")
    raw = world.raw(draft).replace(b"\r\nBcc: ", b"\r\nBcc: boss@other.test, ", 1)
    world.box.remove([draft])
    world.box.deliver(world.app.folders.approve, raw, flags=("\\Draft",))
    world.run()
    world.run(later=MINUTE)
    assert world.case.state is State.HELD
    assert "blind copy to boss@other.test" in world.store.cases.log(world.case)[-1].why


def by_address(packet: EmailMessage, text: str, **about: str) -> bytes:
    """An answer that begins a new thread: only the address tells what it is about."""
    return letter(text, sender=AS_ANNA, to=str(packet["Reply-To"]), subject="answer", **about)


def test_an_answer_without_its_thread_is_found_by_the_address_that_the_packet_asks_for(world: World) -> None:
    world.box.deliver("INBOX", by_address(world.packet_for(ANNA), "approve", message_id="<new@example.com>"))
    world.run(later=MINUTE)
    assert world.case.state is State.SENT
    assert "Approved" in told(world)


def test_a_list_is_decided_by_an_answer_without_its_thread(world: World) -> None:
    world.box.deliver("INBOX", letter("", sender=AS_ANNA, subject="queue", message_id="<queue@example.com>"))
    world.run()
    [worklist] = [mail for mail in world.sent_to(ANNA) if "waits for you" in str(mail["Subject"])]
    world.box.deliver("INBOX", by_address(worklist, "1 reject: no", message_id="<new@example.com>"))
    world.run(later=MINUTE)
    assert world.case.state is State.REJECTED


def forge(address: str) -> str:
    return address.replace("+p.", "+p.x")


@pytest.mark.parametrize("change", [forge, lambda address: address.replace("+p.", "+w.")])
def test_an_address_that_nobody_was_given_is_told_so_and_becomes_no_case(
    world: World, change: Callable[[str], str]
) -> None:
    packet = world.packet_for(ANNA)
    address = change(str(packet["Reply-To"]))
    packet.replace_header("Reply-To", address)
    world.box.deliver("INBOX", by_address(packet, "approve", message_id="<new@example.com>"))
    world.run(later=MINUTE)
    assert world.case.state is State.HELD
    assert "Nothing was done" in told(world)


def test_a_stranger_who_writes_to_that_address_burns_the_token(world: World) -> None:
    packet = world.packet_for(ANNA)
    raw = letter("approve", sender="Eve <eve@evil.test>", to=str(packet["Reply-To"]), message_id="<eve@evil.test>")
    world.box.deliver("INBOX", raw)
    world.run(later=MINUTE)
    world.answers(packet, "approve")
    world.run(later=MINUTE)
    assert world.cases[0].state is State.HELD
    assert any("no reviewer" in str(mail["Subject"]) for mail in world.sent_to(ANNA))


def test_an_answer_whose_address_and_thread_name_two_packets_is_asked_back(world: World) -> None:
    first = world.packet_for(ANNA)
    world.customer_writes("Please refund my order 4712.", sender="Bob <bob@customer.test>")
    world.run()
    second = world.packet_for(ANNA)
    thread = str(first["Message-ID"])
    raw = by_address(second, "approve", message_id="<new@example.com>", In_Reply_To=thread, References=thread)
    world.box.deliver("INBOX", raw)
    world.run(later=MINUTE)
    assert [case.state for case in world.cases] == [State.HELD, State.HELD]
    assert "another one in its address" in told(world)


def test_a_mailbox_name_that_leaves_no_room_gets_no_tags(tmp_path: Path) -> None:
    long = "a-mailbox-with-a-name-that-nobody-would-ever-type-twice"
    world = World(tmp_path, PLUS.replace("support@example.com", f"{long}@example.com"))
    world.customer_writes("Please refund my order 4711.", to=f"{long}@example.com")
    world.run()
    assert parsed(world.raw(world.standing("review")[0]))["Bcc"] is None
    assert world.packet_for(ANNA)["Reply-To"] is None


def test_without_it_no_draft_and_no_packet_has_a_tag(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.customer_writes("Please refund my order 4711.")
    world.run()
    assert parsed(world.raw(world.standing("review")[0]))["Bcc"] is None
    assert world.packet_for(ANNA)["Reply-To"] is None
