"""What we file and send: the words that were approved, in a mail that nothing in those words can reshape."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from email import policy
from email.parser import HeaderParser
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailhitl.draft import Attachment, Draft
from mailhitl.mail.edited import draft_of
from mailhitl.mail.message import Address, Message
from mailhitl.mail.parse import parse
from mailhitl.mail.stamp import APPROVAL_HEADER, Kind, PrivateId, Stamp, read_header, read_id
from mailhitl.mail.text import quote
from mailhitl.mail.thread import reply_subject
from tests.unit.composing import (
    BREAKERS,
    KEY,
    NOW,
    a_draft,
    answer,
    assert_any_server_takes,
    filed,
    header_names,
    html_part,
    notice,
    read,
)

# What comes back is what was approved.

words = st.text(max_size=400)
drafts = st.builds(
    a_draft,
    text=st.one_of(words, st.lists(words, max_size=6).map("\n".join)),
    subject=st.text(max_size=200),
    to=st.lists(st.sampled_from(["a@x.example", "B.c+d@y.example", '"o d"@z.example']), unique=True).map(tuple),
    cc=st.lists(st.sampled_from(["e@x.example", "f@y.example"]), unique=True).map(tuple),
    attachments=st.lists(
        st.builds(
            Attachment,
            st.text(max_size=100),
            st.sampled_from(["application/pdf", "text/plain", "text/html", "message/rfc822", "multipart/mixed", "?"]),
            st.binary(max_size=200),
        ),
        max_size=3,
    ).map(tuple),
)


@settings(max_examples=300, deadline=None)
@given(drafts)
@example(a_draft(text="a  \nb   \n-- \nAnna \n"))
@example(a_draft(text="From here\n>From there\n From\n.\n..\n>> deep\n> > odd\n-- x"))
@example(a_draft(text="x" * 5000 + " " + "y " * 3000))
@example(a_draft(text="> " + "q " * 200))
@example(a_draft(text="a " * 38 + "> b " * 50))
@example(a_draft(text="\n.\n.\r\n\r.\r\n\0\r\x85\u2028\ufeff"))
@example(a_draft(text="e\u0301 \u0301a\ud800"))
@example(a_draft(subject="=?utf-8?q?a?= " + "ü" * 500 + "  x" * 100 + "\r\nBcc: a@b"))
@example(a_draft(subject="x" * 3000))
@example(a_draft(subject="\ud800"))
@example(a_draft(subject="0\r>"))
def test_what_is_filed_and_what_is_sent_carry_the_digest_of_the_draft(draft: Draft) -> None:
    for raw in (filed(draft), answer(draft)):
        assert draft_of(raw).digest == draft.digest
        assert_any_server_takes(raw)


def test_recipients_subject_and_attachments_are_read_back_as_they_were() -> None:
    draft = a_draft(
        subject="Re: Grüße",
        cc=("otto@customer.example",),
        attachments=(Attachment("Rechnung Nr. 4 (März).pdf", "application/pdf", b"%PDF\0\r\n\xff"),),
    )
    for raw in (filed(draft), answer(draft)):
        back = draft_of(raw)
        assert (back.to, back.cc, back.subject) == (draft.to, draft.cc, draft.subject)
        assert back.attachments == draft.attachments
        assert back.text == draft.text.strip()


# The filed draft.


def test_a_filed_draft_is_flowed_plain_text_that_every_client_edits_cleanly() -> None:
    mail = read(filed(a_draft()))
    assert mail.get_content_type() == "text/plain"
    assert mail["Content-Type"].params == {"charset": "utf-8", "format": "flowed"}
    assert mail["Content-Transfer-Encoding"] == "quoted-printable"


def test_a_filed_draft_is_known_by_header_by_message_id_and_by_a_private_reference() -> None:
    draft = a_draft()
    mail = read(filed(draft))
    assert read_header(mail[APPROVAL_HEADER], KEY) == Stamp(12, 3, draft.digest)
    assert read_id(mail["Message-ID"], KEY) == PrivateId(Kind.DRAFT, 12, 3)
    root, private, customer = mail["References"].split()
    assert (root, customer) == ("<root@customer.example>", "<q@customer.example>")
    assert read_id(private, KEY) == PrivateId(Kind.MH, 12, 3)
    assert mail["In-Reply-To"] == "<q@customer.example>"


def test_a_filed_draft_of_a_mail_without_id_is_still_known_by_its_reference() -> None:
    mail = read(filed(a_draft(), Message()))
    assert read_id(mail["References"], KEY) == PrivateId(Kind.MH, 12, 3)
    assert mail["In-Reply-To"] is None


def test_a_filed_draft_goes_from_us_to_the_customer() -> None:
    mail = read(filed(a_draft(cc=("otto@customer.example",))))
    assert mail["From"] == "Example Support <support@example.com>"
    assert (mail["To"], mail["Cc"]) == ("carla@customer.example", "otto@customer.example")
    assert mail["Date"].datetime == NOW
    assert "Reply-To" not in mail
    assert "Bcc" not in mail


# What the customer gets.


def test_an_answer_has_the_headers_of_the_allow_list_and_no_other() -> None:
    allowed = ["From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version"]
    assert header_names(answer(a_draft())) == [*allowed, "Content-Type"]


def test_an_answer_names_nothing_of_ours() -> None:
    raw = answer(a_draft(), automatic=True).lower()
    assert b"mailhitl" not in raw
    assert b"<mh." not in raw


def test_an_answer_continues_the_customers_thread() -> None:
    mail = read(answer(a_draft()))
    assert mail["Message-ID"] == "<sent.12.3@example.com>"
    assert mail["In-Reply-To"] == "<q@customer.example>"
    assert mail["References"] == "<root@customer.example> <q@customer.example>"


def test_only_an_automatic_answer_says_that_it_is_one() -> None:
    by_hand, automatic = read(answer(a_draft())), read(answer(a_draft(), automatic=True))
    assert "Auto-Submitted" not in by_hand
    assert automatic["Auto-Submitted"] == "auto-replied"
    assert automatic["X-Auto-Response-Suppress"] == "All"


def test_an_answer_has_an_html_twin_of_its_words() -> None:
    raw = answer(a_draft(text="Dear Carla,\n\nhere it is.", attachments=(Attachment("a.pdf", "a/b", b"x"),)))
    assert [part.get_content_type() for part in read(raw).walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/octet-stream",
    ]
    assert "<p>Dear Carla,</p>\n<p>here it is.</p>" in html_part(raw)


def test_a_rendered_frame_takes_the_place_of_the_plain_twin() -> None:
    assert html_part(answer(a_draft(), html="<p>frame</p>\n")) == "<p>frame</p>\n"


# Long and broken ids.


@pytest.mark.parametrize("length", [60, 78, 79, 110, 400, 890])
def test_a_long_id_is_written_in_one_piece(length: int) -> None:
    long = f"<{'a' * (length - 15)}@mail.example>"
    raw = answer(a_draft(), Message(message_id=long, references=("<root@customer.example>",)))
    assert f"In-Reply-To: {long}\r\n".encode() in raw
    assert read(raw)["References"] == f"<root@customer.example> {long}"
    assert_any_server_takes(raw)


def test_many_references_are_folded_between_ids() -> None:
    source = Message(message_id="<q@c.example>", references=tuple(f"<{'r' * 90}{n}@c.example>" for n in range(15)))
    raw = filed(a_draft(), source)
    found = re.search(r"^References: (.*(?:\n .*)*)", raw.decode().replace("\r", ""), re.MULTILINE)
    assert found is not None
    lines = found[1].split("\n ")
    assert tuple(lines[:15]) == source.references
    assert lines[15:] != []
    assert lines[-1].split()[-1] == source.message_id
    assert_any_server_takes(raw)


@pytest.mark.parametrize("broken", ["", "no brackets", f"<{'a' * 2000}@b>", "<a b@c>", "<ü@c>", "<a@b>\r\nBcc: x@y"])
def test_an_id_that_no_header_can_carry_is_left_out(broken: str) -> None:
    raw = answer(a_draft(), Message(message_id=broken, references=("<ok@c.example>", broken)))
    assert "In-Reply-To" not in read(raw)
    assert read(raw)["References"] == "<ok@c.example>"


def test_an_answer_to_every_mail_of_the_corpora_is_read_by_another_parser_and_threads(
    shared: Callable[[str], Path],
) -> None:
    entries = [json.loads(line) for line in shared("corpus/LABELS.jsonl").read_text().splitlines()]
    messages = [entry["file"] for entry in entries if entry["role"] == "message"]
    threaded = 0
    for name in messages:
        source = parse(shared(f"corpus/{name}").read_bytes())
        draft = a_draft(subject=reply_subject(source.subject), text=quote(source.text, attribution="You wrote:"))
        raw = answer(draft, source)
        assert_any_server_takes(raw)
        assert draft_of(raw).digest == draft.digest, name
        header = HeaderParser(policy=policy.default).parsestr(raw.decode())
        assert (header["In-Reply-To"] or "") == source.message_id, name
        assert (header["References"] or "").endswith(source.message_id), name
        threaded += bool(source.message_id)
    assert len(messages) > 800
    assert threaded > 700


# Words cannot become structure (checklist 40–42).


@pytest.mark.parametrize("breaker", BREAKERS, ids=ascii)
@pytest.mark.parametrize(
    "compose",
    [
        lambda evil: filed(a_draft(subject=evil)),
        lambda evil: filed(a_draft(text=evil)),
        lambda evil: filed(a_draft(attachments=(Attachment(evil, "text/plain", b""),))),
        lambda evil: filed(a_draft(attachments=(Attachment("a", evil, b""),))),
        lambda evil: filed(a_draft(), Message(message_id=evil, references=(evil, "<a@b>"))),
        lambda evil: answer(a_draft(subject=evil, text=evil), Message(message_id=evil)),
        lambda evil: answer(a_draft(), html=evil),
        lambda evil: notice(subject=evil, text=evil, html=evil),
        lambda evil: notice(in_reply_to=f"<{evil}>"),
        lambda evil: notice(sender=Address(evil, "support@example.com")),
        lambda evil: notice(attached=evil.encode()),
    ],
    ids=[
        "subject",
        "text",
        "file name",
        "file type",
        "ids",
        "answer",
        "html",
        "notice",
        "in-reply-to",
        "sender",
        "attached",
    ],
)
def test_no_word_adds_a_header_or_ends_the_mail(breaker: str, compose: Callable[[str], bytes]) -> None:
    harmless = header_names(compose("<x@y>"))
    for evil in (f"x{breaker}Bcc: evil@evil.example{breaker}{breaker}.{breaker}", f"{breaker}.{breaker}QUIT{breaker}"):
        raw = compose(evil)
        assert_any_server_takes(raw)
        assert set(header_names(raw)) <= set(harmless)
        assert "bcc" not in {name.lower() for part in read(raw).walk() for name in part.keys()}  # noqa: SIM118


@pytest.mark.parametrize("word", ["=?utf-8?q?=0D=0ABcc:_evil@evil.example?=", "=?utf-8?b?DQpCY2M6IGVAZQ==?="])
def test_an_encoded_word_among_words_stays_words(word: str) -> None:
    raw = filed(a_draft(subject=word, attachments=(Attachment(word, "text/plain", b"x"),)))
    assert "Bcc" not in read(raw)
    assert draft_of(raw).subject == word
    assert_any_server_takes(raw)


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\r\nBcc: c@d",
        "a b@c.example",
        "a@b.example> SIZE=1",
        "-f@b.example",
        f"{'a' * 300}@b.example",
        "ü@b.example",
        "a@bücher.example",
        "a@b.example, c@d.example",
        "name <?>",
        "boss@corp.example <e@x.example>",
        "",
    ],
)
def test_what_is_not_one_strict_address_is_refused(address: str) -> None:
    for draft in (a_draft(to=(address,)), a_draft(cc=(address,))):
        with pytest.raises(ValueError, match="not an address"):
            answer(draft)
        with pytest.raises(ValueError, match="not an address"):
            filed(draft)
    with pytest.raises(ValueError, match="not an address"):
        notice(to=address)


@pytest.mark.parametrize("name", ["Müller & Söhne", 'Ann "x" <evil@x>', "=?utf-8?q?x?=", "名前" * 60, ""])
def test_a_senders_name_of_any_kind_leaves_the_address_alone(name: str) -> None:
    raw = notice(sender=Address(name, "support@example.com"))
    (mailbox,) = read(raw)["From"].addresses
    assert mailbox.addr_spec == "support@example.com"
    # The standard library leaves a space between the encoded words of a long name.
    assert mailbox.display_name.replace(" ", "") == name.replace(" ", "")
