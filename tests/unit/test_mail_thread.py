"""The conversation a mail belongs to, and whom an answer goes to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailhitl.mail.message import Address, Message
from mailhitl.mail.parse import parse_header
from mailhitl.mail.thread import reply_recipients, reply_references, reply_subject, thread_key

OWN = frozenset({"Support@example.com", "help@example.com"})


def mail(**lines: str) -> Message:
    return parse_header("".join(f"{name.replace('_', '-')}: {line}\r\n" for name, line in lines.items()).encode())


def test_the_thread_is_named_by_its_oldest_mail() -> None:
    assert thread_key(mail(References="<1@x> <2@x>", In_Reply_To="<2@x>", Message_ID="<3@x>")) == "<1@x>"
    assert thread_key(mail(In_Reply_To="<2@x>", Message_ID="<3@x>")) == "<2@x>"
    assert thread_key(mail(Message_ID="<3@x>")) == "<3@x>"
    assert thread_key(mail(Subject="no ids")) == ""


def test_the_answer_goes_to_reply_to_and_copies_the_others_without_us() -> None:
    message = mail(
        From="Ann <ann@example.org>",
        Reply_To="desk@example.org, DESK@example.org",
        To="support@example.com, support+42@example.com, Bob <bob@example.net>",
        Cc="help@example.com, bob@EXAMPLE.net, desk@example.org, not an address",
    )
    assert reply_recipients(message, OWN) == (("desk@example.org",), ("bob@example.net",))


def test_a_reply_to_of_our_own_falls_back_on_from() -> None:
    message = mail(From="ann@example.org", Reply_To="support+x@example.com")
    assert reply_recipients(message, OWN) == (("ann@example.org",), ())


def test_there_are_never_more_than_fifty_recipients() -> None:
    crowd = tuple(Address("", f"p{n}@example.net") for n in range(500))
    to, cc = reply_recipients(Message(senders=crowd[:3], to=crowd), OWN)
    assert (len(to), len(cc)) == (3, 47)


def test_references_end_with_the_mail_that_is_answered() -> None:
    assert reply_references(mail(References="<1@x> <2@x>", Message_ID="<3@x>")) == ("<1@x>", "<2@x>", "<3@x>")
    assert reply_references(mail(In_Reply_To="<2@x>", Message_ID="<3@x>")) == ("<2@x>", "<3@x>")
    assert reply_references(mail(In_Reply_To="<1@x> <2@x>", Message_ID="<3@x>")) == ("<3@x>",)
    assert reply_references(mail(References="<3@x> <2@x>", Message_ID="<3@x>")) == ("<2@x>", "<3@x>")
    assert reply_references(mail(Subject="none")) == ()


def test_of_long_references_the_first_and_the_last_stay() -> None:
    ids = tuple(f"<{n}@x>" for n in range(300))
    kept = reply_references(replace(mail(Message_ID="<new@x>"), references=ids))
    assert len(kept) == 20
    assert (kept[0], kept[-2:]) == ("<0@x>", ("<299@x>", "<new@x>"))


def test_an_id_that_could_break_a_header_is_none() -> None:
    assert mail(Message_ID="<a b@x>").message_id == ""
    assert mail(Message_ID="<ä@x>").message_id == ""
    assert mail(References="<1@x>,<2@x>\r\n\t<3@x> junk").references == ("<1@x>", "<2@x>", "<3@x>")


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Hat", "Re: Hat"),
        ("Re: Hat", "Re: Hat"),
        ("RE: re: Hat", "Re: Hat"),
        ("AW: Re[2]: SV: Hut", "Re: Hut"),
        ("Antw: RES: Hat", "Re: Hat"),
        ("回复：帽子", "Re: 帽子"),
        ("Return of a hat", "Re: Return of a hat"),
        ("Reference: 42", "Re: Reference: 42"),
        ("", "Re:"),
        ("Hi\r\nBcc: evil@x.example", "Re: Hi Bcc: evil@x.example"),
    ],
)
def test_the_subject_gets_one_re(subject: str, answer: str) -> None:
    assert reply_subject(subject) == answer


def test_the_subject_is_capped() -> None:
    assert len(reply_subject("x" * 5000)) <= 260
