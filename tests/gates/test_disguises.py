"""No disguise hides a word from a gate, and nothing that a customer writes takes a finding of the draft away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhitl.draft import Draft
from mailhitl.drafting.findings import findings
from mailhitl.mail.lookalike import letters, visible, with_joined
from mailhitl.mail.parse import parse
from tests.gates.corpus import MAIL, SOURCES, cases, in_draft

#: One risk of each kind that words show.
RISKS = {
    "money": "We will refund you.",
    "pricing": "You get a discount.",
    "promise": "We guarantee it.",
    "legal": "Ask your lawyer.",
    "medical": "It is good medicine.",
    "financial": "A fine investment.",
    "safety": "It is harmless.",
    "strategy": "A strategic step.",
}
TELLING = {
    "money": "refund",
    "pricing": "discount",
    "promise": "guarantee",
    "legal": "lawyer",
    "medical": "medicine",
    "financial": "investment",
    "safety": "harmless",
    "strategy": "strategic",
}


def spaced(word: str) -> str:
    return "  " + " ".join(word) + "  "


DISGUISES: dict[str, Callable[[str], str]] = {
    "zero-width spaces": lambda word: "\u200b".join(word),
    "soft hyphens": lambda word: "\u00ad".join(word),
    "word joiners": lambda word: "\u2060".join(word),
    "tag characters": lambda word: "\U000e0041".join(word),
    "a null in it": lambda word: "\x00".join(word),
    "full width": lambda word: "".join(chr(ord(char) + 0xFEE0) for char in word),
    "mathematical bold": lambda word: "".join(chr(ord(char) - ord("a") + 0x1D41A) for char in word),
    "Cyrillic": lambda word: word.translate(str.maketrans("aceopxyi", "асеорхуі")),
    "Greek": lambda word: word.translate(str.maketrans("aeioun", "αειουη")),
    "accents": lambda word: word.translate(str.maketrans("aeiou", "àéïôù")),
    "piled marks": lambda word: "".join(f"{char}\u0336\u0301" for char in word),
    "entities": lambda word: "".join(f"&#{ord(char)};" for char in word),
    "named entities": lambda word: "&shy;".join(word),
    "spaces": spaced,
    "dots": lambda word: ".".join(word),
    "upper case": str.upper,
}


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("kind", RISKS)
def test_a_disguised_word_is_found_all_the_same(kind: str, disguise: str) -> None:
    text = RISKS[kind].replace(TELLING[kind], DISGUISES[disguise](TELLING[kind]))
    assert text != RISKS[kind]
    assert kind in in_draft(text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("money", "Wir zahlen ５００ ＥＵＲ"),
        ("money", "Wir zahlen 5\u200b0\u00ad0 €"),
        ("money", "Wir zahlen &#53;00 &euro;"),
        ("money", "Die Rueckerstattung laeuft"),
        ("money", "Die RÜCKERSTATTUNG läuft"),
        ("money", "Die Ru\u0308ckerstattung läuft"),
        ("private-data", "Ihre Karte ４１１１ １１１１ １１１１ １１１１"),
        ("private-data", "Ihre Karte 4111\u200b1111\u200b1111\u200b1111"),
        ("unsourced", "Siehe https://еvil.example/х"),
        ("unsourced", "Siehe ｗｗｗ．evil．example"),
        ("placeholder", "Guten Tag ［Name］"),
        ("placeholder", "Guten Tag [N\u200bame]"),
        ("attachment-missing", "Ａnbei die Rechnung"),
        ("third-party", "Fragen Sie Herrn\u00a0Fletcher"),
    ],
)
def test_digits_and_signs_are_read_as_they_look(kind: str, text: str) -> None:
    assert kind in in_draft(text)


@given(st.text())
def test_plain_letters_keep_every_position(text: str) -> None:
    seen = with_joined(visible(text))
    assert len(letters(seen)) == len(seen)
    assert letters(seen).isascii()


#: What the customer did write is known to us: a link, a number, a name, the language, and what is quoted from it.
MAY_FALL = {"unsourced", "third-party", "language"}


def drafts_kinds(text: str, theirs: str) -> set[tuple[str, str]]:
    mail = replace(MAIL, text=f"{MAIL.text}\n{theirs}", new_text=f"{MAIL.new_text}\n{theirs}", hidden=(theirs,))
    draft = Draft(("anna@example.org",), (), "Your question", text, author="ben@example.com")
    found = findings(draft, mail, sources=SOURCES, language="en")
    return {(each.kind, each.text) for each in found if each.place == "draft" and each.kind not in MAY_FALL}


HITS = [
    case.text for case in cases() if case.hit and case.found and case.gate in {*RISKS, "private-data", "placeholder"}
]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(HITS), st.one_of(st.text(max_size=300), st.sampled_from([case.text for case in cases()])))
def test_nothing_that_a_customer_adds_takes_a_finding_of_the_draft_away(text: str, theirs: str) -> None:
    assert drafts_kinds(text, "") <= drafts_kinds(text, theirs)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(HITS), st.text(max_size=200))
def test_nothing_that_is_added_in_another_paragraph_excuses_a_risk(text: str, more: str) -> None:
    kinds = {kind for kind, _ in drafts_kinds(text, "")}
    assert kinds <= {kind for kind, _ in drafts_kinds(f"{text}\n\n{more}", "")} | {"placeholder"}


def test_the_injections_of_the_corpus_change_nothing_in_the_gates(shared: Callable[[str], Path]) -> None:
    risky = "\n".join(RISKS.values()) + "\nCard 4111 1111 1111 1111, {{ name }}, https://evil.example/x"
    draft = Draft(("anna@example.org",), (), "Your question", risky, author="drafter:template")
    expected = {*RISKS, "private-data", "placeholder", "unsourced"}
    mails = sorted(shared("corpus/bipia/eml").glob("*.eml"))
    assert len(mails) >= 200
    for file in mails:
        found = findings(draft, parse(file.read_bytes()), sources=SOURCES, language="en")
        assert expected <= {each.kind for each in found if each.place == "draft"}, file.name
