"""A snapshot gives the facts again: all of them, or as much as the rules read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhitl.draft import Attachment, Draft
from mailhitl.mail.message import Message
from mailhitl.rules.conditions import table
from mailhitl.rules.gates import Gates
from mailhitl.rules.rule import Facts
from mailhitl.rules.snapshot import LONGEST, freeze, thaw
from mailhitl.rules.words import own_words

NOW = datetime(2026, 11, 16, 12, 0, tzinfo=timezone(timedelta(hours=1)))

#: Any text, lone surrogates too: real mail has them.
st.register_type_strategy(str, st.text(st.characters(), max_size=30))
st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
st.register_type_strategy(float, st.floats(0, 1))
st.register_type_strategy(bytes, st.just(b""))


@given(st.from_type(Facts))
def test_facts_that_were_frozen_are_the_same_when_thawed(facts: Facts) -> None:
    assert thaw(freeze(facts)) == facts


def test_the_hour_of_the_day_survives_with_its_time_zone() -> None:
    assert thaw(freeze(Facts(Message(), None, NOW))).now.utcoffset() == timedelta(hours=1)


def test_what_is_too_long_for_the_rules_is_so_in_the_snapshot() -> None:
    facts = Facts(Message(text="a" * 90_000, new_text="a" * 90_000), None, NOW)
    thawed = thaw(freeze(facts))
    assert len(thawed.message.new_text) == LONGEST
    assert thawed.message.new_text in facts.message.new_text
    assert "gate:length" in {reason.rule for reason in Gates().reasons(thawed)}


def test_our_words_below_a_long_quote_are_kept() -> None:
    theirs = "\n".join(f"line {number}" for number in range(2_000))
    quote = "\n".join(f"> {line}" for line in theirs.splitlines())
    draft = Draft(("ann@customer.test",), (), "Re", f"{quote}\n{quote}\nWe guarantee it.", "drafter:template")
    facts = Facts(Message(text=theirs), draft, NOW)
    thawed = thaw(freeze(facts))
    assert thawed.draft is not None
    assert own_words(thawed.draft, thawed.message) == own_words(draft, facts.message)
    assert table({"draft": {"contains": "guarantee"}})(thawed)


def test_an_attachment_is_named_and_not_copied() -> None:
    draft = Draft((), (), "", "", "anna", attachments=(Attachment("a.pdf", "application/pdf", b"secret"),))
    thawed = thaw(freeze(Facts(Message(), draft, NOW)))
    assert thawed.draft == replace(draft, attachments=(Attachment("a.pdf", "application/pdf", b""),))


def test_a_snapshot_of_a_newer_version_is_read_as_far_as_it_is_known() -> None:
    frozen = json.loads(freeze(Facts(Message(subject="Hours"), None, NOW)))
    frozen["mood"] = "cheerful"
    frozen["message"]["mood"] = "cheerful"
    assert thaw(json.dumps(frozen).encode()) == Facts(Message(subject="Hours"), None, NOW)


@pytest.mark.parametrize("wrong", [b"", b"[]", b"{}", b'{"message": 3, "now": "2026-11-16"}', b"\xff"])
def test_what_is_no_snapshot_is_said_to_be_none(wrong: bytes) -> None:
    with pytest.raises(ValueError):
        thaw(wrong)
