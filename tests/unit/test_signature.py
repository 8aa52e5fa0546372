"""A signature proves who wrote an approval only when it covers all that the approval consists of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dkim
import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhitl.errors import TemporaryFailure
from mailhitl.mail.parse import parse
from mailhitl.mail.signature import Checked, KeyRecord, checked
from tests.signing import EVERYTHING, private_key, record, records, signed

NOW = datetime(2026, 11, 16, 11, 0, tzinfo=UTC)
MAIL = (
    b"From: Anna <anna@example.com>\r\nTo: support@example.com\r\nSubject: Re: [Review] x\r\n"
    b"Date: Mon, 16 Nov 2026 11:00:00 +0000\r\nMessage-ID: <a@example.com>\r\n"
    b"In-Reply-To: <packet.1.1.aaaaaaaaaaaaaaaa.token@example.com>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
    b"approve\r\n\r\nOn Mon, Support wrote:\r\n> Please decide\r\n"
)


@pytest.fixture(autouse=True)
def on_that_monday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def published(name: str) -> bytes | None:
    return records().get(name)


def look(raw: bytes, key_record: KeyRecord = published, *, size: int = 0) -> Checked:
    return checked(raw, parse(raw, size=size or len(raw)), now=NOW, key_record=key_record)


def tagged(fields: str, raw: bytes = MAIL) -> bytes:
    """Signed with these tags in the signature, which the library would not write by itself."""

    class Signer(dkim.DKIM):  # type: ignore[misc]
        def gen_header(self, written: list[tuple[bytes, bytes]], *more: object, **other: object) -> bytes:
            extra = [(name.encode(), value.encode()) for name, _, value in (f.partition("=") for f in fields.split())]
            names = {name for name, _ in extra}
            kept = [pair for pair in written if pair[0] not in names]
            return bytes(super().gen_header([*extra, *kept], *more, **other))

    names = [name.encode() for name in EVERYTHING if f"\n{name}:".encode() in b"\n" + raw.lower()]
    return bytes(Signer(raw).sign(b"s1", b"example.com", private_key(), include_headers=names)) + raw


def test_the_sender_s_own_domain_signed_all_of_it() -> None:
    assert look(signed(MAIL)) == Checked("own dkim check d=example.com")


def test_a_mail_with_bare_line_feeds_is_verified_like_any_other() -> None:
    assert look(signed(MAIL).replace(b"\r\n", b"\n")).proof


def test_a_parent_domain_may_sign_for_its_own_hosts() -> None:
    raw = MAIL.replace(b"anna@example.com", b"anna@mail.example.com")
    assert look(signed(raw)).proof == "own dkim check d=example.com"


def test_of_several_signatures_the_one_of_the_sender_s_domain_counts() -> None:
    raw = signed(signed(MAIL), "list.test")
    assert look(raw, {**records(), **records("list.test")}.get).proof == "own dkim check d=example.com"


@pytest.mark.parametrize("domain", ["evil.test", "com", "notexample.com", "mail.example.com", "example.com.evil.test"])
def test_another_domain_proves_nothing(domain: str) -> None:
    found = look(signed(MAIL, domain), records(domain).get)
    assert found == Checked(doubt="it carries no signature of example.com")


def test_an_unsigned_mail_proves_nothing_and_asks_nobody() -> None:
    asked: list[str] = []
    assert look(MAIL, lambda name: asked.append(name)) == Checked(doubt="it carries no signature of example.com")
    assert asked == []


CHANGES = {
    "another word": (b"approve", b"Approve!"),
    "another sender": (b"anna@", b"bill@"),
    "another packet": (b"packet.1.1", b"packet.2.1"),
    "another charset": (b"utf-8", b"utf-7"),
    "words below": (b"> Please decide\r\n", b"> Please decide\r\nmore\r\n"),
}


@pytest.mark.parametrize("old, new", CHANGES.values(), ids=CHANGES)
def test_a_mail_that_was_changed_on_its_way_proves_nothing(old: bytes, new: bytes) -> None:
    raw = signed(MAIL)
    assert old in raw
    assert look(raw.replace(old, new)).proof == ""


@pytest.mark.parametrize(
    "name", ["From", "Date", "Subject", "In-Reply-To", "References", "Content-Type", "Content-Transfer-Encoding"]
)
def test_a_second_header_of_a_kind_that_counts_proves_nothing(name: str) -> None:
    once = MAIL.replace(b"MIME-Version", b"References: <1@x.test>\r\nMIME-Version")
    twice = f"{name}: boss@example.com\r\n".encode() + signed(once)
    assert look(signed(once)).proof
    assert look(twice).proof == ""


@pytest.mark.parametrize("name", ["date", "subject", "in-reply-to", "content-type", "content-transfer-encoding"])
def test_a_signature_that_leaves_a_header_open_proves_nothing(name: str) -> None:
    raw = signed(MAIL, headers=tuple(each for each in EVERYTHING if each != name))
    assert look(raw).doubt == f"its signature does not cover {name.title()}"


def test_a_signature_of_the_first_part_only_proves_nothing() -> None:
    raw = signed(MAIL, length=True)
    assert look(raw + b"appended\r\n").doubt == "its signature covers only the beginning of it (l=)"
    assert look(raw).proof == ""


def test_an_expired_signature_proves_nothing() -> None:
    ends = int((NOW + timedelta(minutes=5)).timestamp())
    raw = tagged(f"x={ends}")
    assert look(raw).proof
    late = checked(raw, parse(raw), now=NOW + timedelta(minutes=6), key_record=published)
    assert late.doubt == "its signature has expired"


def test_a_signature_by_sha1_proves_nothing() -> None:
    names = [name.encode() for name in EVERYTHING]
    line = dkim.sign(
        MAIL, b"s1", b"example.com", private_key(), include_headers=names[:6], signature_algorithm=b"rsa-sha1"
    )
    assert look(bytes(line) + MAIL).doubt == "its signature is of a kind that can be forged"


SMALL_PRIVATE = b"""-----BEGIN RSA PRIVATE KEY-----
MIIBOwIBAAJBAPg1zhiKznnrOaI4OugcIBHiJSvm0xyyqr+4zyvjYhSpvn7+cqp0
zDaBFHvwZatntIZEr7txe+RejTr0z8uypU8CAwEAAQJARTt8yQuunAMoiD7271co
+tQBWkWADTkot2FtJ+i8qtZBUPPI/TydS/3aGMXSSaFNYoisPlyma9icNNx7F4vy
gQIhAP/VP784ceNKtwS3mBK2Oh2jNhO2mTCtV4Nt0UiVt/KnAiEA+F9IQLUKt4FP
27CgxJGkBjIuVR1BiivzGGa6qf9R1RkCIGBhhHyT1UQd98lNKXuTL13PCSZwGlJe
W6PmEXxY+03tAiEA0yYVw8TllnndjTQMiPAT1JymnP9hL3kLkmwLNuhzBkkCIQDO
07N2aLU9DkPQYBA0cYEyWY56wWIm6yeEy5gY2k+qaw==
-----END RSA PRIVATE KEY-----
"""
SMALL_PUBLIC = (
    b"v=DKIM1; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAPg1zhiKznnrOaI4OugcIBHiJSvm0xyy"
    b"qr+4zyvjYhSpvn7+cqp0zDaBFHvwZatntIZEr7txe+RejTr0z8uypU8CAwEAAQ=="
)


def test_a_key_of_512_bits_proves_nothing() -> None:
    names = [name.encode() for name in EVERYTHING if f"{name}:".encode() in MAIL.lower()]
    raw = bytes(dkim.sign(MAIL, b"s1", b"example.com", SMALL_PRIVATE, include_headers=names)) + MAIL
    assert dkim.verify(raw, dnsfunc=lambda *_, **__: SMALL_PUBLIC, minkey=512)
    assert look(raw, {"s1._domainkey.example.com": SMALL_PUBLIC}.get).proof == ""


@pytest.mark.parametrize(
    "key",
    [None, b"", b"v=DKIM1; p=", b"v=DKIM2; p=x", b"rubbish", b"p=AAAA; p=BBBB", record("t=y; "), record("h=sha1; ")],
)
def test_a_key_that_is_gone_or_not_meant_for_this_proves_nothing(key: bytes | None) -> None:
    assert look(signed(MAIL), lambda name: key).proof == ""


def test_a_key_that_speaks_for_its_own_domain_only_is_taken_at_its_word() -> None:
    strict = {"s1._domainkey.example.com": record("t=s; ")}.get
    assert look(tagged("i=@example.com"), strict).proof
    assert look(tagged("i=@mail.example.com"), strict).proof == ""
    assert look(tagged("i=@mail.example.com")).proof


def test_a_name_server_that_is_away_is_told_as_the_reason() -> None:
    def away(name: str) -> bytes | None:
        raise TemporaryFailure("no answer")

    assert look(signed(MAIL), away) == Checked(doubt="the key of example.com could not be looked up just now")


def test_a_mail_that_was_not_fetched_whole_proves_nothing() -> None:
    raw = signed(MAIL)
    assert look(raw, size=len(raw) + 1).doubt == "it is too long to be checked"


UGLY = {
    "a bare carriage return": (b"Subject: ", b"Subject: x\rFrom: boss@example.com\r"),
    "a NUL": (b"Subject: ", b"Subject: \0"),
    "a blank before the colon": (b"To:", b"To :"),
    "a line that is no header": (b"To:", b"no header\r\nTo:"),
    "an envelope line in the middle": (b"To:", b"From boss\r\nTo:"),
}


@pytest.mark.parametrize("old, new", UGLY.values(), ids=UGLY)
def test_a_mail_that_two_readers_would_read_differently_proves_nothing(old: bytes, new: bytes) -> None:
    raw = MAIL.replace(old, new, 1)
    assert look(signed(MAIL).replace(old, new, 1)).proof == ""
    assert look(b"DKIM-Signature: v=1; d=example.com; h=from; b=x; bh=x; s=s1; a=rsa-sha256\r\n" + raw).proof == ""


BROKEN = [
    "",
    "d",
    "=;=",
    "v=1; v=1",
    "v=1; a=rsa-sha256; d=example.com; s=s1; h=; bh=AAAA; b=AAAA",
    "v=1; a=rsa-sha256; d=example.com; s=\u00e4; h=from; bh=AAAA; b=AAAA",
    "v=1; a=rsa-sha256; d=example.com; s=s1; h=from; x=never; bh=AAAA; b=AAAA",
    f"v=1; a=rsa-sha256; d=example.com; s=s1; h={':'.join(EVERYTHING)}; bh=AAAA; b={' ' * 4000}!",
]


@pytest.mark.parametrize("written", BROKEN)
def test_a_broken_signature_raises_nothing_and_proves_nothing(written: str) -> None:
    raw = f"DKIM-Signature: {written}\r\n".encode() + MAIL
    assert look(raw).proof == ""
    assert look(raw).doubt


def test_a_broken_arc_chain_is_nobody_s_business() -> None:
    broken = b"ARC-Seal: i=x; cv=\r\nARC-Message-Signature: i=1; i=2\r\nARC-Authentication-Results: i=0; ;;\r\n"
    assert look(broken + signed(MAIL)).proof
    assert look(broken + MAIL).proof == ""


def meaning(raw: bytes) -> tuple[object, ...]:
    message = parse(raw)
    return message.sender, message.subject, message.in_reply_to, message.text.split()


@given(st.binary(max_size=200), st.integers(min_value=0, max_value=1000))
@settings(max_examples=200, deadline=None)
def test_no_octets_in_a_signed_mail_raise_or_prove_another_mail(octets: bytes, place: int) -> None:
    raw = signed(MAIL)
    at = place % len(raw)
    changed = raw[:at] + octets + raw[at + len(octets) :]
    found = look(changed)
    assert bool(found.proof) != bool(found.doubt)
    if found.proof:
        assert meaning(changed) == meaning(raw)
