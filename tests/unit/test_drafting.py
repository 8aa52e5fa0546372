"""Drafts from templates: what is answered, what is not, and the quote below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailhitl.draft import Draft
from mailhitl.drafting import DRAFTERS, Desk, TemplateDrafter
from mailhitl.drafting.findings import findings
from mailhitl.drafting.library import Library
from mailhitl.drafting.quoting import answer_words, with_quote
from mailhitl.drafting.template import display_name, order_numbers
from mailhitl.errors import TemplateProblem
from mailhitl.mail.message import Address, Message
from mailhitl.ports.drafter import Triage
from mailhitl.templating import folders

ROOT = Path(__file__).parents[2]
OWN = "support@example.com"
SURE = 0.93


def mail(text: str, *, subject: str = "Question", name: str = "Anna Berg", spec: str = "anna@example.org") -> Message:
    return Message(
        senders=(Address(name, spec),),
        to=(Address("", OWN),),
        subject=subject,
        text=text,
        new_text=text,
        date=datetime(2026, 11, 2, 10, 30, tzinfo=UTC),
    )


def desk(admin: Path | None = ROOT / "templates" / "demo", **templates: str) -> Desk:
    return Desk(
        library=Library(folders(admin)),
        mailbox_name="Lumen & Oak",
        mailbox_address=OWN,
        own=frozenset({OWN}),
        clock=lambda: datetime(2026, 11, 2, 12, tzinfo=UTC),
        templates={intent.replace("_", "-"): name for intent, name in templates.items()},
    )


def drafted(message: Message, intent: str, drafter: TemplateDrafter | None = None) -> Draft:
    draft = (drafter or TemplateDrafter(desk())).draft(message, Triage(intent, SURE, "2 of 3 words"))
    assert draft is not None
    return draft


def test_a_question_is_answered_with_the_intents_template() -> None:
    draft = drafted(mail("When are you open?"), "opening-hours")
    assert draft.to == ("anna@example.org",)
    assert draft.subject == "Our opening hours"
    assert "Saturday           10 am to 2 pm" in draft.text
    assert (draft.template, draft.language, draft.author) == ("opening-hours", "en", "drafter:template")
    assert draft.evidence == ("template opening-hours.txt.j2 (en)", "intent opening-hours 0.93: 2 of 3 words")
    assert draft.complete


def test_a_customer_is_answered_in_their_language() -> None:
    draft = drafted(mail("Guten Tag, wann haben Sie am Samstag geöffnet?"), "opening-hours")
    assert draft.language == "de"
    assert draft.text.startswith("Guten Tag,")


def test_a_language_without_template_gets_ours_and_a_finding() -> None:
    message = mail("Bonjour, quand est-ce que vous êtes ouverts le samedi ? Merci pour votre aide.")
    draft = drafted(message, "opening-hours")
    assert draft.language == "en"
    found = findings(draft, message, sources=(), language="fr")
    assert ("language", "the customer writes fr, the answer is en") in [(one.kind, one.text) for one in found]


@pytest.mark.parametrize("intent", ["", "partnership"])
def test_no_template_means_no_draft(intent: str) -> None:
    assert TemplateDrafter(desk()).draft(mail("Hello?"), Triage(intent, 0.9)) is None


def test_a_mail_without_a_usable_sender_gets_no_draft() -> None:
    assert TemplateDrafter(desk()).draft(mail("When?", spec=""), Triage("opening-hours", SURE)) is None


def test_the_configured_template_goes_before_the_one_that_names_the_intent() -> None:
    drafter = TemplateDrafter(desk(opening_hours="thanks"))
    assert drafted(mail("When are you open?"), "opening-hours", drafter).template == "thanks"


def test_a_configured_template_that_does_not_exist_is_a_problem_and_not_a_guess() -> None:
    drafter = TemplateDrafter(desk(opening_hours="opening-ours"))
    with pytest.raises(TemplateProblem, match="opening-ours"):
        drafter.draft(mail("When are you open?"), Triage("opening-hours", SURE))


def test_hours_that_no_admin_wrote_are_never_sent_as_they_stand() -> None:
    message = mail("When are you open?")
    draft = drafted(message, "opening-hours", TemplateDrafter(desk(admin=None)))
    assert not draft.complete
    assert "placeholder" in {finding.kind for finding in findings(draft, message, sources=(), language="en")}


def test_a_column_that_the_directory_lacks_stops_the_draft(tmp_path: Path) -> None:
    (tmp_path / "reply").mkdir()
    (tmp_path / "reply" / "hours.txt.j2").write_text(
        "intent: hours\nlanguage: en\n---\nDear {{ customer.tier }} customer\n"
    )

    def row(address: str) -> Mapping[str, str]:
        return {"tier": "gold"} if address == "anna@example.org" else {}

    drafter = TemplateDrafter(replace(desk(tmp_path), customer=row))
    assert drafted(mail("Hi", spec="Anna@Example.org"), "hours", drafter).text == "Dear gold customer\n"
    with pytest.raises(TemplateProblem, match="tier"):
        drafter.draft(mail("Hi", spec="bob@example.org"), Triage("hours", SURE))


def test_a_skeleton_has_greeting_gap_and_closing_and_is_not_an_answer() -> None:
    drafter = TemplateDrafter(desk())
    draft = drafter.skeleton(mail("Hello, do you sell gift cards?", subject="Gift cards"))
    assert draft.text == (
        "Hello Anna Berg,\n\nthank you for your message.\n\n[… write your answer here …]\n\nKind regards\nLumen & Oak\n"
    )
    assert (draft.to, draft.subject, draft.complete) == (("anna@example.org",), "Re: Gift cards", False)
    assert (
        "[… schreiben Sie hier Ihre Antwort …]"
        in drafter.skeleton(mail("Haben Sie auch Gutscheine für die Stadt?")).text
    )


def test_every_drafter_can_be_made_from_a_desk() -> None:
    drafts = [make(desk()).draft(mail("Hi"), Triage("thanks", SURE)) for make in DRAFTERS.values()]
    assert [draft.template for draft in drafts if draft] == ["thanks"]


@pytest.mark.parametrize(
    ("name", "greeted"),
    [
        ("Anna Berg", "Anna Berg"),
        ("Berg, Anna", "Anna Berg"),
        ("Prof. José María O’Neill-Łuk", "Prof. José María O’Neill-Łuk"),
        ("李小龍", "李小龍"),
        ("", ""),
        ("anna@example.org", ""),
        ("{{ 7*7 }}", ""),
        ("Win 5000 at evil", ""),
        ("Visit evil.example now", ""),
        ("https://evil.example", ""),
        ("A" * 61, ""),
        ("Anna\r\nBcc: x", ""),
    ],
)
def test_only_what_looks_like_a_name_is_greeted(name: str, greeted: str) -> None:
    assert display_name(name) == greeted


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Where is my order 4711?", ("4711",)),
        ("order no. A-4711-B and order number: 99887766", ("A-4711-B", "99887766")),
        ("My order #12345, again #12345", ("12345",)),
        ("Bestellung Nr. 20260017", ("20260017",)),
        ("Meine Bestellnummer: DE-77", ("DE-77",)),
        ("I placed an order yesterday", ()),
        ("call 555 1234", ()),
    ],
)
def test_order_numbers_are_found_after_their_word(text: str, numbers: tuple[str, ...]) -> None:
    assert order_numbers(text) == numbers


def test_the_customers_mail_is_quoted_below_and_the_two_can_be_told_apart() -> None:
    message = mail("Hello,\n\nI want a refund.\n> an older line\n")
    draft = drafted(message, "thanks")
    quoted = with_quote(draft, message)
    assert quoted.text == (
        f"{draft.text}\nOn 02 Nov 2026 at 10:30, Anna Berg wrote:\n> Hello,\n>\n> I want a refund.\n>> an older line\n"
    )
    assert answer_words(quoted.text, message).strip() == draft.text.strip()


def test_the_quote_of_a_long_mail_is_told_apart_too() -> None:
    message = mail("\n".join(f"line {number} costs 5 EUR" for number in range(500)))
    quoted = with_quote(drafted(message, "thanks"), message)
    found = findings(quoted, message, sources=(quoted.subject, "Thank you for your kind words"), language="")
    assert [finding.place for finding in found] == ["mail"]


def test_a_draft_cannot_hide_its_own_words_behind_quote_marks() -> None:
    message = mail("Hello, when are you open?")
    sly = Draft(("anna@example.org",), (), "Re: x", "Hi\n> We guarantee a refund of 500 EUR.\n", author="drafter:x")
    kinds = {finding.kind for finding in findings(sly, message, sources=(), language="en")}
    assert {"promise", "money"} <= kinds


@pytest.mark.parametrize(
    "text", ["On 02 Nov 2026 at 10:30, Bob wrote:\nWe pay 500 EUR.", "We refund 500 EUR:\n> Hello"]
)
def test_a_line_like_an_attribution_hides_nothing(text: str) -> None:
    sly = Draft(("anna@example.org",), (), "Re: x", text, author="drafter:x")
    assert "money" in {finding.kind for finding in findings(sly, mail("Hello"), sources=(), language="en")}
