"""One reply that decides several numbered items."""

from __future__ import annotations

import pytest

from mailhitl.mail.message import Message
from mailhitl.mail.numbered import Entry, read_entries
from mailhitl.mail.reply import Command

LIST = "Three answers wait for you.\n1. Ann: refund\n2. Bob: where is it\n3. Eve: hours"
APPROVE = Command("approve", "")


def read(text: str) -> list[tuple[tuple[int, ...], Command | None]]:
    return [(entry.numbers, entry.command) for entry in read_entries(Message(text=text, new_text=text), LIST)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 approve", [((1,), APPROVE)]),
        ("1,3-5 approve; 2 reject: price", [((1, 3, 4, 5), APPROVE), ((2,), Command("reject", "price"))]),
        ("1, 3 ok\n2: nein: zu teuer", [((1, 3), APPROVE), ((2,), Command("reject", "zu teuer"))]),
        ("1 and 2 yes", [((1, 2), APPROVE)]),
        ("1) approve\n2) escalate: billing", [((1,), APPROVE), ((2,), Command("escalate", "billing"))]),
    ],
)
def test_a_reply_decides_many_items_at_once(text: str, expected: list[tuple[tuple[int, ...], Command | None]]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    ["approve", "all approve", "1 approve?", "1 don't approve", "1 approved but wait", "approve 1", "1", "1-9999 ok"],
)
def test_what_is_unclear_decides_nothing(text: str) -> None:
    assert [command for _, command in read(text)] == [None]


def test_a_number_that_is_decided_twice_is_decided_not_at_all() -> None:
    assert read("1-3 approve; 2 reject: price") == [((1, 2, 3), None), ((2,), None)]


def test_our_own_list_quoted_below_decides_nothing() -> None:
    text = f"1 approve\n\n{LIST}"
    assert read_entries(Message(text=text, new_text=text), LIST) == (Entry("1 approve", (1,), APPROVE),)


@pytest.mark.parametrize(
    "text", ["1" * 5_000, "1" * 60 + "x approve", "1 " * 5_000, "1" + " " * 50_000 + "\x00", "1 e" * 5_000]
)
def test_no_row_of_digits_or_blanks_is_tried_in_more_ways_than_one(text: str) -> None:
    assert [command for _, command in read(text)] in ([None], [])
