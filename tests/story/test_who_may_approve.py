"""Who may approve, and where an answer may go without a person (safety checklist 12, 15, 17, 18, 27, 55 and 56)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailhitl.case import Event, State
from tests.story.world import CONFIG, World, letter, text_of

MINUTE = timedelta(seconds=61)
ANN, ANNA, BEN = "ann@customer.test", "anna@example.com", "ben@example.com"
AS_BEN = "Ben <ben@example.com>"


def held(world: World, text: str = "Please refund my order 4711.", **about: str) -> None:
    world.customer_writes(text, **about)
    world.run()
    assert world.cases[-1].state is State.HELD


def told(world: World, address: str = ANNA) -> str:
    """The last answer of the agent to a mail of this person's."""
    return text_of([mail for mail in world.sent_to(address) if str(mail["Subject"]).startswith("Re:")][-1])


def everybody(folder: Path, **rule: int) -> World:
    """A team in which Anna and Ben are asked about every refund."""
    asked = "".join(f"{key} = {value}\n" for key, value in rule.items())
    return World(folder, CONFIG.replace('reviewers = "support"\n', asked))


# -- 15: From oddities. The worst case: the token is right, and our own border vouches for example.com.

ODD = {
    "two From headers": "From: eve@evil.test\r\nFrom: anna@example.com",
    "two From headers, ours first": "From: anna@example.com\r\nFrom: eve@evil.test",
    "two addresses": "From: anna@example.com, eve@evil.test",
    "an address as the name": 'From: "anna@example.com" <eve@evil.test>',
    "an address as the name without quotes": "From: anna@example.com <eve@evil.test>",
    "an address behind the brackets": "From: <anna@example.com>eve@evil.test",
    "two pairs of brackets": "From: <anna@example.com><eve@evil.test>",
    "a group": "From: Team: anna@example.com;",
    "an encoded word as the name": "From: =?utf-8?q?anna=40example=2Ecom?= <eve@evil.test>",
    "an encoded word as the address": "From: =?utf-8?q?anna=40example=2Ecom?=",
    "an encoded word within the address": "From: <=?utf-8?q?anna?=@example.com>",
    "a comment": "From: eve@evil.test (anna@example.com)",
    "a comment within the address": "From: <anna@example.com(.evil.test)@evil.test>",
    "a NUL": "From: anna@example.com\0.evil.test",
    "a blank before the colon": "From : anna@example.com",
    "only the Sender": "From: eve@evil.test\r\nSender: anna@example.com",
    "a Cyrillic letter": "From: Anna <\u0430nna@example.com>",
    "a Cyrillic domain": "From: Anna <anna@\u0435xample.com>",
    "a punycode domain": "From: Anna <anna@xn--xample-2of.com>",
    "a plus-address": "From: Anna <anna+boss@example.com>",
    "a quoted local part": 'From: <"anna"@example.com>',
    "a longer domain": "From: Anna <anna@example.com.evil.test>",
    "a route": "From: <@evil.test:anna@example.com>",
    "nobody": "From: <>",
}


@pytest.mark.parametrize("header", ODD.values(), ids=ODD)
def test_15_an_odd_from_is_never_a_reviewer(world: World, header: str) -> None:
    held(world)
    packet = world.packet_for(ANNA)
    raw = letter("approve", sender="Anna <anna@example.com>", In_Reply_To=str(packet["Message-ID"]))
    assert b"header.from=example.com" in raw
    world.box.deliver("INBOX", raw.replace(b"From: Anna <anna@example.com>", header.encode(), 1))
    world.run(later=MINUTE)
    assert world.cases[0].state is State.HELD
    assert world.sent_to(ANN) == []
    assert not [row for row in world.store.cases.log(world.cases[0]) if row.event is Event.APPROVE]


