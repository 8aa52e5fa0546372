"""Handing over by SMTP: sizes, addresses and bodies; whatever they hold, exactly the mail meant arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhitl.delivery import Phase
from tests.contract.handing_over import ANN, LONG_MAIL, MAIL, PATIENT, SENDER, hand_over, statuses
from tests.smtp_server import DROP, STALL, ScriptedServer

# --- what the server can take -----------------------------------------------------------------------------------------


def test_a_mail_larger_than_the_server_takes_is_refused_before_it_is_sent() -> None:
    with ScriptedServer(extensions=("SIZE 100",)) as server:
        handover = hand_over(server, raw=b"Subject: x\r\n\r\n" + b"x\n" * 50)

    assert statuses(handover) == {ANN: "refused"}
    assert "message too large: 164 bytes, the server takes at most 100" in handover.reply
    assert not any(command.startswith("MAIL") for command in server.commands)


@pytest.mark.parametrize("limit", ["SIZE", "SIZE 0", "SIZE ²", "SIZE -1", "SIZE " + "9" * 5000, f"SIZE {len(MAIL)}"])
def test_a_limit_that_is_none_does_not_refuse(limit: str) -> None:
    with ScriptedServer(extensions=(limit,)) as server:
        handover = hand_over(server)

    assert statuses(handover) == {ANN: "accepted"}
    assert f"MAIL FROM:<{SENDER}> SIZE={len(MAIL)}" in server.commands


@pytest.mark.parametrize(
    ("extensions", "body", "expected"),
    [
        (("8BITMIME",), b"\xc3\xa9", " BODY=8BITMIME"),
        (("8BITMIME",), b"e", ""),
        ((), b"\xc3\xa9", ""),
    ],
)
def test_eight_bit_bodies_are_announced_where_the_server_knows_them(
    extensions: tuple[str, ...], body: bytes, expected: str
) -> None:
    with ScriptedServer(extensions=extensions) as server:
        hand_over(server, raw=b"Subject: x\r\n\r\n" + body)

    assert f"MAIL FROM:<{SENDER}>{expected}" in server.commands


def test_without_smtputf8_only_the_non_ascii_recipient_is_refused() -> None:
    with ScriptedServer() as server:
        handover = hand_over(server, "jörg@example.org", ANN)

    assert statuses(handover) == {"jörg@example.org": "refused", ANN: "accepted"}
    assert "SMTPUTF8" in handover.reply
    assert server.delivered[0].recipients == (ANN,)


def test_without_smtputf8_a_non_ascii_sender_is_refused() -> None:
    with ScriptedServer() as server:
        handover = hand_over(server, sender="jörg@example.com")

    assert statuses(handover) == {ANN: "refused"}
    assert server.delivered == []


def test_with_smtputf8_the_non_ascii_recipient_is_served() -> None:
    with ScriptedServer(extensions=("SMTPUTF8",)) as server:
        handover = hand_over(server, "jörg@bücher.example")

    assert statuses(handover) == {"jörg@bücher.example": "accepted"}
    assert server.delivered[0].recipients == ("jörg@bücher.example",)
    assert f"MAIL FROM:<{SENDER}> SMTPUTF8" in server.commands


def test_an_automatic_answer_may_have_an_empty_reverse_path() -> None:
    with ScriptedServer() as server:
        handover = hand_over(server, sender="")

    assert statuses(handover) == {ANN: "accepted"}
    assert server.delivered[0].sender == ""


# --- addresses (checklist 42) -----------------------------------------------------------------------------------------

NOT_ADDRESSES = [
    "",
    "ann",
    "@example.org",
    "ann@",
    "ann@example.org\r\nRCPT TO:<eve@evil.example>",
    "ann@example.org\n",
    "ann@example.org> NOTIFY=SUCCESS",
    "ann@example.org>\tORCPT=x",
    "ann smith@example.org",
    " ann@example.org",
    "ann@example.org ",
    "boss@example.org <eve@evil.example>",
    "<ann@example.org>",
    "Ann <ann@example.org>",
    "ann@example.org,eve@evil.example",
    "ann@example.org (comment)",
    "ann@@example.org",
    "ann..smith@example.org",
    ".ann@example.org",
    "ann@example..org",
    '"ann"smith@example.org',
    '"ann@example.org',
    '"ann\x00"@example.org',
    '"ann\r\n"@example.org',
    "ann\u2028@example.org",
    "ann\u00a0smith@example.org",
    "ann\x85@example.org",
    "ann\udc80@example.org",
    "a" * 65 + "@example.org",
    "ann@" + "a" * 300 + ".example",
]


@pytest.mark.parametrize("address", NOT_ADDRESSES)
def test_what_is_no_address_never_reaches_the_wire(address: str) -> None:
    with ScriptedServer(extensions=("SMTPUTF8",)) as server:
        handover = hand_over(server, address, ANN)
        alone = hand_over(server, address)

    assert statuses(handover) == {address: "refused", ANN: "accepted"}
    assert statuses(alone) == {address: "refused"}
    assert [command for command in server.commands if command.startswith("RCPT")] == [f"RCPT TO:<{ANN}>"]
    assert server.connections == 1


@pytest.mark.parametrize("sender", [address for address in NOT_ADDRESSES if address])
def test_what_is_no_sender_never_reaches_the_wire(sender: str) -> None:
    with ScriptedServer(extensions=("SMTPUTF8",)) as server:
        handover = hand_over(server, sender=sender)

    assert statuses(handover) == {ANN: "refused"}
    assert server.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "-f@example.org",
        "o'brien+tag@example.org",
        '"ann smith"@example.org',
        r'"a\"b>c"@example.org',
        "ann@[192.0.2.1]",
        "ann@[IPv6:2001:db8::1]",
        "ann@xn--bcher-kva.example",
    ],
)
def test_an_odd_address_reaches_the_wire_as_it_is(address: str) -> None:
    with ScriptedServer() as server:
        handover = hand_over(server, address)

    assert statuses(handover) == {address: "accepted"}
    assert f"RCPT TO:<{address}>" in server.commands


# --- bodies (checklist 40) --------------------------------------------------------------------------------------------

BODIES = [
    (b"a\n.\nb", b"a\r\n.\r\nb\r\n"),
    (b"a\n.\r\nb", b"a\r\n.\r\nb\r\n"),
    (b"a\r.\rb", b"a\r\n.\r\nb\r\n"),
    (b"a\r\n.\rQUIT\r\n", b"a\r\n.\r\nQUIT\r\n"),
    (b".", b".\r\n"),
    (b"..\r\n.\r\n", b"..\r\n.\r\n"),
    (b"", b"\r\n"),
    (b"a\x00b\n", b"a\x00b\r\n"),
    (b"a\r\r\nb", b"a\r\n\r\nb\r\n"),
    (b"a\n.\nMAIL FROM:<eve@evil.example>\nRCPT TO:<ann@example.org>\nDATA\nforged\n.\n", None),
]


@pytest.mark.parametrize(("raw", "arrives"), BODIES)
def test_a_body_of_dots_and_bare_line_ends_arrives_as_exactly_one_mail(raw: bytes, arrives: bytes | None) -> None:
    with ScriptedServer() as server:
        handover = hand_over(server, raw=raw)

    assert statuses(handover) == {ANN: "accepted"}
    (delivered,) = server.delivered
    assert delivered.content == (arrives if arrives is not None else raw.replace(b"\n", b"\r\n"))


@pytest.fixture(scope="module")
def busy_server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(st.sampled_from([b"\r", b"\n", b".", b"\r\n.\r\n", b"\x00", b"\xff", b"word"])))
def test_any_body_arrives_as_exactly_one_mail(busy_server: ScriptedServer, parts: list[bytes]) -> None:
    busy_server.delivered.clear()
    handover = hand_over(busy_server, raw=b"".join(parts))

    assert statuses(handover) == {ANN: "accepted"}
    (delivered,) = busy_server.delivered
    assert delivered.content.splitlines() == (b"".join(parts) or b"\n").splitlines()
    assert delivered.content.count(b"\r\n") == delivered.content.count(b"\n") == delivered.content.count(b"\r")


def test_a_long_body_arrives_whole() -> None:
    with ScriptedServer(extensions=()) as server:
        handover = hand_over(server, raw=LONG_MAIL)

    assert statuses(handover) == {ANN: "accepted"}
    assert server.delivered[0].content == LONG_MAIL


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (DROP, "unknown"),
        (STALL, "unknown"),
        ("451 4.3.0 later", "deferred"),
        ("552 5.3.4 too large", "refused"),
        ("250 2.0.0 already queued", "unknown"),
    ],
)
def test_a_server_may_break_off_in_the_middle_of_a_long_body(act: str, expected: str) -> None:
    """Nothing but a yes after the final dot is a yes, and what was refused in the middle was refused."""
    with ScriptedServer({"body": act}, extensions=()) as server:
        handover = hand_over(server, raw=LONG_MAIL, timeouts=replace(PATIENT, block=0.5))

    assert statuses(handover) == {ANN: expected}
    assert handover.phase is Phase.BODY
    assert b"QUIT" not in server.received_in_clear


def test_the_shared_mails_all_arrive_as_exactly_one(shared: Callable[[str], Path], busy_server: ScriptedServer) -> None:
    for path in sorted(shared("clients").glob("*.eml")):
        busy_server.delivered.clear()
        handover = hand_over(busy_server, raw=path.read_bytes())
        assert (path.name, statuses(handover)) == (path.name, {ANN: "accepted"})
        assert len(busy_server.delivered) == 1
