"""An address is what stands in the angle brackets, never what a name pretends (checklist 15, 42)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhitl.mail.address import addresses, is_addr_spec
from mailhitl.mail.parse import parse_header

BOSS = "boss@corp.example"

#: value → the addr-specs read from it, in order; "" for one that is not strict.
READ = {
    "boss@corp.example": (BOSS,),
    "<boss@corp.example>": (BOSS,),
    "The Boss <boss@corp.example>": (BOSS,),
    '"Boss, The" <boss@corp.example>': (BOSS,),
    "boss@corp.example (The Boss)": (BOSS,),
    "boss@corp.example <evil@x.example>": ("evil@x.example",),
    '"boss@corp.example" <evil@x.example>': ("evil@x.example",),
    "=?utf-8?q?boss=40corp.example?= <evil@x.example>": ("evil@x.example",),
    "=?utf-8?q?=3Cboss=40corp.example=3E?= <evil@x.example>": ("evil@x.example",),
    "=?utf-8?q?boss=40corp.example?=": ("",),
    "<boss@corp.example>evil@x.example": ("",),
    "<boss@corp.example> <evil@x.example>": ("",),
    "boss@corp.example evil@x.example": ("",),
    "boss(comment)@corp.example": ("",),
    "<boss(comment)@corp.example>": ("",),
    "boss@corp.example\0": ("",),
    "\0boss@corp.example": ("",),
    "boss@corp.example\r\nBcc: evil@x.example": ("",),
    "boss@corp.example\nBcc: <evil@x.example>": ("",),
    "bоss@corp.example": ("",),  # a Cyrillic o
    "boss@cоrp.example": ("",),
    "boss@xn--crp-jdd.example": ("boss@xn--crp-jdd.example",),
    "boss@corp.example.": ("",),
    "<boss@corp.example> SIZE=1": ("",),
    "<boss@corp.example\t>": (BOSS,),
    "<boss @corp.example>": ("",),
    "<@relay.example:boss@corp.example>": ("",),
    "-boss@corp.example": ("",),
    "<-oQ/tmp@corp.example>": ("",),
    f"{'b' * 300}@corp.example": ("",),
    f"boss@{'c' * 300}.example": ("",),
    '"b o s s"@corp.example': ('"b o s s"@corp.example',),
    '"boss@corp.example': ("",),
    "boss@corp.example, ann@example.org": (BOSS, "ann@example.org"),
    "staff: boss@corp.example, Ann <ann@example.org>;": (BOSS, "ann@example.org"),
    "undisclosed-recipients:;": (),
    "": (),
    "<>": ("",),
    "boss": ("",),
}


@pytest.mark.parametrize("value", READ)
def test_only_a_strict_address_counts_as_one(value: str) -> None:
    assert tuple(address.spec for address in addresses([value])) == READ[value]


def test_the_name_is_decoded_and_one_line() -> None:
    (ann,) = addresses(["=?utf-8?q?Ann_=0D=0ABcc=3A_x?= =?utf-8?b?w5xtbMOkdXQ=?= <ann@example.org>"])
    assert ann.name == "Ann Bcc: xÜmläut"


def test_two_from_headers_name_no_sender() -> None:
    message = parse_header(b"From: boss@corp.example\r\nFrom: evil@x.example\r\n\r\n")
    assert [sender.spec for sender in message.senders] == [BOSS, "evil@x.example"]
    assert message.sender.spec == ""


def test_a_blank_before_the_colon_of_from_makes_it_nobody() -> None:
    assert parse_header(b"From : boss@corp.example\r\n\r\n").sender.spec == ""


@pytest.mark.parametrize(
    ("value", "specs"),
    [
        ("staff: boss@corp.example;", [""]),
        ("staff: boss@corp.example", [""]),
        ("staff: <boss@corp.example>;", [""]),
        ("staff:;, boss@corp.example", [""]),
        ("Corp: The Boss <boss@corp.example>", ["boss@corp.example"]),
        ('"staff: x;" <boss@corp.example>', ["boss@corp.example"]),
        ("boss@corp.example (staff: x;)", ["boss@corp.example"]),
    ],
)
def test_a_group_in_from_makes_it_nobody(value: str, specs: list[str]) -> None:
    assert [sender.spec for sender in parse_header(f"From: {value}\n".encode()).senders] == specs


def test_a_nul_in_from_makes_it_nobody() -> None:
    assert parse_header(b"From: boss@corp\0.example\r\n\r\n").sender.spec == ""


def test_a_folded_from_is_read_as_one_line() -> None:
    assert parse_header(b"From: The\r\n Boss\r\n\t<boss@corp.example>\r\n\r\n").sender.spec == BOSS


@pytest.mark.parametrize(
    "text",
    ["a@b", "a.b+c@d.example", '"a\\"b"@c.example', "o'neill@example.org", "1@2.example", "a@xn--bcher-kva.example"],
)
def test_strict_addresses_are_recognised(text: str) -> None:
    assert is_addr_spec(text)


@pytest.mark.parametrize(
    "text",
    ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b c", "a@b\n", "a\r\n@b", "a..b@c", ".a@b", "a.@b", "a@-b", "a@b-"],
)
def test_anything_looser_is_refused(text: str) -> None:
    assert not is_addr_spec(text)


@pytest.mark.parametrize(
    "text",
    ["a@[127.0.0.1]", "<a@b>", "a@b>", "a@b,c", '""@b', "ä@b", "a@ä", "-a@b", f"{'a' * 65}@b", "a@b\0", "a\u2028@b"],
)
def test_what_a_server_or_shell_could_trip_over_is_refused(text: str) -> None:
    assert not is_addr_spec(text)


@given(st.lists(st.text(alphabet='ab@.<>"\\(),;: \r\n\0é', max_size=60), max_size=4))
def test_whatever_comes_every_spec_is_strict_and_no_name_breaks_a_line(values: list[str]) -> None:
    for address in addresses(values):
        assert address.spec == "" or is_addr_spec(address.spec)
        assert address.name.isprintable()