def test_15_the_same_mail_with_an_ordinary_from_is_the_reviewers(world: World) -> None:
    held(world)
    packet = world.packet_for(ANNA)
    world.box.deliver("INBOX", letter("approve", sender="Anna <anna@example.com>", In_Reply_To=packet["Message-ID"]))
    world.run(later=MINUTE)
    assert world.case.state is State.SENT


# -- 17: tokens

FORGED: dict[str, Callable[[str], str]] = {
    "a flipped letter in the token": lambda local: f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}",
    "a flipped letter in the tag": lambda local: local.replace(".1.1.", ".1.1.a", 1),
    "cut short by one letter": lambda local: local[:-1],
    "without its token": lambda local: local.rpartition(".")[0],
    "of another case": lambda local: local.replace(".1.1.", ".2.1.", 1),
    "of another version": lambda local: local.replace(".1.1.", ".1.2.", 1),
    "of another kind": lambda local: local.replace("packet", "worklist", 1),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_17_a_token_that_was_tampered_with_approves_nothing(world: World, forge: Callable[[str], str]) -> None:
    held(world)
    packet = world.packet_for(ANNA)
    local, _, domain = str(packet["Message-ID"]).strip("<>").partition("@")
    assert local.startswith("packet.1.1.")
    forged = forge(local)
    assert forged != local
    packet.replace_header("Message-ID", f"<{forged}@{domain}>")
    world.answers(packet, "approve")
    world.run(later=MINUTE)
    assert world.case.state is State.HELD
    assert world.sent_to(ANN) == []
    assert told(world).startswith("Nothing was done")


def test_17_an_expired_token_is_told_so(world: World) -> None:
    held(world)
    world.run(later=timedelta(days=5))
    assert world.case.state is State.HELD, "it is closed at the second look"
    world.answers(world.packet_for(ANNA), "approve")
    world.run()
    assert "expired" in told(world)
    assert world.sent_to(ANN) == []


def test_17_a_used_token_is_told_what_was_done_with_it(world: World) -> None:
    held(world)
    world.answers(world.packet_for(ANNA), "escalate: billing")
    world.run()
    world.answers(world.packet_for(ANNA), "approve")
    world.run()
    assert "Nothing was done" in told(world)
    assert world.case.state is State.HELD
    assert world.sent_to(ANN) == []


def test_17_a_token_is_good_for_its_own_case_only(world: World) -> None:
    held(world)
    held(world, subject="Other order", sender="Bob <bob@customer.test>")
    world.answers(world.packet_for(ANNA), "approve")
    world.run()
    assert [case.state for case in world.cases] == [State.HELD, State.SENT]


