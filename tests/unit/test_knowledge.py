"""Knowledge files are found by what they say, in their own words, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailhitl.drafting.knowledge import LONGEST, passages
from mailhitl.ports.knowledge import Question, Snippet
from mailhitl.store.knowledge import KnowledgeIndex

SHIPPING = """---
language: en
---
# Shipping

## Costs
Shipping inside Germany costs 4.90 EUR, free above 50 EUR.

## Abroad
We ship to Austria and Switzerland for 12 EUR.

# Returns
You can return anything within 30 days. The label is on our website.
"""
VERSAND = """Versandkosten
=============
Der Versand innerhalb Deutschlands kostet 4,90 Euro.

Öffnungszeiten
--------------
Montag bis Freitag von 9 bis 17 Uhr, samstags geschlossen.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "knowledge"
    folder.mkdir()
    (folder / "shipping.md").write_text(SHIPPING)
    (folder / "versand.md").write_text(VERSAND)
    return folder


@pytest.fixture
def index(folder: Path, tmp_path: Path) -> KnowledgeIndex:
    index = KnowledgeIndex(tmp_path / "knowledge.db", [folder])
    index.refresh()
    return index


def test_a_file_is_cut_at_its_headings_and_each_passage_knows_them_all() -> None:
    places = [passage.place for passage in passages("shipping.md", SHIPPING)]
    assert places == ["shipping.md › Shipping › Costs", "shipping.md › Shipping › Abroad", "shipping.md › Returns"]


def test_underlined_headings_and_files_without_any_are_understood() -> None:
    assert [passage.heading for passage in passages("v.md", VERSAND)] == [
        "Versandkosten",
        "Versandkosten › Öffnungszeiten",
    ]
    assert next(iter(passages("plain.txt", "We open at nine."))).heading == ""


def test_no_passage_is_longer_than_a_reviewer_reads_at_a_glance() -> None:
    long = "\n\n".join(f"Paragraph {number}. " + "word " * 60 for number in range(20)) + "x" * 5_000
    pieces = list(passages("long.txt", long))
    assert max(len(piece.text) for piece in pieces) <= LONGEST + 2
    assert "".join(piece.text for piece in pieces).count("Paragraph") == 20


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("How much is shipping to Switzerland?", "shipping.md › Shipping › Abroad"),
        ("I want to return my shoes", "shipping.md › Returns"),
        ("Was kostet der Versand?", "versand.md › Versandkosten"),
        ("Seid ihr am Samstag da? Habt ihr da geschlossen?", "versand.md › Versandkosten › Öffnungszeiten"),
    ],
)
def test_the_passage_that_speaks_of_the_question_comes_first(index: KnowledgeIndex, question: str, place: str) -> None:
    assert index.search(Question(question))[0].place == place


@pytest.mark.parametrize("question", ["Do you sell bicycles?", "", "??", 'drop "table" OR NEAR( * -x', "the and of"])
def test_nothing_found_is_an_answer(index: KnowledgeIndex, question: str) -> None:
    assert list(index.search(Question(question))) == []


def test_a_file_that_names_an_intent_serves_no_other(index: KnowledgeIndex, folder: Path) -> None:
    (folder / "returns.md").write_text("---\nintent: returns\n---\n# Returns\nSend parcels back to the warehouse.")
    index.refresh()
    question = "How do I send parcels back to the warehouse?"
    assert index.search(Question(question, intent="returns"))[0].source == "returns.md"
    assert "returns.md" not in {found.source for found in index.search(Question(question, intent="shipping"))}


def test_a_passage_in_the_customers_language_is_preferred(index: KnowledgeIndex, folder: Path) -> None:
    (folder / "a.md").write_text("---\nlanguage: de\n---\nGarantie Express Hotline")
    (folder / "b.md").write_text("---\nlanguage: en\n---\nGarantie Express Hotline")
    index.refresh()
    for language, source in (("de", "a.md"), ("en", "b.md")):
        assert index.search(Question("Garantie Express Hotline", language=language))[0].source == source


def test_an_order_number_that_stands_in_a_file_is_found_whatever_else_is_asked(
    index: KnowledgeIndex, folder: Path
) -> None:
    (folder / "delays.txt").write_text("Parcel A-10422 is stuck at customs until Monday.")
    index.refresh()
    found = index.search(Question("Where is my parcel A-10422? I have waited for weeks", orders=("A-10422",)))
    assert (found[0].source, found[0].score) == ("delays.txt", 1.0)


def test_changed_new_and_deleted_files_are_noticed(index: KnowledgeIndex, folder: Path) -> None:
    assert index.refresh() == 0
    (folder / "shipping.md").write_text("# Shipping\nWe deliver by balloon.")
    (folder / "versand.md").unlink()
    assert index.refresh() == 2
    assert index.search(Question("deliver by balloon"))[0].text == "We deliver by balloon."
    assert list(index.search(Question("Was kostet der Versand?"))) == []


def test_files_outside_the_folder_and_hidden_ones_are_not_read(index: KnowledgeIndex, folder: Path) -> None:
    outside = folder.parent / "secret.txt"
    outside.write_text("The combination is fortytwo.")
    (folder / "link.txt").symlink_to(outside)
    (folder / ".hidden.txt").write_text("The combination is fortytwo.")
    (folder / "photo.jpg").write_bytes(b"The combination is fortytwo.")
    assert index.refresh() == 0
    assert list(index.search(Question("What is the combination?"))) == []


def test_an_approved_answer_is_found_and_can_be_forgotten(index: KnowledgeIndex) -> None:
    answer = Snippet("case 12", "", "We can engrave your bracelet with up to twelve letters.", "engraving", "en")
    for _ in range(2):
        index.learn(12, answer)
    question = Question("Can you engrave a bracelet?")
    assert [found.source for found in index.search(question)] == ["case 12"]
    assert index.answers() == {12}
    index.forget([12])
    assert (list(index.search(question)), index.answers()) == ([], frozenset())


def test_a_ruined_index_is_made_anew(folder: Path, tmp_path: Path) -> None:
    ruined = tmp_path / "ruined.db"
    ruined.write_bytes(b"this is no database" * 500)
    index = KnowledgeIndex(ruined, [folder])
    assert index.refresh() == 2
    assert index.search(Question("Was kostet der Versand?"))
