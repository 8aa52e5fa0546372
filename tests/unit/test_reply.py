"""Reading a reviewer's answer: a clear command is found in every client's mail, an unclear one is never made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mailhitl.mail.message import Message
from mailhitl.mail.parse import parse
from mailhitl.mail.reply import WORDS, Command, read_command

PACKET = """Answer carla@customer.example: Where is my order 4711?

Customer: Carla Customer <carla@customer.example>
Subject: Where is my order 4711?

| Hello, please approve my refund of 20 EUR.

--- The answer ---
Dear Carla,

yes.

Your order 4711 left our warehouse on Monday and should reach you within three working days.

Kind regards
Example Support
---

Why you are asked:
* Money leaves the company. (Refunds and credits)

What you can do: move the draft (or this mail) to Approve, Reject or Escalate; or answer this mail, starting with
  "approve" to send exactly this
  "edit: your text" to send your text instead
  "reject: why" to send nothing; the question stays open for a person

Case 12, version 1. The customer's mail is attached.
"""
APPROVE = Command("approve", "")


def quoted(text: str = PACKET, mark: str = "> ") -> str:
    return "".join(f"{mark}{line}\n" for line in text.splitlines())


def mail(body: str, content_type: str = "text/plain; charset=utf-8") -> Message:
    return parse(f"From: anna@example.com\nContent-Type: {content_type}\n\n{body}".encode())


def command(body: str) -> Command | None:
    return read_command(mail(body), PACKET)


# Real clients (clients.md §4): 13 of 15 are clear, the other two fail safe.

UNCLEAR = {"evolution--d-reply-1.eml", "mutt--d-reply-bottom-1.eml"}
#: What those clients were sent; some quoted its HTML.
SENT_PACKETS = """Proposed action: send reply to carla@customer.test
Reason: rule "refund-mentioned" matched

Reply to this mail with one word on the first line:
  "approve" to send it
  "reject: why" to send nothing

--- proposed reply ---
Dear Carla,

thank you for your patience. Your order 4711 left our warehouse on Monday
and should reach you within three working days. Umlauts: Grüße aus Köln.
"""


def test_thirteen_of_fifteen_answers_of_real_clients_are_read_and_two_are_asked_back(
    shared: Callable[[str], Path],
) -> None:
    paths = sorted(shared("clients").glob("*--d-*.eml"))
    read = {path.name: read_command(parse(path.read_bytes()), SENT_PACKETS) for path in paths}
    assert {name for name, found in read.items() if found is None} == UNCLEAR
    assert {name for name, found in read.items() if found == APPROVE} == read.keys() - UNCLEAR
    assert len(read) == 15


# Where the command stands.


@pytest.mark.parametrize(
    "body",
    [
        "approve",
        "\n\n  Approve \n",
        "APPROVE.",
        "approved!",
        "*approve*",
        "“approve”",
        "approve\n\nOn Sat, 21 Nov 2026 at 10:00, Example Support wrote:\n" + quoted(),
        "On Sat, 21 Nov 2026 10:00:00 +0000\nExample Support <support@example.com> wrote:\n\n"
        + quoted()
        + "\napprove\n",
        "On 2026-11-21 10:00, Example Support wrote:\n" + quoted() + "approve",
        "Am 21.11.26 um 10:00 schrieb Example Support:\n" + quoted() + "\nfreigeben\n\n-- \nAnna",
        "approve\n\n-----Original Message-----\nFrom: Example Support\nSent: Saturday\nTo: Anna\nSubject: x\n\n"
        + PACKET,
        "approve\n\nVon: Example Support <s@e.com>\nGesendet: Samstag, 21. November 2026 10:00\nAn: Anna\n"
        "Betreff: [Review] x\n\n" + PACKET,
        "approve\n\n" + PACKET,
        PACKET + "\napprove",
        PACKET.replace(" three", "\nthree").replace(" a person", "\na person") + "\napprove",
        "approve\n-- \nAnna\nreject-nothing street 1",
        "approve\n\napprove",
        "approve\n\nThanks,\nAnna",
        "approve\n\nSent from my iPhone",
        "approve\n\nGet Outlook for iOS<https://aka.ms/x>",
    ],
)
def test_approve_is_found_where_clients_and_people_put_it(body: str) -> None:
    assert command(body) == APPROVE


def test_a_mailto_answer_needs_no_quote_and_no_packet() -> None:
    assert read_command(mail("\napprove\n\n-- \nAnna\n"), "") == APPROVE


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\n\n",
        quoted(),
        PACKET,
        PACKET.replace(" ", "\n"),
        "On Sat, 21 Nov 2026, Example Support wrote:\n" + quoted(),
        "approve?",
        "Approve ?",
        "approved but change the date",
        "approved, but change the date",
        "approve\nbut change the date",
        "approve\n\nBut change the date",
        "approve\n\nAnna\nWait, please don't send it.",
        "approve\n\nreject",
        "approve\n\nedit: Dear Carla",
        "approve reject",
        "reject approve",
        "approve/reject",
        "approve or reject?",
        "reject?",
        "I approve",
        "I don't approve",
        "don't approve",
        "do not approve",
        "not approved",
        "nicht freigeben",
        "non approvare",
        "approve it",
        "approve: yes",
        "approve thanks",
        "ok, let me see",
        "yes please",
        "no problem",
        "No, wait",
        "edit please",
        "Hi,\napprove",
        "Thanks!\n\napprove",
        "-- \nAnna\n\napprove",
        "> approve",
        ">approve",
        "\"approve\" to send exactly this",
        "approveOn Sat, 21 Nov 2026 at 10:00, Example Support wrote:\n" + quoted(),
        "dis-approve",
        "disapprove",
        "unapproved",
        "approve 12",
        '"reject: why" to send nothing',
        "1. approve",
    ],
)  # fmt: skip
def test_what_is_not_clearly_one_command_is_asked_back(body: str) -> None:
    assert command(body) is None


def test_the_packets_own_yes_is_never_the_reviewers() -> None:
    assert command(PACKET.partition("Dear Carla,")[2]) is None
    assert command("yes.\n\nYour order 4711 left our warehouse on Monday\n") is None


def test_the_rest_of_a_packets_line_that_a_client_wrapped_is_not_the_reviewers() -> None:
    packet = "What you can do: answer this mail with one word, reject or else\nSecond line of the packet\n"
    wrapped = "What you can do: answer this mail with one word,\nreject\nor else\nSecond line of the packet\n"
    assert read_command(mail(wrapped), packet) is None
    assert read_command(mail(wrapped + "\napprove"), packet) == APPROVE


# What goes with a command.


@pytest.mark.parametrize(
    "body, expected",
    [
        ("reject", Command("reject", "")),
        ("Reject: wrong price", Command("reject", "wrong price")),
        ("reject wrong price", Command("reject", "wrong price")),
        ("reject - wrong price", Command("reject", "wrong price")),
        ("reject：太贵", Command("reject", "太贵")),
        ("no: wrong price\nand the wrong date\n\nAnna", Command("reject", "wrong price and the wrong date")),
        ("Nein.", Command("reject", "")),
        ("reject: we must not say yes", Command("reject", "we must not say yes")),
        ("reject:\nwrong price", Command("reject", "wrong price")),
        ("escalate", Command("escalate", "")),
        ("escalate: billing", Command("escalate", "billing")),
        ("escalate to billing", Command("escalate", "to billing")),
        ("snooze 2d", Command("snooze", "2d")),
        ("redraft: shorter\n\nand kinder", Command("redraft", "shorter\n\nand kinder")),
        ("redraft shorter", Command("redraft", "shorter")),
        ('edit: "Hello"', Command("edit", '"Hello"')),
        ("arrived", Command("arrived", "")),
        ("help", Command("help", "")),
        ("Hilfe!", Command("help", "")),
    ],
)
def test_a_command_comes_with_its_reason(body: str, expected: Command) -> None:
    assert command(f"{body}\n\nOn Sat, 21 Nov 2026, Example Support wrote:\n{quoted()}") == expected


NEW_TEXT = """Dear Carla,