def test_17_a_token_that_another_key_has_signed_is_not_ours(world: World, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other")
    for each in (world, other):
        held(each)
    world.answers(other.packet_for(ANNA), "approve")
    world.run(later=MINUTE)
    assert world.cases[0].state is State.HELD
    assert world.sent_to(ANN) == []
    other.store.close()


@pytest.mark.parametrize(
    ("first", "second", "state", "sent"),
    [("approve", "reject: no", State.SENT, 1), ("reject: no", "approve", State.REJECTED, 0)],
)
def test_17_of_two_people_who_decide_at_once_the_first_wins_and_the_other_is_told(
    tmp_path: Path, first: str, second: str, state: State, sent: int
) -> None:
    world = everybody(tmp_path)
    held(world)
    world.answers(world.packet_for(ANNA), first)
    world.answers(world.packet_for(BEN), second, sender=AS_BEN)
    world.run()
    assert (world.case.state, len(world.sent_to(ANN))) == (state, sent)
    assert "already" in told(world, BEN)
    assert ANNA in told(world, BEN)
    world.store.close()


# -- 12, 18: blind copies and bounces


def test_12_a_blind_copy_that_was_added_to_an_edit_needs_a_second_confirmation_and_is_never_sent(world: World) -> None:
    held(world)
    [draft] = world.standing("review")
    raw = world.raw(draft).replace(b"To: ann", b"Bcc: eve@evil.test\r\nTo: ann", 1)
    world.box.remove([draft])
    world.box.deliver(world.app.folders.approve, raw.replace(b"Kind regards", b"Best wishes"), flags=("\\Draft",))
    world.run()
    world.run(later=MINUTE)
    assert world.sent_to(ANN) == []
    assert "blind copies are never sent" in text_of(world.packet_for(ANNA))
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run()
    world.run(later=MINUTE)
    assert len(world.sent_to(ANN)) == 1
    assert world.sent_to("eve@evil.test") == []


def test_12_a_blind_copy_that_is_the_only_change_is_told_of_before_anything_is_sent(world: World) -> None:
    held(world)
    [draft] = world.standing("review")
    raw = world.raw(draft).replace(b"To: ann", b"Bcc: eve@evil.test\r\nTo: ann", 1)
    world.box.remove([draft])
    world.box.deliver(world.app.folders.approve, raw, flags=("\\Draft",))
    world.run()
    for _ in range(3):
        world.run(later=MINUTE)
    assert world.sent_to(ANN) == []
    assert world.standing("approve") == []
    assert world.case.revision == 2
    assert "blind copies are never sent" in text_of(world.packet_for(ANNA))
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run()
    world.run(later=MINUTE)
    assert len(world.sent_to(ANN)) == 1
    assert world.sent_to("eve@evil.test") == []


def test_12_a_blind_copy_makes_no_skeleton_whole(world: World) -> None:
    held(world, "Something that no template fits.")
    for _ in range(2):
        [draft] = world.standing("review")
        raw = world.raw(draft)
        world.box.remove([draft])
        blind = raw.replace(b"To: ann", b"Bcc: eve@evil.test\r\nTo: ann", 1)
        world.box.deliver(world.app.folders.approve, blind, flags=("\\Draft",))
        world.run()
        world.run(later=MINUTE)
    assert world.case.state is State.HELD
    assert world.sent_to(ANN) == []


def test_18_a_bounce_that_quotes_the_packet_decides_nothing(world: World) -> None:
    held(world)
    packet = world.packet_for(ANNA)
    world.box.deliver(
        "INBOX",
        letter(
            f"approve\n\n{text_of(packet)}",
            sender="Anna <anna@example.com>",
            subject="Undelivered Mail Returned to Sender",
            In_Reply_To=str(packet["Message-ID"]),
            References=str(packet["Message-ID"]),
            Return_Path="<>",
        ).replace(b"Content-Type: text/plain", b"Content-Type: multipart/report; report-type=delivery-status", 1),
    )
    world.run(later=MINUTE)
    assert world.cases[0].state is State.HELD
    assert world.sent_to(ANN) == []


# -- 27: where an automatic answer may go

ELSEWHERE = {
    "another domain": {"Reply_To": "ann@elsewhere.test"},
    "several, one elsewhere": {"Reply_To": f"{ANN}, eve@evil.test"},
    "several of one domain": {"Reply_To": f"{ANN}, boss@customer.test"},
    "a reviewer": {"Reply_To": ANNA},
    "ourselves": {"Reply_To": "support@example.com"},
    "an alias of ours": {"Reply_To": "help@example.com"},
    "a copy to a stranger": {"Cc": "eve@evil.test"},
    "500 copies": {"Cc": ", ".join(f"c{number}@customer.test" for number in range(500))},
}


@pytest.mark.parametrize("about", ELSEWHERE.values(), ids=ELSEWHERE)
def test_27_an_answer_that_would_go_elsewhere_waits_for_a_person(world: World, about: dict[str, str]) -> None:
    world.customer_writes("When are you open?", subject="Opening hours", **about)
    world.run(later=timedelta(hours=1))
    assert world.case.state is State.HELD
    assert world.transport.outside.sent == []


def test_27_without_oddities_the_same_question_is_answered_by_itself(world: World) -> None:
    world.customer_writes("When are you open?", subject="Opening hours", Reply_To=ANN)
    world.run(later=timedelta(hours=1))
    assert world.case.state is State.SENT


@pytest.mark.parametrize("about", [{"Reply_To": "ann@elsewhere.test"}, {"Cc": "eve@evil.test"}])
def test_27_the_packet_shows_every_address_that_gets_the_answer(world: World, about: dict[str, str]) -> None:
    world.customer_writes("Please refund my order 4711.", **about)
    world.run()
    [address] = about.values()
    assert address in text_of(next(mail for mail in world.sent_to(ANNA) if "[Review]" in str(mail["Subject"])))


# -- 55, 56: identity and four eyes


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[World]:
    """Refunds need two people. Anna has a folder of her own below Approve."""
    world = everybody(tmp_path, approvals=2)
    world.box.create(f"{world.app.folders.approve}/Anna")
    world.restart()
    yield world
    world.store.close()


def anna_moves(world: World) -> None:
    """Anna moves the draft into her own folder, and the grace period passes."""
    [draft] = world.standing("review")
    world.box.move(draft, f"{world.app.folders.approve}/Anna")
    world.run()
    world.run(later=MINUTE)


def endorsed_by(world: World) -> list[tuple[str, str]]:
    """Who has agreed, in the words of the log: (who, what proves it)."""
    rows = world.store.cases.log(world.case)
    return [(row.by, row.proof.partition(" ")[0]) for row in rows if row.event in (Event.ENDORSE, Event.APPROVE)]


def test_55_a_folder_of_ones_own_signs_with_a_name_and_a_shared_one_does_not(pair: World) -> None:
    held(pair)
    [draft] = pair.standing("review")
    pair.moves(draft, "approve")
    pair.run()
    pair.run(later=MINUTE)
    assert endorsed_by(pair) == [], "nobody knows whose hand it was"
    anna_moves(pair)
    assert endorsed_by(pair) == [(ANNA, "folder")]


def test_55_a_shared_login_is_logged_as_nobody_by_name(world: World) -> None:
    held(world)
    [draft] = world.standing("review")
    world.moves(draft, "approve")
    world.run()
    world.run(later=MINUTE)
    assert endorsed_by(world) == [("someone with access", "folder")]


def test_56_one_person_who_signs_by_two_channels_counts_once(pair: World) -> None:
    held(pair)
    pair.answers(pair.packet_for(ANNA), "approve")
    pair.run()
    anna_moves(pair)
    assert pair.case.state is State.HELD
    assert {by for by, _ in endorsed_by(pair)} == {ANNA}
    assert pair.sent_to(ANN) == []
    pair.answers(pair.packet_for(BEN), "approve", sender=AS_BEN)
    pair.run()
    assert pair.case.state is State.SENT


@pytest.mark.parametrize(
    "again", ["Anna <anna@example.com>", "ANNA <ANNA@EXAMPLE.COM>", "Anna <anna+two@example.com>", "Ann <a@anna.test>"]
)
def test_56_one_person_counts_once_under_any_spelling_or_alias(pair: World, again: str) -> None:
    held(pair)
    packet: EmailMessage = pair.packet_for(ANNA)
    pair.answers(packet, "approve")
    pair.run()
    pair.answers(packet, "approve", sender=again)
    pair.answers(pair.packet_for(BEN), "approve", sender=again)
    pair.run(later=MINUTE)
    assert pair.cases[0].state is State.HELD
    assert pair.sent_to(ANN) == []


def test_56_the_editor_is_not_the_second_pair_of_eyes(pair: World) -> None:
    held(pair)
    pair.answers(pair.packet_for(ANNA), "edit: We have refunded your order.")
    pair.run()
    pair.answers(pair.packet_for(BEN), "approve", sender=AS_BEN)
    pair.run()
    pair.answers(pair.packet_for(ANNA), "approve")
    pair.run()
    assert "another person" in told(pair)
    assert pair.case.state is State.HELD
    assert pair.sent_to(ANN) == []
