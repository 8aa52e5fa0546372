"""Signed marks: only what we signed, for this very purpose, is ours."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhitl.mail.stamp import (
    Kind,
    PrivateId,
    Stamp,
    header_value,
    new_token,
    read_header,
    read_id,
    token_digest,
    write_id,
)

KEY = bytes(range(32))
OTHER_KEY = bytes(32)
STAMP = Stamp(12, 1, "ab" * 32)
PACKET = PrivateId(Kind.PACKET, 12, 1, "mzxw6ytboi")


def test_an_approval_header_says_what_was_stamped() -> None:
    value = header_value(STAMP, KEY)
    assert value.startswith(f"pending; case=12; rev=1; digest={'ab' * 32}; sig=")
    assert read_header(value, KEY) == STAMP


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.replace("; ", ";\r\n\t"),
        lambda value: value.replace("; ", ";"),
        lambda value: value.replace("case=", "Case = ").replace("sig=", "SIG="),
        lambda value: value.upper(),
    ],
    ids=["folded", "no spaces", "names in another case", "upper case"],
)
def test_folding_and_case_do_not_hurt_an_approval_header(change: Callable[[str], str]) -> None:
    assert read_header(change(header_value(STAMP, KEY)), KEY) == STAMP


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.replace("case=12", "case=13"),
        lambda value: value.replace("case=12", "case=012"),
        lambda value: value.replace("case=12", "case=１２"),
        lambda value: value.replace("rev=1", "rev=2"),
        lambda value: value.replace("ab", "ac", 1),
        lambda value: value.replace("pending", "approved"),
        lambda value: value + "; sig=0",
        lambda value: value + "; to=evil@example.org",
        lambda value: value[:-1],
        lambda value: value.partition("; sig=")[0],
        lambda value: value.partition("sig=")[0] + "sig=",
        lambda value: value.partition("sig=")[0] + "sig=ü",
        lambda _value: "",
        lambda _value: ";;;;====",
        lambda _value: "pending",
    ],
)
def test_a_changed_approval_header_is_not_ours(change: Callable[[str], str]) -> None:
    assert read_header(change(header_value(STAMP, KEY)), KEY) is None


def test_marks_of_another_key_are_not_ours() -> None:
    assert read_header(header_value(STAMP, OTHER_KEY), KEY) is None
    assert read_id(write_id(PACKET, OTHER_KEY, "example.com"), KEY) is None


@given(st.text(max_size=300))
def test_no_text_makes_reading_a_mark_fail(text: str) -> None:
    assert read_header(text, KEY) is None
    assert read_header(f"pending; case={text}; rev=1; digest=a; sig=b", KEY) is None
    assert read_id(text, KEY) is None
    assert read_id(f"<mh.1.1.{text}@example.com>", KEY) is None


@given(
    st.builds(
        PrivateId,
        st.sampled_from(Kind),
        st.integers(0, 10**18 - 1),
        st.integers(0, 10**9),
        st.sampled_from(["", "mzxw6ytboi", new_token()]),
    )
)
def test_a_private_id_says_what_was_written(private: PrivateId) -> None:
    written = write_id(private, KEY, "Example.com")
    assert written.endswith("@example.com>")
    assert read_id(written, KEY) == private
    assert read_id(written.upper(), KEY) == private
    assert read_id(f" {written}\r\n", KEY) == private


def test_an_id_is_the_same_for_the_same_revision_and_differs_by_kind_case_and_revision() -> None:
    ids = [
        write_id(PrivateId(kind, case_id, revision), KEY, "example.com")
        for kind in Kind
        for case_id in (1, 11)
        for revision in (1, 11)
    ]
    assert len(set(ids)) == len(ids)
    assert write_id(PrivateId(Kind.MH, 1, 1), KEY, "example.com") == ids[0]


@pytest.mark.parametrize("old, new", [(".12.", ".13."), (".12.", ".012."), (".1.", ".2."), ("packet", "sent")])
def test_an_id_with_another_case_revision_or_kind_is_not_ours(old: str, new: str) -> None:
    written = write_id(PACKET, KEY, "example.com")
    assert read_id(written.replace(old, new, 1), KEY) is None


def test_the_tag_covers_the_token() -> None:
    written = write_id(PACKET, KEY, "example.com")
    assert read_id(written.replace("mzxw6ytboi", "mzxw6ytboj"), KEY) is None
    assert read_id(written.replace(".mzxw6ytboi", ""), KEY) is None


def test_a_very_long_id_is_refused_unread() -> None:
    assert read_id(f"<mh.1.1.{'a' * 16}@{'a' * 2_000_000}>", KEY) is None


def test_tokens_are_unlike_and_only_their_digest_needs_keeping() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) >= 26 and token == token.lower() and token.isalnum() for token in tokens)
    token = tokens.pop()
    assert token_digest(token, KEY) == token_digest(token.upper(), KEY)
    assert token not in token_digest(token, KEY)
    assert token_digest(token, KEY) != token_digest(token, OTHER_KEY)
