"""One customer's data never answers another's question, and no secret reaches a model."""

from __future__ import annotations

import pytest

from mailhitl.drafting.redaction import anonymous, without_secrets

NAMES = ["Anna Berg", "anna.berg@shop.example"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dear Ms Berg,\n\nWe are open on Sundays.", "We are open on Sundays."),
        ("Hallo Anna!\nWir haben sonntags offen.", "Wir haben sonntags offen."),
        ("Your order A-10422 left today.", "Your order [number] left today."),
        ("We refund 49.90 EUR.", "We refund [number] EUR."),
        ("Call +49 30 1234567 or write to x@y.example.", "Call [contact] or write to [contact]."),
        ("As Anna's brother said, Berg is right.", "As [name] brother said, [name] is right."),
        ("Herr Dr. Müller hilft Ihnen.", "Herr [name] hilft Ihnen."),
        ("We send it to Hauptstraße 12, 10115 Berlin.", "We send it to [address], [address]."),
        ("We send it to 12 Baker Street.", "We send it to [address]."),
        ("Ihr Paket liegt in der Goethestr. 3a bereit.", "Ihr Paket liegt in der [address] bereit."),
        ("Born on 3.5.1980, customer K99812.", "Born on [number], customer [number]."),
    ],
)
def test_an_approved_answer_keeps_only_its_words(text: str, expected: str) -> None:
    assert anonymous(text, NAMES) == expected


@pytest.mark.parametrize(
    "text",
    [
        "You can return anything within two weeks.",
        "Please send the parcel back with the label.",
        "Wir bitten um etwas Geduld; die Werkstatt meldet sich bei Ihnen.",
    ],
)
def test_words_that_are_nobodys_stay(text: str) -> None:
    assert anonymous(text, NAMES) == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("My card is 4111 1111 1111 1111, please charge it", "1111 1111"),
        ("Karte 4111-1111-1111-1111", "1111"),
        ("IBAN DE89 3704 0044 0532 0130 00 ist meine", "3704"),
        ("password: hunter2", "hunter2"),
        ("Mein Passwort lautet hunter2.", "hunter2"),
        ("the PIN is 4711", "4711"),
        ("api key = abcdef", "abcdef"),
        ("use sk-proj_1234567890abcdefghij please", "1234567890"),
        ("token eyJhbGciOiJIUzI1NiIsInR5cCI6", "eyJhbGci"),
    ],
)
def test_secrets_are_taken_out(text: str, secret: str) -> None:
    assert secret not in without_secrets(text)


@pytest.mark.parametrize(
    "text",
    ["My order 4711 has not arrived", "Is the password reset page down?", "Card payment failed twice on 3 May 2026"],
)
def test_what_is_no_secret_is_left_in_place(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize("unit", ["b----", "B-", "B'", "weg ", "12345 A"])
def test_a_long_line_that_looks_like_names_and_numbers_is_made_anonymous_in_time(unit: str) -> None:
    """What takes the square of its length takes minutes here."""
    assert anonymous("Hello Ann,\n\nx " + unit * (200_000 // len(unit)) + " Ann", ["Ann"]).endswith("[name]")
