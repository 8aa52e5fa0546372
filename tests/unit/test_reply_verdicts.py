"""Answers to tickets: a clear "right" is found, an unclear one is never made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mailhitl.mail.parse import parse
from mailhitl.mail.reply import Command, read_verdict

SAMPLE = """This answer went to ann@customer.example without a person, because the rule “Hours” let it.

Customer: Ann <ann@customer.example>
Subject: Opening hours
| Is that right?

--- What was sent ---
We are open on Mondays. Right.
---

Was it right? Answer this mail, beginning with
  "right" if you would have sent it like this
  "wrong: why" if not; then a person looks at all such answers again from now on
Case 12. The customer's mail is attached.
"""
QUOTED = "".join(f"> {line}\n" for line in SAMPLE.splitlines())


def verdict(body: str) -> Command | None:
    return read_verdict(
        parse(f"From: anna@example.com\nContent-Type: text/plain; charset=utf-8\n\n{body}".encode()), SAMPLE
    )


@pytest.mark.parametrize("body", ["right", "Right.", "*right*", "richtig", "Stimmt!", "correct", "right\n\n-- \nAnna"])
def test_a_clear_word_is_understood(body: str) -> None:
    assert verdict(f"{body}\n\nOn Mon, Example Support wrote:\n{QUOTED}") == Command("right", "")


@pytest.mark.parametrize(
    "body",
    [
        *("right?", "right, but late", "not right", "all right", "I think so", "", "alright", "right\nbut not today"),
        *("right\n\nBut only on Mondays", "right\n\nWrong, sorry", "promote?", "do not promote", "promote it"),
    ],
)
def test_what_is_not_clearly_the_one_word_is_nothing(body: str) -> None:
    assert verdict(f"{body}\n\nOn Mon, Example Support wrote:\n{QUOTED}") is None


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("wrong", ""),
        ("wrong: we are closed on Mondays", "we are closed on Mondays"),
        ("Wrong, we are closed\non Mondays", "we are closed on Mondays"),
        ("falsch: montags ist zu", "montags ist zu"),
    ],
)
def test_a_wrong_takes_what_follows_as_its_reason(body: str, why: str) -> None:
    assert verdict(f"{body}\n\nOn Mon, Example Support wrote:\n{QUOTED}") == Command("wrong", why)


def test_the_mail_quoted_without_marks_says_nothing() -> None:
    assert verdict(SAMPLE) is None
    assert verdict(f"From: Example Support\nSubject: [Sample]\n\n{SAMPLE}") is None


def test_no_mail_of_any_corpus_is_taken_for_a_release(shared: Callable[[str], Path]) -> None:
    paths = [path for path in shared("corpus").rglob("*.eml") if path.is_file()]
    found = {path.name: read_verdict(parse(path.read_bytes()), SAMPLE) for path in paths}
    assert {name: each for name, each in found.items() if each and each.word != "wrong"} == {}
    assert len(found) > 200