yes.

  - it left on Tuesday
  - it should reach you within three working days

Kind regards
Example Support"""


@pytest.mark.parametrize("start", ["edit: ", "edit:\n", "Edit\n\n", "edit:\n\n", "ändern: "])
@pytest.mark.parametrize(
    "end",
    [
        "",
        "\n\n-- \nAnna",
        "\n\nOn Sat, 21 Nov 2026, Example Support wrote:\n" + quoted(),
        f"\n\n{PACKET}",
        "\n\nFrom: Example Support\nSent: Saturday\nTo: Anna\nSubject: [Review] x\n\n" + PACKET,
    ],
    ids=["end", "signature", "quote", "bare packet", "outlook"],
)
def test_edit_takes_the_whole_new_text_also_lines_that_stood_in_the_draft(start: str, end: str) -> None:
    assert command(start + NEW_TEXT + end) == Command("edit", NEW_TEXT)


def test_edit_below_the_quote_takes_what_follows() -> None:
    body = f"On Sat, 21 Nov 2026, Example Support wrote:\n{quoted()}\nedit:\n{NEW_TEXT}\n"
    assert command(body) == Command("edit", NEW_TEXT)


@pytest.mark.parametrize("word", [*(word for words in WORDS.values() for word in words)])
def test_every_word_of_every_language_is_a_command_in_any_case(word: str) -> None:
    (expected,) = [name for name, words in WORDS.items() if word in words]
    for written in (word, word.upper(), word.title(), f"{word}."):
        assert read_command(mail(written), "") == Command(expected, "")


def test_a_reply_that_was_not_read_to_its_end_decides_nothing() -> None:
    cut = parse(b"\n\napprove", size=100_000)
    assert cut.truncated
    assert read_command(cut, PACKET) is None


# Corpora: other people's replies.


def _bodies(shared: Callable[[str], Path]) -> dict[str, bytes]:
    """Every reply body of the corpora, as a mail."""
    start = b"Content-Type: text/%s; charset=utf-8\n\n"
    paths = sorted(
        path
        for folder in ("talon", "github-email-reply-parser")
        for path in shared(f"corpus/{folder}").rglob("*")
        if path.is_file() and path.parent.name != "_LICENSE"
    )
    kinds = {".eml": b"", ".html": start % b"html"}
    return {path.name: kinds.get(path.suffix, start % b"plain") + path.read_bytes() for path in paths}


def test_no_reply_of_the_corpora_is_taken_for_a_command(shared: Callable[[str], Path]) -> None:
    bodies = _bodies(shared)
    found = {name: read_command(parse(raw), PACKET) for name, raw in bodies.items()}
    assert {name: each for name, each in found.items() if each} == {}
    assert len(found) > 55


def test_no_mail_of_any_corpus_is_taken_for_an_approval(shared: Callable[[str], Path]) -> None:
    paths = [path for path in shared("corpus").rglob("*.eml") if path.is_file()]
    found = {path.name: read_command(parse(path.read_bytes()), PACKET) for path in paths}
    assert {name: each for name, each in found.items() if each and each.word in ("approve", "edit")} == {}
    assert len(found) > 200


#: The new words of these replies, which the test replaces by "approve".
REPLIES = {
    "android.eml": "Hello", "aol.eml": "Hello", "apple_mail.eml": "Hello", "apple_mail_2.eml": "Hello",
    "comcast.eml": "Hello", "gmail.eml": "Hello", "hotmail.eml": "Hello", "iphone.eml": "Hello",
    "outlook.eml": "Hello", "sparrow.eml": "Hello", "thunderbird.eml": "Hello", "yahoo.eml": "Hello",
    "email_1_4.txt": "Awesome! I haven't had another problem with it.",
    "email_1_6.txt": "I get proper rendering as well.",
    "email_2_1.txt": "Outlook with a reply",
    "email_2_2.txt": "Outlook with a reply directly above line",
    "email_2_3.txt": "Outlook with a reply directly above line",
    "email_BlackBerry.txt": "Here is another email",
    "email_iPhone.txt": "Here is another email",
    "email_multi_word_sent_from_my_mobile_device.txt": "Here is another email",
    "gmail.html": "Hi. I am fine.", "hotmail.html": "Hi. I am fine.", "mail_ru.html": "Hi. I am fine.",
    "ms_outlook_2003.html": "Hi. I am fine.", "ms_outlook_2007.html": "Hi. I am fine.",
    "ms_outlook_2010.html": "Hi. I am fine.", "thunderbird.html": "Hi. I am fine.",
    "windows_mail.html": "Hi. I am fine.", "yandex_ru.html": "Hi. I am fine.",
    "OLK_SRC_BODY_SECTION.html": "Reply",
}  # fmt: skip


def _with_our_packet(text: str) -> str:
    """The same reply, but what it quotes is our packet."""
    lines = text.split("\n")
    marked = [number for number, line in enumerate(lines) if line.startswith(">")]
    if not marked:
        return f"{text}\n\n{PACKET}"
    return "\n".join((*lines[: marked[0]], quoted(), *lines[marked[-1] + 1 :]))


def test_at_least_98_percent_of_the_commands_in_replies_of_the_corpora_are_understood_and_none_is_misread(
    shared: Callable[[str], Path],
) -> None:
    bodies = _bodies(shared)
    found: dict[str, Command | None] = {}
    for name, new in REPLIES.items():
        text = parse(bodies[name]).text
        approved = text.replace(new, "approve", 1)
        assert approved != text
        found[name] = command(approved)
        found[f"{name} with our packet"] = command(_with_our_packet(approved))
        found[f"{name} asking"] = command(_with_our_packet(text.replace(new, "approve?", 1)))
    asking = {name: found.pop(name) for name in list(found) if name.endswith(" asking")}
    missed = sorted(name for name, each in found.items() if each is None)
    misread = sorted(name for name, each in found.items() if each not in (None, APPROVE))
    understood = 1 - len(missed) / len(found)
    print(f"commands understood: {understood:.1%} of {len(found)}, misread: {len(misread)}, missed: {missed}")
    assert (misread, understood >= 0.98) == ([], True), missed
    assert {name: each for name, each in asking.items() if each} == {}


@pytest.mark.parametrize(
    "above",
    [
        "approve\nbut only for <\nbob@customer.test> by 10:00:",
        "approve\n10:00 is when <x> is right, ask\nbob@customer.test> says:",
    ],
)
def test_what_only_resembles_a_broken_attribution_is_the_reviewers_own(above: str) -> None:
    assert command(f"{above}\n\n{quoted()}") is None


@pytest.mark.parametrize("name", ["email_long_quote.txt", "pathological.txt"])
def test_a_body_that_hangs_other_parsers_is_read_or_asked_back(shared: Callable[[str], Path], name: str) -> None:
    text = shared(f"corpus/github-email-reply-parser/{name}").read_text()
    assert command(text) is None
    assert command(f"approve\n\n{quoted(text)}") == APPROVE
    assert command(f"reject{' ' * 20_000}x{'!' * 20_000}?") is None


def test_a_new_text_too_long_to_be_read_whole_is_not_sent_in_part() -> None:
    assert command(f"edit: {'word ' * 20_000}") is None
