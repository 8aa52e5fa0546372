"""How far an edit is from the draft."""

from __future__ import annotations

from mailhitl.insight.distance import distance

DRAFT = "Dear Ann,\n\nwe refund the 20 EUR today.\n\nKind regards\nExample Support\n"


def test_the_same_words_in_other_lines_are_no_edit() -> None:
    assert distance(DRAFT, DRAFT.replace("\n", "\r\n").replace("we refund", "we\n  refund")) == 0.0


def test_a_signature_and_the_quoted_mail_are_no_edit() -> None:
    assert distance(DRAFT, f"{DRAFT}\n> where is it?\n-- \nAnna\nSupport team\n") == 0.0


def test_one_word_of_ten_changed_is_a_small_distance_and_other_words_the_whole_way() -> None:
    assert 0.0 < distance(DRAFT, DRAFT.replace("today", "tomorrow")) < 0.2
    assert distance("one two three", "four five six") == 1.0


def test_an_answer_of_any_length_is_compared_by_its_first_thousand_words() -> None:
    assert distance("same " * 1000 + "one", "same " * 1000 + "other") == 0.0
