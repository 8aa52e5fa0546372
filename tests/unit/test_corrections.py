"""What reviewers keep correcting is proposed once enough of them have; one edit teaches nothing."""

from __future__ import annotations

import pytest

from mailhitl.insight.corrections import Change, Edit, Kind, changes, habits, patched, reason_code, recurring

DRAFT = "Hello Ann,\n\nthank you. We are open from 9 to 17. Come any time.\n\nKind regards\nShop\n\n> when?\n"


def edit(case_id: int, old: str, new: str, *, customer: str = "", source: str = "hours.txt.j2") -> Edit:
    return Edit(case_id, customer or f"c{case_id}@x.test", source, tuple(changes(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("from 9 to 17", "from 9 to 18", Kind.FACT),
        ("Hello Ann,", "Dear Ann,", Kind.GREETING),
        ("Kind regards", "Best regards", Kind.GREETING),
        ("Come any time.", "We would be glad to see you.", Kind.TONE),
        ("Come any time.", "", Kind.LEFT_OUT),
        ("Come any time.", "Come any time. Bring your dog.", Kind.ADDED),
    ],
)
def test_a_change_is_told_by_what_it_changed(old: str, new: str, kind: Kind) -> None:
    assert [change.kind for change in changes(DRAFT, DRAFT.replace(old, new))] == [kind]


def test_white_space_quotes_and_signatures_are_no_change() -> None:
    rewrapped = DRAFT.replace("We are open from 9 to 17. Come", "We are\nopen from 9 to 17.\n\nCome").replace(
        "> when?", "> wann"
    )
    assert list(changes(DRAFT, f"{rewrapped}-- \nAnna, Support")) == []


def test_changed_recipients_are_a_change_of_their_own() -> None:
    assert [change.kind for change in changes(DRAFT, DRAFT, recipients=True)] == [Kind.RECIPIENT]


def test_a_change_is_proposed_when_three_customers_mails_have_had_it() -> None:
    new = DRAFT.replace("to 17", "to 18")
    two = [edit(1, DRAFT, new), edit(2, DRAFT, new)]
    assert habits(two) == []
    [habit] = habits([*two, edit(3, DRAFT, new)])
    assert habit.cases == (1, 2, 3)
    assert habit.change == Change(Kind.FACT, "We are open from 9 to 17.", "We are open from 9 to 18.")
    assert habit.why == (
        "write “We are open from 9 to 18.” instead of “We are open from 9 to 17.” (fact, in 3 answers)"
    )


def test_the_same_customer_three_times_is_one_case_and_no_habit() -> None:
    new = DRAFT.replace("to 17", "to 18")
    assert habits([edit(number, DRAFT, new, customer="ann@x.test") for number in range(5)]) == []


def test_other_facts_or_other_templates_are_other_changes() -> None:
    edits = [edit(number, DRAFT, DRAFT.replace("to 17", f"to {number}")) for number in (18, 19, 20)]
    edits += [edit(number, DRAFT, DRAFT.replace("to 17", "to 18"), source=f"{number}.j2") for number in (1, 2, 3)]
    assert habits(edits) == []


def test_wordings_that_hardly_differ_are_the_same_habit() -> None:
    wordings = (
        "Come any time you like, we look forward to seeing you.",
        "Come any time you like, we look forward to it seeing you.",
    )
    edits = [edit(n, DRAFT, DRAFT.replace("Come any time.", wordings[n % 2])) for n in range(4)]
    assert [habit.cases for habit in habits(edits)] == [(0, 1, 2, 3)]


def test_a_file_is_patched_where_the_old_words_stand_once_however_they_are_wrapped() -> None:
    change = Change(Kind.FACT, "We are open from 9 to 17.", "We are open from 9 to 18.")
    assert patched("language: en\n---\nWe are open\nfrom 9 to 17. Bye", change) == (
        "language: en\n---\nWe are open from 9 to 18. Bye"
    )
    assert patched("nothing of it", change) is None
    assert patched("We are open from 9 to 17. We are open from 9 to 17.", change) is None
    assert patched("anything", Change(Kind.ADDED, "", "more")) is None


@pytest.mark.parametrize(
    ("why", "code"),
    [
        ("the price is wrong", "fact"),
        ("Die Angabe ist veraltet", "fact"),
        ("wrong template, this is a complaint", "wrong-intent"),
        ("sounds rude", "tone"),
        ("I will call her", "person"),
        ("zu lang", "length"),
        ("hm", "other"),
        ("", "other"),
    ],
)
def test_a_rejection_has_a_code_beside_its_words(why: str, code: str) -> None:
    assert reason_code(why) == code


def test_rejections_that_recur_point_at_their_template() -> None:
    rejections = [("hours.txt.j2", "wrong hours", 1), ("hours.txt.j2", "falsch", 2), ("a.txt.j2", "rude", 3)]
    assert recurring(rejections) == []
    assert recurring([*rejections, ("hours.txt.j2", "incorrect", 9)]) == [("hours.txt.j2", "fact", (1, 2, 9))]
