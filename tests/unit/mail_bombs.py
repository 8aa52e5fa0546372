"""Mails built to exhaust a reader, and one process to read one in: ``python -m tests.unit.mail_bombs NAME``."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

from mailhitl.mail.automatic import why_automatic
from mailhitl.mail.fingerprint import fingerprint
from mailhitl.mail.parse import parse
from mailhitl.mail.thread import reply_recipients, reply_references, thread_key

CPU_SECONDS = 5
MEMORY = 300 * 1024 * 1024

_HEAD = b"From: ann@example.org\r\nTo: support@example.com\r\nMIME-Version: 1.0\r\n"
_HTML = _HEAD + b"Content-Type: text/html\r\n\r\n"
_MIXED = _HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'


def _nested(depth: int) -> bytes:
    levels = (b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(depth))
    return _HEAD + b"".join(levels) + b"\r\nhello"


def _subject(words: bytes) -> bytes:
    return _HEAD + b"Subject: " + words + b"\r\n\r\nhello\r\n"


BOMBS: dict[str, Callable[[], bytes]] = {
    "273 KB of encoded words in the subject": lambda: _subject(b"=?utf-8?q?=41=42?= " * 14_500),
    "1 MB of words in the subject": lambda: _subject(b"word " * 200_000),
    "headers full of broken encoded words": lambda: (
        _HEAD + b"".join(b"X-%d: " % n + b"=?a?q?" * 2600 + b"\r\n" for n in range(2000)) + b"\r\nhello"
    ),
    "a million parts": lambda: _MIXED + b"--b\r\n\r\nx\r\n" * 1_000_000 + b"--b--\r\n",
    "parts 300 deep": lambda: _nested(300),
    "parts 3000 deep": lambda: _nested(3000),
    "a megabyte of empty lines": lambda: _HEAD + b"\r\nhello" + b"\r\n" * 500_000 + b"bye",
    "a megabyte of blanks and lines": lambda: _HEAD + b"\r\nhello" + b" \t\n" * 350_000 + b"bye",
    "20,000 parameters": lambda: (
        _HEAD + b"Content-Type: text/plain" + b"".join(b"; p%d=v" % n for n in range(20_000)) + b"\r\n\r\nhello"
    ),
    "parameters that never end their quotes": lambda: (
        _MIXED + (b'--b\r\nContent-Type: text/plain; x="' + b";" * 16_000 + b"\r\n\r\nx\r\n") * 1000
    ),
    "200,000 references": lambda: (
        _HEAD + b"References:" + b"".join(b"\r\n <%d@example.org>" % n for n in range(200_000)) + b"\r\n\r\nhello"
    ),
    "20,000 parentheses in From": lambda: b"From: " + b"(" * 20_000 + b"ann@example.org\r\n\r\nhello",
    "20,000 open quotes in From": lambda: b"From: " + b'"\\' * 20_000 + b"ann@example.org\r\n\r\nhello",
    "a header of 50 MB": lambda: _HEAD + b"X-A: " + b"a" * 50_000_000 + b"\r\n\r\nhello",
    "a header of 50 MB in folded lines": lambda: _HEAD + b"X-A: " + b"a\r\n " * 12_500_000 + b"\r\n\r\nhello",
    "50 MB of headers": lambda: _HEAD + b"X-A: a\r\n" * 6_000_000 + b"\r\nhello",
    "a chain of message/rfc822": lambda: _HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 100_000 + b"hello",
    "4 million lines like a boundary": lambda: _MIXED + b"--bx\r\n" * 4_000_000,
    "HTML 200,000 deep": lambda: _HTML + b"<div>" * 200_000 + b"x",
    "HTML lists 200 deep": lambda: _HTML + b"<ul>" * 200 + b"<li>x" * 100_000,
    "an HTML table of one wide cell": lambda: (
        _HTML + b"<table><tr><td>" + b"w" * 100_000 + b"</td></tr>" + b"<tr><td>x</td></tr>" * 40_000
    ),
    "HTML of 100,000 elements": lambda: _HTML + b"<b>x</b>" * 100_000,
    "290 parts of HTML": lambda: (
        _MIXED + (b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<p>x</p>" * 400 + b"\r\n") * 290
    ),
    "links to endless hosts": lambda: _HTML + (b"<a href='http://" + b"\xc3\xbc" * 1900 + b".de/'>x</a>") * 500,
    "attributions without end": lambda: _HEAD + b"\r\n" + (b"2010/1/1 " + b" <@" * 120 + b":\r\n") * 20_000,
    "20 million quote marks": lambda: _HEAD + b"\r\n" + b">" * 20_000_000,
    "a flowed paragraph of a million lines": lambda: (
        _HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"a \r\n" * 1_000_000
    ),
}


def _held_to_limits() -> None:
    """Memory beyond what the mail itself takes up already raises MemoryError, time beyond kills."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))


def _read(name: str) -> dict[str, object]:
    raw = BOMBS[name]()
    _held_to_limits()
    message = parse(raw)
    return {
        "readable": message.readable,
        "defects": message.defects,
        "sender": message.sender.spec,
        "text": len(message.text),
        "subject": len(message.subject),
        "references": len(message.references),
        "last": message.references[-1:],
        "rest": [
            fingerprint(message, raw),
            thread_key(message),
            reply_recipients(message, frozenset()),
            reply_references(message),
            why_automatic(message, own=frozenset()),
        ],
    }


if __name__ == "__main__":
    print(json.dumps(_read(sys.argv[1])))
