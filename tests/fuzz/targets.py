"""What is fuzzed: each target takes any octets and fails when reading them raises, or believes what is forged."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

from mailhitl.config.load import load
from mailhitl.draft import Draft
from mailhitl.errors import ConfigError
from mailhitl.mail import followup
from mailhitl.mail.authenticity import vouched
from mailhitl.mail.automatic import why_automatic
from mailhitl.mail.bounce import read_report
from mailhitl.mail.compose import compose_answer
from mailhitl.mail.edited import draft_of, read_edited
from mailhitl.mail.message import Address
from mailhitl.mail.numbered import read_entries
from mailhitl.mail.parse import parse, parse_header
from mailhitl.mail.reply import WORDS, read_command, read_verdict
from mailhitl.mail.stamp import Kind, PrivateId, Stamp, header_value, read_header, read_id, write_id
from tests.fuzz.papers import PAPERS
from tests.fuzz.wire import WIRE
from tests.story.world import letter

KEY = b"k" * 32
BORDER = "mx.example.com"
PACKET = "An answer waits for you.\n\nDear Ann,\nyour money is on its way.\n\napprove, reject: why, edit:"
CANARY = "canary-5f1e-password"
NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
SENT = PrivateId(Kind.SENT, 12, 3)
PACKET_ID = PrivateId(Kind.PACKET, 12, 3, "abcdefghijklmnopqrstuvwxyz234567")
STAMP = Stamp(12, 3, "ab" * 32)

Target = Callable[[bytes], None]


def message(raw: bytes) -> None:
    """Any octets are a mail, and nothing of it can break a header or an address of ours."""
    seen = parse(raw)
    parse_header(raw)
    for _, value in seen.headers:
        assert not any(letter in value for letter in "\r\n\0"), value
    for address in (*seen.senders, *seen.reply_to, *seen.to, *seen.cc):
        assert address.spec.isascii()
        # Only a quoted local part may hold more than atoms (RFC 5322 3.4.1).
        unquoted = address.spec.rpartition("@")[2] if address.spec.startswith('"') else address.spec
        assert not any(letter in unquoted for letter in " <>,"), address.spec
        assert not any(letter in address.spec for letter in "\r\n\0"), address.spec
    why_automatic(seen, own=frozenset({"support@example.com"}))
    followup.says_wrong(seen.new_text)
    followup.only_thanks(seen.new_text)


def answer(raw: bytes) -> None:
    """Whatever was asked, our answer is one mail with our headers and no others."""
    seen = parse(raw)
    draft = Draft(("ann@customer.test",), (), f"Re: {seen.subject}", f"Dear {seen.sender.name},\n\nyes.", "drafter:x")
    ours = Address("Example Support", "support@example.com")
    sent_id = write_id(SENT, KEY, "example.com")
    mail = compose_answer(draft, seen, message_id=sent_id, sender=ours, now=NOW, automatic=True)
    read = message_from_bytes(mail, policy=policy.default)
    assert read["To"] == "ann@customer.test"
    assert read["Message-ID"] == sent_id
    assert {name.lower() for name in read} <= OUR_HEADERS, read.keys()
    assert b"\n" not in mail.replace(b"\r\n", b"")


OUR_HEADERS = frozenset(
    {"from", "to", "subject", "date", "message-id", "mime-version", "content-type", "in-reply-to", "references"}
    | {"auto-submitted", "x-auto-response-suppress", "content-transfer-encoding", "precedence", "content-language"}
)


def command(raw: bytes) -> None:
    """A reply approves only by a word that says so."""
    seen = parse(raw)
    found = [read_command(seen, PACKET), *(entry.command for entry in read_entries(seen, PACKET))]
    read_verdict(seen, PACKET)
    if any(one is not None and one.word == "approve" for one in found):
        assert any(word in seen.new_text.casefold() for word in WORDS["approve"]), seen.new_text


def authentication(raw: bytes) -> None:
    """Only our border's own word on top counts, and only for the domain that stands in From."""
    seen = parse(raw)
    assert vouched(seen, trusted=()) is None
    if vouched(seen, trusted={BORDER}) is not None:
        top = seen.header("authentication-results").casefold()
        assert BORDER in top.partition(";")[0], top
        assert "pass" in top
        assert ".".join(seen.sender.domain.split(".")[-2:]) in top, top


def bounce(raw: bytes) -> None:
    """A report's recipients are addresses or nothing, and its words are one line each."""
    report = read_report(parse(raw), raw)
    for one in report.recipients if report else ():
        assert not any(letter in f"{one.address}{one.diagnostic}{one.status}" for letter in "\r\n\0"), one


