"""Drafts as real mail clients save them: the words a person meant, whatever else the client left behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhitl.draft import Attachment, Draft, fold
from mailhitl.mail.compose import compose_filed
from mailhitl.mail.edited import BOTH_CHANGED, NOT_WHOLE, draft_of, read_edited
from mailhitl.mail.message import Address, Message

#: The draft that the clients of ../shared/clients were given; they changed "Monday" to "Tuesday" or added the word.
PLAIN = """Dear Carla,

thank you for your patience. Your order 4711 left our warehouse on Monday
and should reach you within three working days. Umlauts: Grüße aus Köln.

Kind regards
Example Support

On Tue, 17 Nov 2026 at 09:12, Carla Customer <carla@customer.test> wrote:
> Hello, where is my order 4711?
> I have been waiting for two weeks.
"""
#: Its HTML twin said the same without the line that introduces the quote.
HTML = PLAIN.replace("On Tue, 17 Nov 2026 at 09:12, Carla Customer <carla@customer.test> wrote:\n", "")

#: Saved by a client, the words it was given, and how the reviewer's edit changed them.
EDITS = {
    "aerc--b-recall-f-1": PLAIN.replace("Monday", "Tuesday"),
    "aerc--b-recall-postpone-is-review-1": PLAIN.replace("Monday", "Tuesday"),
    "aerc--c-recall-send-1": PLAIN.replace("Monday", "Tuesday"),
    "aerc--c-recall-send-2": PLAIN.replace("Monday", "Tuesday"),
    "alpine--b-resume-postponed-1": PLAIN,
    "alpine--c-resume-send-1": PLAIN.replace("Monday", "Tuesday"),
    "claws--b-Drafts-subfolder-1": f"Tuesday {PLAIN}",
    "claws--b-via-Drafts-1": f"{PLAIN}Tuesday edited",
    "claws--c-send-1": f"{PLAIN}Tuesday edited",
    "claws--c-send-2": f"{PLAIN}Tuesday edited",
    "evolution--b-edit-as-new-1": f"Tuesday {HTML}",
    "evolution--c-send-1": f"Tuesday {HTML}",
    "evolution--c-send-2": f"Tuesday {HTML}",
    "mutt--b-edit-raw-1": PLAIN.replace("Monday", "Tuesday"),
    "mutt--b-recall-attach-1": PLAIN.replace("Monday", "Tuesday"),
    "mutt--b-recall-postpone-1": PLAIN.replace("Monday", "Tuesday"),
    "mutt--b-recall-review-postpone-1": PLAIN.replace("Monday", "Tuesday"),
    "mutt--b-resend-postpone-1": PLAIN.replace("Monday", "Tuesday"),
    "mutt--c-recall-send-1": PLAIN.replace("Monday", "Tuesday"),
    "mutt--c-recall-send-2": PLAIN.replace("Monday", "Tuesday"),
    "mutt--c-resend-send-1": PLAIN.replace("Monday", "Tuesday"),
    "mutt--c-resend-send-2": PLAIN.replace("Monday", "Tuesday"),
    "neomutt--b-edit-raw-1": PLAIN.replace("Monday", "Tuesday"),
    "neomutt--b-recall-postpone-1": PLAIN.replace("Monday", "Tuesday"),
    "neomutt--b-resend-postpone-1": PLAIN.replace("Monday", "Tuesday"),
    "neomutt--c-recall-send-1": PLAIN.replace("Monday", "Tuesday"),
    "neomutt--c-recall-send-2": PLAIN.replace("Monday", "Tuesday"),
    "neomutt--c-resend-send-1": PLAIN.replace("Monday", "Tuesday"),
    "neomutt--c-resend-send-2": PLAIN.replace("Monday", "Tuesday"),
    "roundcube--b-edit-as-new-1": HTML.replace("Monday", "Tuesday"),
    "roundcube--b-edit-as-new-Drafts_Review-1": HTML.replace("Monday", "Tuesday"),
    "roundcube--c-edit-as-new-send-1": HTML.replace("Monday", "Tuesday"),
    "roundcube--c-edit-as-new-send-2": HTML.replace("Monday", "Tuesday"),
    "thunderbird--alice-edit-send-1": HTML.replace("4711 left", "*4711* left"),
    "thunderbird--alice-move-edited-to-approved-1": HTML.replace("Monday", "Tuesday"),
    "thunderbird--b-Drafts-subfolder-1": f"Tuesday {HTML}",
    "thunderbird--b-draft-in-Drafts-1": HTML.replace("Monday", "Tuesday"),
    "thunderbird--b-edit-as-new-1": f"Tuesday {HTML}",
    "thunderbird--b-edit-plain-1": PLAIN.replace("Monday", "Tuesday"),
    "thunderbird--b-edit-second-save-1": PLAIN.replace("Monday", "Tuesday x"),
    "thunderbird--c-edit-send-1": f"Tuesday {HTML}".replace("4711 left", "*4711* left"),
    "thunderbird--c-edit-send-2": f"Tuesday {HTML}".replace("4711 left", "*4711* left"),
    "thunderbird--c-send-Drafts-subfolder-1": f"Tuesday {HTML}".replace("4711 left", "*4711* left"),
    "thunderbird--c-send-Drafts-subfolder-2": f"Tuesday {HTML}".replace("4711 left", "*4711* left"),
}


def a_draft(text: str, subject: str = "Re: Where is my order?", to: tuple[str, ...] = ("a@customer.example",)) -> Draft:
    return Draft(to=to, cc=(), subject=subject, text=text, author="drafter:template")


def saved(body: str, content_type: str = "text/plain; charset=utf-8", headers: str = "") -> bytes:
    start = (
        f"To: a@customer.example\r\nSubject: Re: Where is my order?\r\n{headers}Content-Type: {content_type}\r\n\r\n"
    )
    return f"{start}{body}".replace("\r\n", "\n").replace("\n", "\r\n").encode()


def twins(text: str, html: str) -> bytes:
    parts = f"--B\nContent-Type: text/plain\n\n{text}\n--B\nContent-Type: text/html\n\n{html}\n--B--\n"
    return saved(parts, 'multipart/alternative; boundary="B"')


@pytest.mark.parametrize("name, words", EDITS.items(), ids=EDITS)
def test_the_words_a_reviewer_left_in_a_real_client_are_read(
    shared: Callable[[str], Path], name: str, words: str
) -> None:
    raw = shared(f"clients/{name}.eml").read_bytes()
    draft = draft_of(raw)
    assert fold(draft.text) == fold(words)
    assert (draft.to, draft.cc) == (("carla@customer.test",), ("otto@customer.test",))


def test_a_client_that_saves_text_and_html_in_step_makes_no_conflict(shared: Callable[[str], Path]) -> None:
    both = [name for name in EDITS if name.startswith(("evolution", "roundcube", "thunderbird"))]
    for name in both:
        edited = read_edited(shared(f"clients/{name}.eml").read_bytes(), a_draft(HTML))
        assert (fold(edited.draft.text), edited.conflict) == (fold(EDITS[name]), ""), name
    assert len(both) == 18


def test_no_saved_draft_of_any_client_shows_private_headers_or_markup(shared: Callable[[str], Path]) -> None:
    paths = sorted(shared("clients").glob("*--[bc]-*.eml"))
    for path in paths:
        draft = draft_of(path.read_bytes())
        seen = f"{draft.subject}\n{draft.text}".lower()
        for private in (
            "x-mailhitl",
            "mailhitl",
            "x-claws",
            "scf:",
            "fcc:",
            "bcc",
            "hitl-d0",
            "sig=",
            "<p>",
            "content-",
        ):
            assert private not in seen, path.name
        assert "Grüße aus Köln" in fold(draft.text), path.name
    assert len(paths) == 43


def test_the_blind_copy_a_client_kept_is_named(shared: Callable[[str], Path]) -> None:
    raw = shared("clients/claws--b-via-Drafts-1.eml").read_bytes()
    assert read_edited(raw, a_draft(PLAIN)).bcc == ("support+hitl-D0006@example.test",)


def test_thunderbirds_html_of_an_unchanged_draft_is_the_draft(shared: Callable[[str], Path]) -> None:
    raw = shared("clients/thunderbird--b-edit-plain-1.eml").read_bytes()
    filed = Draft(
        to=("carla@customer.test",),
        cc=("otto@customer.test",),
        subject="Re: Where is my order 4713?",
        text=PLAIN.replace("Monday", "Tuesday"),
        author="drafter:template",
    )
    assert read_edited(raw, filed).draft.digest == filed.digest


@settings(deadline=None)
@given(st.text(max_size=300))
def test_a_draft_nobody_touched_is_the_draft_that_was_filed(text: str) -> None:
    filed = a_draft(text)
    raw = compose_filed(
        filed,
        Message(message_id="<q@customer.example>"),
        case_id=1,
        revision=1,
        key=b"k" * 32,
        sender=Address("", "support@example.com"),
        now=datetime(2026, 11, 21, tzinfo=UTC),
    )
    edited = read_edited(raw, filed)
    assert edited.draft.digest == filed.digest
    assert (edited.bcc, edited.conflict) == ((), "")


# Of two twins, the one that was edited.


@pytest.mark.parametrize(
    "text, html, meant",
    [
        ("new words", "<p>old words</p>", "new words"),
        ("old words", "<p>new words</p>", "new words"),
        ("new words", "<p>new words</p>", "new words"),
        ("*new* words", "<p><b>new</b> words</p>", "*new* words"),
        ("old words", "<p>old words</p>", "old words"),
        ("old\nwords", "<p>new words</p>", "new words"),
        ("old words", "<p>old words!</p>", "old words!"),
        ("old words!", "<p>old words</p>", "old words!"),
        ("old words", "", "old words"),
        ("", "<p>old words</p>", "old words"),
    ],
)
def test_of_text_and_html_the_one_that_differs_from_what_was_filed_is_meant(text: str, html: str, meant: str) -> None:
    edited = read_edited(twins(text, html), a_draft("old words"))
    assert (edited.draft.text.strip(), edited.conflict) == (meant, "")


def test_text_and_html_that_both_changed_and_disagree_are_a_conflict() -> None:
    edited = read_edited(twins("new words", "<p>other words</p>"), a_draft("old words"))
    assert edited.conflict == BOTH_CHANGED


def test_words_deleted_in_the_text_leave_no_stale_html_behind() -> None:
    edited = read_edited(twins("Dear Ann", "<p>Dear Ann, you get 50 % off</p>"), a_draft("Dear Ann, you get 50 % off"))
    assert edited.draft.text.strip() == "Dear Ann"


# Shapes of text.


def test_html_lines_and_quotes_become_plain_ones() -> None:
    raw = saved("Dear Ann,<br><br>yes.<blockquote type=cite><pre>Is it?\nReally?</pre></blockquote>", "text/html")
    assert fold(draft_of(raw).text) == "Dear Ann, yes. Is it? Really?"
    assert "> Is it?\n> Really?" in draft_of(raw).text


def test_flowed_lines_are_joined_also_where_delsp_removes_their_space() -> None:
    assert draft_of(saved("one \ntwo\n", "text/plain; format=flowed")).text == "one two"
    assert draft_of(saved("one \ntwo\n", "text/plain; format=flowed; delsp=yes")).text == "onetwo"
    assert draft_of(saved("one \ntwo\n")).text == "one \ntwo"


def test_any_charset_is_read() -> None:
    raw = saved("", "text/plain; charset=iso-8859-15").replace(b"\r\n\r\n", b"\r\n\r\nGr\xfc\xdfe f\xfcr 5 \xa4")
    assert draft_of(raw).text == "Grüße für 5 €"
    assert "Gr" in draft_of(raw.replace(b"iso-8859-15", b"no-such-thing")).text


def test_claws_private_block_on_top_of_the_headers_is_no_part_of_the_draft() -> None:
    block = (
        b"X-Claws-Account-Id:1\r\nS:support@example.com\r\nSCF:#imap/support/Sent\r\nX-Claws-End-Special-Headers: 1\r\n"
    )
    draft = draft_of(block + saved("hello"))
    assert (draft.to, draft.text) == (("a@customer.example",), "hello")


# Files and recipients.


def test_a_file_that_was_added_is_an_attachment_with_a_harmless_name() -> None:
    parts = (
        "--B\nContent-Type: text/plain\n\nhello\n"
        '--B\nContent-Type: text/plain; name="x"\nContent-Disposition: attachment; '
        'filename="..\\\\a/../notes.txt"\n\nnote\n'
        "--B\nContent-Type: message/rfc822\n\nSubject: inner\n\nbody\n--B--\n"
    )
    draft = draft_of(saved(parts, "multipart/mixed; boundary=B"))
    assert draft.text == "hello"
    assert draft.attachments == (
        Attachment("notes.txt", "text/plain", b"note"),
        Attachment("attachment", "message/rfc822", b"Subject: inner\n\nbody"),
    )


@pytest.mark.parametrize(
    "written",
    ["müller@bücher.example", "boss@corp.example <evil@x.example> junk", "a@b@c", "Ann <>", "<a b@c.example>"],
)
def test_a_recipient_that_is_no_address_is_a_conflict_and_never_overlooked(written: str) -> None:
    raw = saved("hello", headers=f"Cc: {written}\n")
    edited = read_edited(raw, a_draft("hello"))
    assert "not an address" in edited.conflict
    assert edited.draft.digest != a_draft("hello").digest
    assert draft_of(raw).digest != a_draft("hello").digest


def test_a_draft_with_more_parts_than_can_be_read_is_a_conflict() -> None:
    parts = "--B\nContent-Type: image/png\n\nx\n" * 2000
    edited = read_edited(saved(f"--B\n\nhello\n{parts}--B--\n", "multipart/mixed; boundary=B"), a_draft("hello"))
    assert edited.conflict == NOT_WHOLE


@settings(deadline=None)
@given(st.binary(max_size=500))
def test_no_bytes_make_reading_fail(raw: bytes) -> None:
    for each in (
        raw,
        b"Content-Type: text/html\n\n" + raw,
        b"Content-Type: multipart/mixed; boundary=B\n\n--B\n" + raw,
    ):
        assert draft_of(each).digest
        assert read_edited(each, a_draft("hello")).draft == draft_of(each) or b"html" in raw
