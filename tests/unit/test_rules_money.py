"""Amounts of money as people write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhitl.rules.money import amounts


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("€1.234,56", ["1234.56"]),
        ("$1,234.56", ["1234.56"]),
        ("500 EUR", ["500"]),
        ("500 euros", ["500"]),
        ("CHF 1'234.50", ["1234.50"]),
        ("1 500,- €", ["1500"]),
        ("1\u202f500,00\u00a0€", ["1500.00"]),
        ("500.- Fr.", ["500"]),
        ("USD1,000 or Rs.500", ["500", "1000"]),
        ("1,234,567.89 usd", ["1234567.89"]),
        ("2 Mio. Euro", ["2000000"]),
        ("5k€", ["5000"]),
        ("a refund of $1.5 million please", ["1500000"]),
        ("1.234 €", ["1234"]),
        ("0.500 $", ["0.5"]),
        ("£ 3.20/£4", ["3.20", "4"]),
        ("ＥＵＲ ５００", ["500"]),
        ("costs €500.", ["500"]),
        ("in 2024 500 EUR", ["500"]),
        ("order 4411 for 12.50 euro", ["12.50"]),
        ("order 4411, 3 pieces, 20 % off, europe 2026", []),
        ("call +49 30 1234567", []),
        ("", []),
    ],
)
def test_an_amount_is_read_in_its_notation(text: str, values: list[str]) -> None:
    assert amounts(text) == tuple(Decimal(value) for value in values)


def test_a_notation_with_two_readings_is_read_in_both() -> None:
    assert Decimal(5) in amounts("5 EUR 7 pieces")
    assert Decimal(7) in amounts("EUR 7 pieces")


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_english_and_german_notation_mean_the_same(value: Decimal) -> None:
    english = f"{value:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert amounts(f"We owe you ${english}.") == amounts(f"Wir schulden {german} EUR.") == (value,)


@given(st.text(st.sampled_from("0123456789.,' €$eurk-"), max_size=60))
def test_whatever_stands_there_gives_numbers(text: str) -> None:
    assert all(value.is_finite() and value >= 0 for value in amounts(text))
