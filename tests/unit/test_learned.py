"""Triage that learns: right where it was taught, honest where it was not."""

from __future__ import annotations

import pickle
from collections.abc import Sequence

import pytest

from mailhitl.drafting.learned import LearnedTriage, TooFewExamples, Vectors, fingerprint, pairs
from mailhitl.drafting.measured import cross_validate, measure
from mailhitl.mail.message import Message

THINGS = ("lamp", "chair", "table", "sofa", "bed", "shelf", "desk", "rug", "clock", "mirror", "stool", "bench")
SAID = {
    "refund": ("I want my money back for the {}", "please refund the {} I bought"),
    "delivery": ("where is my parcel with the {}", "when will the {} be delivered to me"),
    "opening-hours": ("are you open to look at a {} on sunday", "until what time can I see the {} in your shop"),
}
EXAMPLES = [(text.format(thing), intent) for intent, texts in SAID.items() for text in texts for thing in THINGS]


@pytest.fixture(scope="module")
def learned() -> LearnedTriage:
    return LearnedTriage(EXAMPLES)


def mail(text: str, subject: str = "Question") -> Message:
    return Message(subject=subject, new_text=text, text=text)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Hello,\n\nI would like my money back for the carpet.\n\nThanks, Ann", "refund"),
        ("Where is my parcel with the curtain?", "delivery"),
        ("Are you open on sunday to look at a carpet?", "opening-hours"),
    ],
)
def test_what_was_taught_is_known_again_in_other_words(learned: LearnedTriage, text: str, intent: str) -> None:
    found = learned.triage(mail(text))
    assert (found.intent, found.confidence > 0.5) == (intent, True)
    assert "most like “" in found.why


@pytest.mark.parametrize("text", ["", "???", "Is there life on Mars, and who pays its taxes?", "x " * 9_000])
def test_none_of_these_is_an_answer(learned: LearnedTriage, text: str) -> None:
    assert learned.triage(mail(text, subject="")).intent == ""


def test_a_mail_about_two_things_is_about_neither(learned: LearnedTriage) -> None:
    both = "I want my money back for the lamp. Where is my parcel with the sofa? When will the sofa be delivered to me?"
    found = learned.triage(mail(both))
    assert found.intent == ""
    assert "speaks of both" in found.why


def test_what_was_learned_can_be_kept_and_says_the_same(learned: LearnedTriage) -> None:
    kept = pickle.loads(pickle.dumps(learned))
    asked = mail("please refund the carpet I bought")
    assert kept.triage(asked) == learned.triage(asked)
    assert kept.version == learned.version == fingerprint(EXAMPLES) == fingerprint(list(reversed(EXAMPLES)))


def test_learning_twice_from_the_same_examples_gives_the_same(learned: LearnedTriage) -> None:
    again = LearnedTriage(list(reversed(EXAMPLES)))
    texts = ["please refund the carpet I bought", "when are you open"]
    assert again.guesses(texts) == learned.guesses(texts)


@pytest.mark.parametrize(
    ("examples", "says"),
    [
        (EXAMPLES[:30], "30 examples of 2 intents"),
        ([each for each in EXAMPLES if each[1] == "refund"] * 3, "of 1 intents"),
        ([*EXAMPLES, ("hello there", "greeting")], "greeting: fewer than 5 examples"),
    ],
)
def test_too_little_to_learn_from_is_said(examples: list[tuple[str, str]], says: str) -> None:
    with pytest.raises(TooFewExamples, match=says):
        LearnedTriage(examples)


def test_words_are_paired_whatever_stands_between_them_and_long_texts_stay_small() -> None:
    assert {"lost_card", "card_lost"} & set(pairs("I lost my new card"))
    assert len(pairs(" ".join(f"word{number}" for number in range(5_000)))) < 2_000


def test_the_figures_of_cross_validation_are_shares_of_all_examples() -> None:
    tried = list(cross_validate(EXAMPLES, folds=4))
    figures = measure(tried)
    assert (figures.n, len({one.text for one in tried})) == (len(EXAMPLES), len(EXAMPLES))
    assert figures.accuracy == sum(one.right for one in tried) / len(tried)
    assert figures.accuracy > 0.9
    assert 0 <= figures.coverage <= 1
    assert 0 <= figures.calibration <= 1


class Bags:
    """Vectors by hand: the same for "cash" and "money"."""

    name = "bags"

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        synonyms = [text.casefold().replace("cash", "money") for text in texts]
        return [[float(word in text) for word in ("money", "parcel", "open", "refund")] for text in synonyms]


def test_vectors_let_triage_know_other_words_for_the_same() -> None:
    asked = mail("cash please", subject="")
    taught = LearnedTriage(EXAMPLES, Bags())
    likeness = [triage.guesses([asked.new_text])[0].likeness for triage in (LearnedTriage(EXAMPLES), taught)]
    assert taught.guesses([asked.new_text])[0].intent == "refund"
    assert likeness[1] > likeness[0]


def test_what_was_kept_asks_for_vectors_again_once_it_is_connected() -> None:
    taught = LearnedTriage(EXAMPLES, Bags())
    kept = pickle.loads(pickle.dumps(taught))
    kept.connect(Bags())
    assert kept.guesses(["cash please"]) == taught.guesses(["cash please"])
    assert kept.version != LearnedTriage(EXAMPLES).version


def test_vectors_of_what_customers_wrote_do_not_pile_up() -> None:
    vectors = Vectors(Bags(), 10)
    for number in range(100):
        assert vectors.of([f"money {number}"]).shape == (1, 4)
    assert len(vectors) <= 11