def config(raw: bytes) -> None:
    """A file is a config or is refused in words, which hold no secret."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config.toml")
        path.write_bytes(raw)
        try:
            load(path)
        except ConfigError as error:
            assert CANARY not in "\n".join(error.problems), error.problems


def stamp(raw: bytes) -> None:
    """Nobody who has not the key makes a mark that says something else than those we have made."""
    text = raw.decode("latin-1")
    for word in (text, *text.split()):
        assert read_id(word, KEY) in (None, SENT, PACKET_ID), word
        assert read_id(f"<{word}>", KEY) in (None, SENT, PACKET_ID), word
    for line in text.splitlines():
        assert read_header(line, KEY) in (None, STAMP), line


def edited(raw: bytes) -> None:
    """A draft that any client has saved is read, and read the same twice."""
    filed = Draft(("ann@customer.test",), (), "Re: My order", "Dear Ann,\n\nyes.\n\n> please", "drafter:x")
    assert draft_of(raw).digest == draft_of(raw).digest
    read_edited(raw, filed)


OWN = {each.__name__: each for each in (message, answer, command, authentication, bounce, config, stamp, edited)}
ELSEWHERE = PAPERS | WIRE
TARGETS: Mapping[str, Target] = OWN | {name: target for name, (target, _) in ELSEWHERE.items()}
#: Those that take a whole mail.
MAILS = frozenset(
    {"message", "answer", "command", "authentication", "bounce", "edited", "wishes", "plus_address", "gates", "packet"}
)


def check_octets(name: str, raw: bytes) -> None:
    """Fails as the target of this name does."""
    TARGETS[name](raw)


ALTERNATIVE = (
    b'Content-Type: multipart/alternative; boundary="b"\r\nFrom: a@b.test\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8; format=flowed\r\n\r\nhello\r\n--b\r\n"
    b"Content-Type: text/html\r\n\r\n<p style='display:none'>x</p><a href=http://x>y</a>\r\n--b--\r\n"
)
REPORT = (
    b"From: MAILER-DAEMON@mx.test\r\nSubject: Undelivered\r\nAuto-Submitted: auto-replied\r\n"
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\n'
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\n"
    b"Final-Recipient: rfc822; ann@x.test\r\n"
    b"Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 no such user\r\n\r\n--b\r\n"
    b"Content-Type: message/rfc822\r\n\r\nMessage-ID: <a@b>\r\nSubject: x\r\n\r\ny\r\n--b--\r\n"
)
CONFIG = Path(__file__).parents[2] / "config.example.toml"


def seeds() -> Mapping[str, Sequence[bytes]]:
    """What each target's octets are made from."""
    mails = [
        letter("Please refund my order 4711.\n\nAnn", In_Reply_To=write_id(SENT, KEY, "example.com")),
        letter("approve\n\nOn Mon, Support wrote:\n> approve, reject: why", subject="Re: [Review] x"),
        letter("1,3-7 approve; 2 reject: too dear\n4 edit: Dear Bea,\n\nno."),
        letter("edit:\nDear Ann,\n\nno.\n\n-- \nBen", Reply_To="Ben <ben@example.com>", Cc="a@b.test, c@d.test"),
        ALTERNATIVE,
        REPORT,
    ]
    marks = "\n".join(
        [write_id(SENT, KEY, "example.com"), write_id(PACKET_ID, KEY, "example.com"), header_value(STAMP, KEY)]
    )
    file = CONFIG.read_bytes().replace(b'{ env = "SUPPORT_PASSWORD" }', f'"{CANARY}"'.encode())
    own = dict.fromkeys(OWN, mails) | {"stamp": [marks.encode()], "config": [file]}
    return own | {name: seeds for name, (_, seeds) in ELSEWHERE.items()}


#: Pieces that readers stumble over, put anywhere and repeated.
TOKENS = (
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\t",
        b" ",
        b"\x0b",
        b"\x85",
        b"\xff",
        b"\xe2\x80\xa8",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
    ),
    *(
        b"=?utf-8?b?",
        b"?=",
        b"=?utf-7?q?",
        b"<",
        b">",
        b"@",
        b"(",
        b")",
        b'"',
        b"\\",
        b",",
        b";",
        b":",
        b"1",
        b"-",
        b"a",
    ),
    *(
        b"From: x@y.test\r\n",
        b"Authentication-Results: mx.example.com; dmarc=pass header.from=y.test\r\n",
        b"--b",
        b"--b--",
    ),
    *(
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"charset=utf-16",
        b"> ",
    ),
    *(b"approve", b"reject: ", b"1,2-3 ", b"5.1.1 ", b"[x]\n", b"= 'x'\n", b'"""', b"{", b"}", b"[[", b"dmarc=pass "),
)
LONGEST = 60_000


def mutated(random, seed: bytes) -> bytes:
    """The seed with some of its octets changed, cut, repeated or joined by TOKENS."""
    raw = bytearray(seed)
    for _ in range(random.randint(1, 8)):
        at, end = sorted((random.randint(0, len(raw)), random.randint(0, len(raw))))
        end = min(end, at + 200)
        change = random.randint(0, 5)
        if change == 0:
            raw[at:at] = random.choice(TOKENS)
        elif change == 1:
            raw[at:at] = (random.choice(TOKENS) + random.choice(TOKENS)) * random.choice((1, 30, 1_000, 30_000))
        elif change == 2:
            del raw[at:end]
        elif change == 3:
            raw[at:at] = raw[at:end] * random.choice((1, 2, 50))
        elif change == 4 and at < len(raw):
            raw[at] ^= 1 << random.randint(0, 7)
        else:
            raw[at:end] = random.choice(TOKENS)
    return bytes(raw[:LONGEST])
