"""Mail to our own people, the original that goes along with it, and words as simple HTML."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhitl.mail.markup import html_of
from tests.unit.composing import (
    assert_any_server_takes,
    notice,
    read,
)


def test_a_notice_says_that_a_machine_wrote_it() -> None:
    mail = read(notice(reply_to="support+review@example.com", in_reply_to="<a@b>"))
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Reply-To"] == "support+review@example.com"
    assert mail["In-Reply-To"] == mail["References"] == "<a@b>"
    assert "Auto-Submitted" not in read(notice(automatic=False))


def test_a_notice_carries_the_original_as_it_came() -> None:
    original = b"From: a@b.example\nSubject: x\n\nHello\n.\n"
    mail = read(notice(html="<p>Case 12</p>", attached=original))
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "message/rfc822",
        "text/plain",
    ]
    assert b"From: a@b.example\r\nSubject: x\r\n\r\nHello\r\n.\r\n" in notice(attached=original)


@pytest.mark.parametrize(
    "original",
    [b"", b"\xff\xfe", b"no header\n\nx", b"A: b\n\n\xe9", b"A: b\n\n\0", b"A: b\rc: d\n\n", b"A: " + b"x" * 2000],
)
def test_a_broken_original_goes_along_as_a_file(original: bytes) -> None:
    raw = notice(attached=original)
    (part,) = read(raw).iter_attachments()
    assert (part.get_content_type(), part.get_filename()) == ("application/octet-stream", "original.eml")
    assert part.get_content() == original
    assert_any_server_takes(raw)


def test_every_mail_of_the_corpora_can_be_attached(shared: Callable[[str], Path]) -> None:
    originals = [path for path in shared("corpus").rglob("*") if path.is_file() and "_LICENSE" not in path.parts]
    for path in originals:
        raw = notice(attached=path.read_bytes()[:1_000_000])
        assert_any_server_takes(raw)
        (part,) = read(raw).iter_attachments()
        assert part.get_filename() == "original.eml"
    assert len(originals) > 500


# The HTML twin.


@pytest.mark.parametrize(
    "text, html",
    [
        ("a\nb\n\n\nc", "<p>a<br>b</p>\n<p>c</p>\n"),
        (
            "a\n> b\n>> c\n> d",
            "<p>a</p>\n<blockquote><p>b</p>\n<blockquote><p>c</p>\n</blockquote>\n<p>d</p>\n</blockquote>",
        ),
        ("<script>&\"'", "<p>&lt;script&gt;&amp;&quot;&#x27;</p>"),
        ("  - x", "<p>&nbsp;&nbsp;- x</p>"),
        (
            "See https://a.example/x?a=1&b=2.",
            '<a href="https://a.example/x?a=1&amp;b=2">https://a.example/x?a=1&amp;b=2</a>.',
        ),
        ("(http://a.example)", '(<a href="http://a.example">http://a.example</a>)'),
        ("mailto:a@b.example", '<a href="mailto:a@b.example">mailto:a@b.example</a>'),
        ("javascript:alert(1) www.a.example ftp://x data:text/html,x", "<p>javascript:alert(1) www.a.example ftp://x"),
        ('http://a"onclick=x', '<a href="http://a">http://a</a>&quot;onclick=x'),
        ("", "<body>\n</body>"),
    ],
)
def test_words_become_simple_html(text: str, html: str) -> None:
    assert html in html_of(text).replace(' type="cite"', "").replace("<blockquote>\n", "<blockquote>")


@settings(deadline=None)
@given(st.text(alphabet="<>\"'& \nahtps:/.!ü\0\u2028", max_size=200))
def test_html_of_any_text_has_only_the_tags_we_write(text: str) -> None:
    tags = {tag.split()[0] for tag in re.findall(r"<([^>]*)>", html_of(text))}
    assert tags <= {
        "!DOCTYPE",
        "html",
        "/html",
        "body",
        "/body",
        "p",
        "/p",
        "br",
        "a",
        "/a",
        "blockquote",
        "/blockquote",
    }


def test_very_deep_quotes_and_very_long_lines_are_written_too() -> None:
    assert html_of(">" * 100_000 + " deep").count("<blockquote") == 20
    assert "https" in html_of("https://" * 20_000)
