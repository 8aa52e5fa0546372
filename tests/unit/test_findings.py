"""Findings: every kind of risk, with hits and near-misses in English and German."""

from __future__ import annotations

import pytest

from mailhitl.draft import Attachment, Draft
from mailhitl.drafting.findings import DETECTORS, MAX_PER_KIND, findings
from mailhitl.mail.message import Address, Message

MAIL = Message(
    senders=(Address("Anna Berg", "anna@example.org"),),
    to=(Address("", "support@example.com"),),
    subject="Lamp Luna",
    text="Hello, see https://photos.example/luna or call +49 170 5551234. My order is 4711.",
    new_text="Hello, see https://photos.example/luna or call +49 170 5551234. My order is 4711.",
)
SOURCE = "Hello, we are here: https://shop.example/help, 040 123456, DE89 3704 0044 0532 0130 00, help@shop.example"


def found(
    text: str, *, author: str = "anna@example.com", attachments: tuple[Attachment, ...] = (), language: str = ""
) -> dict[str, list[str]]:
    """What is found in an answer of these words, by kind. A person's, so that what is echoed does not matter."""
    draft = Draft(("anna@example.org",), (), "Your question", text, author=author, attachments=attachments)
    kinds: dict[str, list[str]] = {}
    for finding in findings(draft, MAIL, sources=(SOURCE,), language=language):
        kinds.setdefault(finding.kind, []).append(finding.text)
    return kinds


HITS = [
    ("placeholder", "Dear [Name], hello"),
    ("placeholder", "Hello, [… write your answer here …]"),
    ("placeholder", "Hello {{ customer_name }}"),
    ("placeholder", "Hello <first name>"),
    ("placeholder", "TODO: ask Ben"),
    ("placeholder", "It costs XXX"),
    ("placeholder", "Sehr geehrte Frau ____,"),
    ("attachment-missing", "Please find the invoice attached."),
    ("attachment-missing", "I have enclosed the form."),
    ("attachment-missing", "See the attachment for details."),
    ("attachment-missing", "Anbei die Rechnung."),
    ("attachment-missing", "Die Rechnung finden Sie im Anhang."),
    ("unsourced", "See https://evil.example/login"),
    ("unsourced", "See www.evil.example"),
    ("unsourced", "See evil.example/x for more"),
    ("unsourced", "See https://shop.example.evil.example/help"),
    ("unsourced", "See https://shop.example/help/../admin"),
    ("unsourced", "Write to boss@evil.example"),
    ("unsourced", "Call +1 900 555 0199"),
    ("unsourced", "Rufen Sie 0900 / 12 34 56 7 an"),
    ("unsourced", "Call (555) 123-4567"),
    ("unsourced", "Pay to GB29 NWBK 6016 1331 9268 19"),
    ("money", "We pay you back 49.90 EUR"),
    ("money", "That is € 1.234,50 in all"),
    ("money", "It is $5"),
    ("money", "You will get a refund"),
    ("money", "a credit to your account"),
    ("money", "Wir erstatten den Betrag"),
    ("money", "Sie bekommen eine Gutschrift"),
    ("money", "Die Rückerstattung ist unterwegs"),
    ("pricing", "we give you a discount"),
    ("pricing", "Use this voucher"),
    ("pricing", "The price is lower"),
    ("pricing", "20 % off everything"),
    ("pricing", "Versand ist kostenlos"),
    ("pricing", "ein Preisnachlass"),
    ("promise", "We guarantee that it works"),
    ("promise", "We promise to call"),
    ("promise", "It arrives within 3 days"),
    ("promise", "You get it by Friday"),
    ("promise", "Wir garantieren das"),
    ("promise", "innerhalb von zwei Werktagen"),
    ("promise", "spätestens am Montag"),
    ("promise", "Es kommt bis Freitag"),
    ("legal", "Ask your lawyer"),
    ("legal", "We are liable for this"),
    ("legal", "our terms and conditions"),
    ("legal", "Wir haften dafür"),
    ("legal", "Ihr Widerrufsrecht"),
    ("medical", "It cures a headache"),
    ("medical", "Take a higher dose"),
    ("medical", "Fragen Sie wegen der Nebenwirkungen"),
    ("financial", "a good investment"),
    ("financial", "It is tax-deductible"),
    ("financial", "Der Kredit läuft weiter"),
    ("safety", "It is safe to use for babies"),
    ("safety", "The material is non-toxic"),
    ("safety", "Das Material ist ungiftig"),
    ("private-data", "Your card 4111 1111 1111 1111 was charged"),
    ("private-data", "Your account GB29 NWBK 6016 1331 9268 19"),
]

