"""Every condition on a mail that it fits and on one that it doesn't."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailhitl.decision import Finding
from mailhitl.draft import Draft
from mailhitl.mail.message import Address, AttachmentInfo, Message
from mailhitl.ports.drafter import Triage
from mailhitl.rules.conditions import CONDITIONS, table
from mailhitl.rules.problem import WrongCondition
from mailhitl.rules.rule import Facts, HistoryFacts, RecipientFacts, RecordFacts, SenderFacts, ThreadFacts
from mailhitl.rules.words import CHARACTERS, VALUES

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MESSAGE = Message(
    senders=(Address("Carla", "Carla@Customer.example"),),
    to=(Address("", "support@example.com"), Address("", "sales@example.com")),
    cc=(Address("", "boss@partner.example"),),
    subject="Re: Your  invoice\t4411",
    text="You owe me.\n> old words about a court",
    new_text="My law\u00adyer will\nsee you in co\u200burt over the €1.234,56.",
    headers=(("x-priority", "1"), ("received", "a"), ("received", "b")),
    attachments=(AttachmentInfo("photo.PNG", "image/png", 3_000_000), AttachmentInfo("a.pdf", "application/pdf", 10)),
    size=4_000_000,
)
DRAFT = Draft(
    to=("carla@customer.example",),
    cc=(),
    subject="Re: Your invoice",
    text="We refund 20 EUR.\n\nCarla wrote:\n> You owe me.\n> We guarantee nothing.\n",
    author="drafter:template",
)
FACTS = Facts(
    message=MESSAGE,
    draft=DRAFT,
    now=NOW,
    triage=Triage("Refund", 0.75),
    findings=(Finding("money", "20 EUR"),),
    customer={"Tier": "gold", "open_amount": "1200.50", "note": "n/a"},
    sender=SenderFacts(known=True, first_contact=False, reviewer=False, authenticated=True),
    recipients=RecipientFacts(count=2, new=1, external=0, changed_by_edit=True),
    thread=ThreadFacts(length=3, reopened=True),
    language="de",
    office_hours=False,
    mailed=(NOW - timedelta(hours=1), NOW - timedelta(hours=23), NOW - timedelta(days=3)),
    history=HistoryFacts(
        intent=RecordFacts(20, 19, 1, 0), sender=RecordFacts(2, 0, 0, 2), rules={"Refunds": RecordFacts(10, 5, 5, 0)}
    ),
)

HOLDS: list[dict[str, Any]] = [
    {},
    {"from": "carla@customer.example"},
    {"from": {"matches": "*@CUSTOMER.example"}},
    {"to": "sales@example.com"},
    {"cc": {"contains": ["@nobody", "@partner"]}},
    {"subject": "RE: YOUR INVOICE 4411"},
    {"subject": ["x", "re: your invoice 4411"]},
    {"subject": {"contains": "invoice", "matches": "re:*"}},
    {"subject": {"matches": "Re: ???? invoice *"}},
    {"subject": {"regex": r"^re: .*\d{4}$"}},
    {"subject": {"regex": ["nope", "INVOICE"]}},
    {"text": {"contains": "lawyer will see you in court"}},
    {"text": {"regex": r"\blawyer\b"}},
    {"header": {"name": "X-Priority", "is": "1"}},
    {"header": {"name": "Received:", "is": "b"}},
    {"header": {"name": "List-Id", "exists": False}},
    {"size": {"over": "3MB", "under": 5_000_000}},
    {"attachment": {"count": 2}},
    {"attachment": {"type": {"matches": "image/*"}, "size": {"over": "2MB"}, "count": {"over": 1}}},
    {"attachment": {"name": {"matches": "*.png"}}},
    {"language": ["fr", "de"]},
    {"sender": {"domain": "customer.example", "known": True, "first_contact": False}},
    {"sender": {"authenticated": True, "reviewer": False}},
    {"customer": {"tier": "Gold"}},
    {"customer": {"open_amount": {"over": 1000, "at_most": 1200.5}}},
    {"customer": {"open_amount": {"is": 1200.5}}},
    {"customer": {"missing": ""}},
    {"recipients": {"count": 2, "new": {"over": 0}, "external": 0, "changed_by_edit": True}},
    {"thread": {"length": {"at_least": 3}, "reopened": True}},
    {"rate": {"at_least": 2}},
    {"rate": {"is": 3, "within": "7d"}},
    {"rate": {"is": 1, "within": "90m"}},
    {"thread": {"unanswered": False}},
    {"history": {"intent": {"decided": {"at_least": 20}, "unedited": {"at_least": 0.95}, "edited": 1}}},
    {"history": {"sender": {"rejected": {"over": 1}, "unedited": 0}}},
    {"history": {"rule": {"name": "Refunds", "unedited": 0.5}}},
    {"history": {"rule": {"name": "Another", "decided": 0, "unedited": {"under": 0.9}}}},
    {"intent": "refund"},
    {"confidence": {"at_least": 0.75}},
    {"drafter": "template"},
    {"drafter": "drafter:template"},
    {"draft": {"contains": "we refund"}},
    {"draft": {"contains": "guarantee"}},
    {"findings": "any"},
    {"findings": ["promise", "money"]},
    {"amount": {"over": 1234, "under": 1235}},
    {"amount": 20},
    {"time": {"office_hours": False, "weekday": ["sat", "Sunday"]}},
    {"any": [{"intent": "x"}, {"size": {"over": 1}}]},
    {"all": [{"intent": "refund"}, {"rate": 2}]},
    {"not": {"intent": "refund", "rate": 3}},
]

MISSES: list[dict[str, Any]] = [
    {"from": "Carla"},
    {"to": "help@example.com"},
    {"subject": "invoice"},
    {"subject": {"contains": "invoice", "matches": "aw:*"}},
    {"subject": {"matches": "Re: Your.invoice*"}},
    {"text": {"contains": "old words"}},
    {"header": {"name": "X-Priority", "exists": False}},
    {"size": {"over": "4MB"}},
    {"attachment": {"type": "application/pdf", "size": {"over": "2MB"}}},
    {"attachment": {"count": {"over": 2}}},
    {"language": "en"},
    {"sender": {"domain": "example"}},
    {"customer": {"note": {"over": 0}}},
    {"customer": {"missing": {"under": 10}}},
    {"recipients": {"external": {"over": 0}}},
    {"thread": {"length": {"over": 3}}},
    {"confidence": {"over": 0.75}},
    {"drafter": "llm"},
    {"draft": {"contains": "you owe me"}},
    {"findings": "none"},
    {"findings": "promise"},
    {"amount": {"over": 1235}},
    {"time": {"weekday": "mon"}},
    {"rate": {"at_least": 3}},
    {"rate": {"over": 3, "within": "4w"}},
    {"history": {"sender": {"rejected": 0}}},
    {"history": {"intent": {"unedited": 1}, "sender": {"decided": 2}}},
    {"any": [{"intent": "x"}, {"rate": 3}]},
    {"all": [{"intent": "refund"}, {"rate": 3}]},
    {"not": {"intent": "refund", "rate": 2}},
]

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"sbject": "x"}, 'is not a condition. Did you mean "subject"?'),
    ({"history": 1}, "must be a table, like"),
    ({"history": {"custmer": {"edited": 1}}}, 'is not known here; use "intent", "sender" or "rule"'),
    ({"history": {"intent": {"edits": 1}}}, 'Did you mean "edited"?'),
    ({"history": {"intent": {}}}, "is empty; it needs"),
    ({"history": {"intent": {"unedited": 95}}}, "must be between 0 and 1, not 95"),
    ({"history": {"rule": {"edited": 1}}}, "must be a table with the name of a rule"),
    ({"rate": {"at_least": 1, "within": "soon"}}, 'within must be a length of time like "1h" or "7d", not "soon"'),
    ({"rate": {"at_least": 1, "within": "32d"}}, "at most 31 days"),
    ({"rate": {"within": "1d"}}, "is empty; it needs"),
    ({"subject": 3}, "must be text in quotes (or a list of texts), not 3"),
    ({"subject": []}, "is an empty list, which nothing can match"),
    ({"subject": {}}, 'is empty; it needs "is", "contains", "matches" or "regex"'),
    ({"subject": {"over": 3}}, 'is not known here; use "is", "contains"'),
    ({"subject": {"regex": "(a"}}, 'the expression "(a" cannot be used: missing ): (a'),
    ({"subject": {"regex": "(?<=a)b"}}, "cannot be used: invalid"),
    ({"subject": {"regex": r"(a)\1"}}, "cannot be used: invalid escape sequence"),
    ({"subject": {"regex": ""}}, "has an empty text"),
    ({"subject": {"contains": " "}}, "has an empty text"),
    ({"header": "x"}, "must be a table with a name"),
    ({"header": {"name": "x"}}, "is empty; it needs"),
    ({"header": {"name": "x", "exists": True, "is": "y"}}, "takes exists or matching words, not both"),
    ({"size": {"over": "3 bananas"}}, "must be a size"),
    ({"confidence": 90}, "must be between 0 and 1, not 90"),
    ({"confidence": True}, "must be a number without quotes, not true"),
    ({"amount": {"over": "500"}}, 'must be a number without quotes, not "500"'),
    ({"sender": "x"}, "must be a table, like"),
    ({"sender": {"known": "yes"}}, 'must be true or false, not "yes"'),
    ({"sender": {"knwn": True}}, 'Did you mean "known"?'),
    ({"customer": {}}, "must be a table of columns"),
    ({"customer": {"tier": {"contians": "x"}}}, 'Did you mean "contains"?'),
    ({"attachment": True}, "must be a table, like"),
    ({"language": "german"}, 'must be a language code like "de"'),
    ({"findings": "nne"}, 'is not a kind of risk: "nne". Did you mean "none"?'),
    ({"findings": ["none"]}, "is not a kind of risk"),
    ({"time": {"weekday": "xyz"}}, "is not a weekday"),
    ({"any": {"intent": "x"}}, "must be a list of tables"),
    ({"any": [{}]}, "is empty, so it would always hold"),
    ({"not": []}, "must be a table of conditions"),
]


@pytest.mark.parametrize("when", HOLDS, ids=str)
def test_the_condition_holds_on_this_mail(when: dict[str, Any]) -> None:
    assert table(when)(FACTS) is True


@pytest.mark.parametrize("when", MISSES, ids=str)
def test_the_condition_does_not_hold_on_this_mail(when: dict[str, Any]) -> None:
    assert table(when)(FACTS) is False


@pytest.mark.parametrize(("when", "said"), WRONG, ids=str)
def test_a_wrong_condition_says_what_would_be_right(when: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongCondition) as caught:
        table(when)
    assert said in str(caught.value)


def test_every_condition_is_tried_both_ways() -> None:
    for tried in (HOLDS, MISSES):
        missing = CONDITIONS.keys() - {name for when in tried for name in when} - {"cc", "rate", "intent"}
        assert missing == set()


@pytest.mark.parametrize("name", ["draft", "drafter"])
def test_without_a_draft_nothing_is_said_of_it(name: str) -> None:
    assert not table({name: {"matches": "*"}})(replace(FACTS, draft=None))


def test_a_mail_with_two_authors_fits_by_each() -> None:
    two = replace(MESSAGE, senders=(Address("", "a@one.example"), Address("", "b@two.example")))
    assert table({"from": "b@two.example", "sender": {"domain": "one.example"}})(replace(FACTS, message=two))


def test_a_quote_mark_hides_nothing_that_the_customer_did_not_write() -> None:
    draft = replace(DRAFT, text="Hello\n> We pay you 9000 EUR.\n")
    assert table({"amount": {"over": 8000}, "draft": {"contains": "we pay"}})(replace(FACTS, draft=draft))


def test_a_lone_surrogate_in_a_mail_breaks_no_rule() -> None:
    message = replace(MESSAGE, subject="\ud800 invoice")
    assert table({"subject": {"regex": "invoice$", "contains": "invoice"}})(replace(FACTS, message=message))


def test_text_is_read_to_its_limit_and_no_further() -> None:
    message = replace(MESSAGE, new_text="x" * (CHARACTERS - 6) + " court and a lawyer")
    facts = replace(FACTS, message=message)
    assert table({"text": {"contains": "court"}})(facts)
    assert not table({"text": {"contains": "lawyer"}})(facts)


def test_addresses_are_read_to_their_limit() -> None:
    many = tuple(Address("", f"a{number}@example.com") for number in range(VALUES + 1))
    facts = replace(FACTS, message=replace(MESSAGE, to=many))
    assert table({"to": f"a{VALUES - 1}@example.com"})(facts)
    assert not table({"to": f"a{VALUES}@example.com"})(facts)
