"""What customers say of an answer: hits, and what only looks like them."""

from __future__ import annotations

import pytest

from mailhitl.mail.followup import only_thanks, says_wrong

WRONG = [
    "That's wrong, you are closed on Mondays.",
    "Hello,\n\nthat is not correct. I stood before a closed door.\n\nAnn",
    "This isn't right: the page says 9 am.",
    "I'm sorry but your answer was wrong.",
    "It's simply not true!",
    "That is not what I asked.",
    "This does not answer my question",
    "That doesn’t answer my question. I asked for Sundays.",
    "You have misunderstood me.",
    "I got the wrong information from you.",
    "Das stimmt nicht.",
    "Das stimmt so leider nicht, am Montag ist zu.",
    "Guten Tag, das ist falsch: Sie haben sonntags geschlossen.",
    "Das war nicht meine Frage.",
    "Ihre Auskunft war leider falsch.",
    "Das beantwortet meine Frage nicht.",
    "Sie haben mich wohl falsch verstanden.",
    "Ich habe eine falsche Auskunft bekommen!",
]
NOT_WRONG = [
    "Is that wrong?",
    "Ist das falsch?",
    "If that's wrong, please tell me.",
    "Correct me if this is wrong, but you open at nine?",
    "Wenn das nicht stimmt, sagen Sie es bitte.",
    "Falls das falsch ist, melden Sie sich.",
    "You sent me the wrong size.",
    "There is something wrong with my parcel.",
    "What went wrong with my order?",
    "Nothing wrong with that, thank you.",
    "Sie haben mir die falsche Größe geschickt.",
    "Mit dem Paket stimmt etwas nicht.",
    "Die Adresse stimmt, danke.",
    "I hope that is right.",
    "Das ist richtig, vielen Dank.",
    "",
]


@pytest.mark.parametrize("text", WRONG)
def test_a_customer_who_says_that_the_answer_was_wrong_is_heard(text: str) -> None:
    assert says_wrong(text)


@pytest.mark.parametrize("text", NOT_WRONG)
def test_what_only_looks_like_it_says_nothing_of_the_answer(text: str) -> None:
    assert not says_wrong(text)


@pytest.mark.parametrize("text", ["Thanks!", "Thank you so much, that helped.\n\nAnn", "Vielen Dank, super!", "Danke"])
def test_who_only_thanks_asks_for_nothing(text: str) -> None:
    assert only_thanks(text)


@pytest.mark.parametrize(
    "text",
    ["Thanks, but when do you open on Sunday", "Danke, aber das stimmt nicht", "Thanks. And on Monday?", "", "Hm"],
)
def test_who_thanks_and_goes_on_asks_for_more(text: str) -> None:
    assert not only_thanks(text)