MISSES = [
    ("placeholder", "Version [1] of 3 < 5, see note [a]"),
    ("attachment-missing", "Thank you for the photo you attached."),
    ("attachment-missing", "Could you attach a photo, please?"),
    ("attachment-missing", "I looked at your attachment."),
    ("attachment-missing", "Danke für Ihren Anhang."),
    ("unsourced", "See https://shop.example/help."),
    ("unsourced", "See https://photos.example/luna/"),
    ("unsourced", "Call 040 / 12 34 56 or +49 (170) 555-1234"),
    ("unsourced", "Pay to DE89370400440532013000"),
    ("unsourced", "Write to Help@shop.example or anna@example.org"),
    ("unsourced", "On 02.11.2026 and 2026-11-03, e.g. from 9.30 to 18.00, i.e. order 4711"),
    ("money", "Thank you for paying with a credit card."),
    ("money", "Order 4711 has 3 parts"),
    ("pricing", "We appreciate your message"),
    ("promise", "Montag bis Freitag, 9 bis 18 Uhr"),
    ("promise", "Please reply to this e-mail"),
    ("legal", "I can see it in our system"),
    ("legal", "Das haben wir gern gemacht"),
    ("medical", "Have a healthy week"),
    ("financial", "We are interested in your view"),
    ("safety", "We saved your settings"),
    ("private-data", "Your order 4111111111111112 is here"),
    ("private-data", "Our account is DE89 3704 0044 0532 0130 00"),
]


@pytest.mark.parametrize(("kind", "text"), HITS)
def test_a_risk_in_a_draft_is_found(kind: str, text: str) -> None:
    assert kind in found(text)


@pytest.mark.parametrize(("kind", "text"), MISSES)
def test_a_near_miss_is_no_risk(kind: str, text: str) -> None:
    assert kind not in found(text)


def test_every_kind_of_risk_has_its_examples() -> None:
    elsewhere = {"language", "unread-language", "echo", "strategy", "third-party", "unsupported"}  # in tests/gates
    assert set(DETECTORS) - elsewhere == {kind for kind, _ in HITS} == {kind for kind, _ in MISSES}


def test_an_attachment_that_is_there_is_not_missed() -> None:
    assert found("The invoice is attached.", attachments=(Attachment("a.pdf", "application/pdf", b"x"),)) == {}


@pytest.mark.parametrize("text", ["We ref\u200bund it", "We re\u00adfund it", "We ｒｅｆｕｎｄ it"])
def test_letters_that_nobody_sees_hide_no_risk(text: str) -> None:
    assert "money" in found(text)


def test_only_the_last_digits_of_a_card_are_repeated_to_the_reviewer() -> None:
    assert found("Your card 4111 1111 1111 1111")["private-data"] == ["…1111"]


def test_an_answer_in_another_language_is_found() -> None:
    german = "Guten Tag, das haben wir gern für Sie gemacht."
    assert found(german, language="en")["language"] == ["the customer writes en, the answer is de"]
    assert "language" not in found(german, language="de")
    assert "language" not in found(german, language="")


def test_a_german_skeleton_with_english_sentences_has_one_clear_reason() -> None:
    english = "Your order has left our house and will be there by Thursday."
    mixed = f"Guten Tag Herr Muster,\n\nvielen Dank für Ihre Nachricht.\n\n{english}\n\nMit freundlichen Grüßen"
    for customers in ("en", "de"):
        seen = found(mixed, author="drafter:model", language=customers)
        assert seen["language"] == [f"the customer writes {customers}, the answer is partly de and partly en"]
        assert "unread-language" not in seen


def test_what_only_the_sender_chose_is_an_echo_in_an_automatic_answer() -> None:
    text = "Hello Anna Berg, we are here for order 4711 of your lamp Luna"
    assert found(text, author="drafter:template")["echo"] == ["anna berg order 4711 lamp luna"]
    assert "echo" not in found(text, author="ben@example.com")


def test_words_that_our_own_sources_use_are_no_echo() -> None:
    assert "echo" not in found("Hello, we are here", author="drafter:template")


def test_a_reviewer_is_shown_a_few_of_each_kind_and_no_more() -> None:
    text = " ".join(f"https://evil{number}.example/{'x' * 300}" for number in range(50))
    shown = found(text)["unsourced"]
    assert len(shown) == MAX_PER_KIND
    assert all(len(one) <= 120 for one in shown)


def test_the_subject_is_looked_at_too() -> None:
    draft = Draft(("a@example.org",), (), "Your refund", "Hello", author="ben@example.com")
    assert [finding.kind for finding in findings(draft, MAIL, sources=(), language="en")] == ["money"]


@pytest.mark.parametrize(
    ("text", "stopped"),
    [
        ("Hello Anna,\n\nReturns within Germany\nare free of charge. Kind regards", False),
        ("Guten Tag,\n\nder Rückversand ist kostenlos.", False),
        ("Returns within Germany and France are free of charge.", True),
        ("Returns within Germany are free of charge. The lamp is free of charge, too.", True),
        ("Use the voucher LUNA at the till.", True),
    ],
)
def test_that_something_is_free_is_excused_only_in_the_very_words_of_a_source(text: str, stopped: bool) -> None:
    source = (
        "Hello {{ customer_name }},\n\nReturns within Germany are\nfree of charge.\n\nDer Rückversand ist kostenlos.\n"
        "Use the voucher LUNA at the till."
    )
    draft = Draft(("anna@example.org",), (), "Your question", text, author="drafter:template")
    kinds = {each.kind for each in findings(draft, MAIL, sources=(source,), language="") if each.place == "draft"}
    assert ("pricing" in kinds) is stopped
