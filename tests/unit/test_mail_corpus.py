"""A thousand real, broken and hostile mails: each becomes a message (checklist 25, 45)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailhitl.mail.automatic import why_automatic
from mailhitl.mail.fingerprint import fingerprint
from mailhitl.mail.html import to_text
from mailhitl.mail.parse import parse
from mailhitl.mail.text import flow, new_words, unflow
from mailhitl.mail.thread import reply_recipients, reply_references, reply_subject, thread_key

OWN = frozenset({"support@example.com"})

#: People by their label whose mail says that a machine may not answer it: sent by jobs, lists, spam filters, no-reply.
SAID_BY_THEMSELVES = {
    "sent from an address no person reads",
    "bulk mail (Precedence)",
    "marked as spam by the mail server",
    "sent by a machine (Auto-Submitted)",
    "a delivery or read report",
    "an automatic answer or bounce by its subject",
    "sent to a mailing list",
    "a calendar invitation",
}


@pytest.fixture(scope="module")
def labelled(shared: Callable[[str], Path]) -> list[tuple[dict[str, Any], bytes]]:
    root = shared("corpus")
    lines = (root / "LABELS.jsonl").read_text(encoding="utf-8").splitlines()
    labels = [json.loads(line) for line in lines]
    return [(label, (root / label["file"]).read_bytes()) for label in labels]


def test_every_file_of_the_corpus_is_a_message(labelled: list[tuple[dict[str, Any], bytes]]) -> None:
    assert len(labelled) > 1000
    for label, raw in labelled:
        message = parse(raw)
        assert not any("unreadable body" in defect for defect in message.defects), label["file"]
        assert all(len(value.splitlines()) <= 1 for _, value in message.headers), label["file"]
        assert "\r" not in message.text and "\0" not in message.text, label["file"]
        fingerprint(message, raw)
        thread_key(message)
        to, cc = reply_recipients(message, OWN)
        assert len(to) + len(cc) <= 50
        assert reply_subject(message.subject).startswith("Re:")
        assert len(reply_references(message)) <= 20
        assert unflow(flow(message.text)).split() or not message.text.split()


def test_no_ordinary_mail_of_the_corpus_is_unreadable(labelled: list[tuple[dict[str, Any], bytes]]) -> None:
    unreadable = [label["file"] for label, raw in labelled if label["role"] == "message" and not parse(raw).readable]
    assert unreadable == []


def test_no_bounce_or_automatic_answer_of_the_corpus_passes_for_a_person(
    labelled: list[tuple[dict[str, Any], bytes]],
) -> None:
    machines = [(label, raw) for label, raw in labelled if (label["truth"] or {}).get("respond") is False]
    assert len(machines) >= 150
    assert [label["file"] for label, raw in machines if why_automatic(parse(raw), own=OWN) is None] == []


def test_people_of_the_corpus_are_passed_over_only_by_what_their_mail_declares(
    labelled: list[tuple[dict[str, Any], bytes]],
) -> None:
    people = [
        (label, raw)
        for label, raw in labelled
        if label["role"] == "message" and "respond" not in (label["truth"] or {})
    ]
    reasons = [why_automatic(parse(raw), own=OWN) for _, raw in people]
    assert {reason for reason in reasons if reason} <= SAID_BY_THEMSELVES
    # Bare notes of clients and servers that no label calls automatic; the rest of the 700 are people.
    assert sum(reason == "an automatic answer or bounce by its subject" for reason in reasons) <= 1


#: The truth keeps a signature or a phone's last line that we cut, or differs by layout that plain text does not show.
OTHERWISE = {
    "talon/reply-separated-by-hr.html",
    "talon/standard_replies/android.eml",
    "talon/standard_replies/iphone.eml",
    "talon/standard_replies/sparrow.eml",
}


def test_what_is_new_in_a_reply_is_found(labelled: list[tuple[dict[str, Any], bytes]]) -> None:
    keys = ("reply_text", "reply_text_whitespace_insensitive")
    wrong = []
    for label, raw in labelled:
        wanted = next(((label["truth"] or {})[key] for key in keys if key in (label["truth"] or {})), None)
        if wanted is None or label["file"] in OTHERWISE:
            continue
        text = raw.decode("utf-8", "replace")
        found = {
            "message": lambda raw=raw: parse(raw).new_text,
            "html-body": lambda text=text: new_words(to_text(text)),
            "body-text": lambda text=text: new_words(text),
        }[label["role"]]()
        if found.split() != wanted.split():
            wrong.append((label["file"], found))
    assert wrong == []
