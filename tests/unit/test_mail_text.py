"""Plain text: its shape on the wire, and what in it is new."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhitl.mail.text import flow, new_words, one_line, plain, quote, tagged, unflow

PARAGRAPH = (
    "The quick brown fox jumps over the lazy dog and then, being tired, sleeps until the next pangram comes along."
)


def test_flowed_lines_are_short_and_come_back_as_they_were() -> None:
    text = f"{PARAGRAPH}\n\n> {PARAGRAPH}\n>> deeper\n From here\nFrom there\n-- \nAnn"
    wire = flow(text)
    assert max(map(len, wire.split("\n"))) <= 78
    assert unflow(wire) == text


def test_the_example_of_rfc_3676_is_joined_by_depth() -> None:
    wire = ">> Take some more tea \n>> to me.\n> I have had \n> nothing yet\nYou mean \nless.\n-- \nAlice"
    assert unflow(wire) == ">> Take some more tea to me.\n> I have had nothing yet\nYou mean less.\n-- \nAlice"


def test_with_delsp_the_space_at_the_break_goes() -> None:
    assert unflow("こん \nにちは", delsp=True) == "こんにちは"


@given(st.text(alphabet="ab  >-\nF\u00e9", max_size=400))
def test_flowing_changes_nothing_but_blanks_and_quote_marks(text: str) -> None:
    words = "".join(text.replace(">", " ").split())
    assert "".join(unflow(flow(text)).replace(">", " ").split()) == words
    assert all(len(line) <= 78 or " " not in line.strip("> ")[:60] for line in flow(text).split("\n"))


#: What was written in each mail → what of it is new.
NEW = [
    ("Yes please\n\nOn Mon, 5 Jan 2026 at 10:00, Ann <a@b.example> wrote:\n> Want it?\n> Really?", "Yes please"),
    ("On Mon, 5 Jan 2026 10:00, Ann <a@b.example> wrote:\n> Want it?\n\nYes please", "Yes please"),
    ("On Mon, 5 Jan 2026 at 10:00,\nAnn <a@b.example> wrote:\n\n> Want it?\nYes please", "Yes please"),
    ("> one?\nyes\n> two?\nno", "yes\nno"),
    ("Ja gern\n\nAm 05.01.26 um 10:00 schrieb Ann:\n> Wollen Sie?", "Ja gern"),
    ("Oui\n\nLe 5 janv. 2026 à 10:00, Ann <a@b.example> a écrit :\n\n> Bien ?", "Oui"),
    ("Sì\n\nIl giorno lun 5 gen 2026 alle ore 10:00 Ann <a@b.example> ha scritto:\n> Va bene?", "Sì"),
    ("Yes\n\n-----Original Message-----\nFrom: Ann\nSent: Monday\nTo: Bob\nSubject: Hat\n\nWant it?", "Yes"),
    ("Yes\n\n________________________________\nFrom: Ann\nSent: Monday\nTo: Bob\nSubject: Hat\n\nWant it?", "Yes"),
    ("Ja\n\nVon: Ann\nGesendet: Montag\nAn: Bob\nBetreff: Hut\n\nWollen Sie?", "Ja"),
    ("Yes\n\nOn Mon, 5 Jan 2026 at 10:00, Ann <a@b.example> wrote:\n\nWant it?\nReally?", "Yes"),
    ("Yes\n-- \nAnn\nExample Ltd", "Yes"),
    ("Yes\n\nSent from my iPhone", "Yes"),
    ("Yes\n\nVon meinem iPhone gesendet", "Yes\n\nVon meinem iPhone gesendet"),
    ("> only a quote", ""),
    ("Name: Ann\nFrom: ann@b.example\nSubject: Refund\n\nMoney back, please", None),
    ("From: Berlin\nTo: Hamburg\nDate: 3 May\n\nTwo seats, please", None),
    ("My list:\n- one\n- two", None),
    ("", ""),
]


@pytest.mark.parametrize(("text", "new"), NEW)
def test_what_is_new_is_told_from_what_is_quoted(text: str, new: str | None) -> None:
    assert new_words(text) == (text if new is None else new)


def test_a_quote_is_attributed_marked_and_capped() -> None:
    assert quote("one\n> two\n\nthree", attribution="Ann\nwrote:") == "Ann wrote:\n> one\n>> two\n>\n> three"
    lines = quote("x\n" * 1000, attribution="Ann wrote:").split("\n")
    assert len(lines) == 202
    assert lines[-1] == "> […]"
    assert len(quote("x" * 10**6, attribution="Ann wrote:")) < 21_000


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\r\nb\tc", "a b c"),
        ("a\x0bb\x0cc\x1cd\x85e\u2028f", "a b c d e f"),
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07x", "red x"),
        ("a\0b\x7f", "ab"),
        ("left\u202eright", "leftright"),
        ("x" * 600, "x" * 499 + "…"),
    ],
)
def test_one_line_is_one_harmless_line(text: str, line: str) -> None:
    assert one_line(text) == line


@given(st.text(max_size=300), st.integers(min_value=1, max_value=50))
def test_one_line_never_breaks_and_never_grows(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert "\x1b" not in line


def test_plain_drops_what_no_eye_sees_and_keeps_what_a_script_needs() -> None:
    assert plain("a\u200bp\u00adp\ufeffrove\x07\x1b") == "approve"
    assert plain("می\u200cخواهم") == "می\u200cخواهم"
    assert plain("👩\u200d💻 ❤️") == "👩\u200d💻 ❤️"
    assert plain("a\r\nb\rc\td") == "a\nb\nc\td"


def test_tag_characters_are_told_as_the_text_they_carry() -> None:
    assert tagged("hi" + "".join(chr(0xE0000 + ord(letter)) for letter in "obey me")) == ("obey me",)
    assert tagged("hi ü") == ()
