"""Targets that read what servers say: the octets are the server's side of one dialogue, played on 127.0.0.1."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Self

from mailhitl.backends.imap import ImapMailbox
from mailhitl.backends.imap_connect import ImapSettings
from mailhitl.backends.language_model import HttpModel, ModelSettings
from mailhitl.backends.smtp import SmtpSettings, SmtpTransport, Timeouts
from mailhitl.delivery import Status
from mailhitl.errors import MailhitlError, ModelFailure
from mailhitl.ports.mailbox import Location
from mailhitl.ports.model import Order

HOST = "127.0.0.1"
#: Between what a server says to one command and what it says to the next.
TURN = b"\x1e"
#: Seconds after which a server that is not asked any more hangs up, and a client that is not answered.
SILENCE, PATIENCE = 0.05, 0.3
LIMIT = 2_000
MAIL = b"From: support@example.com\r\nTo: ann@customer.test\r\nSubject: x\r\n\r\nyes.\r\n.\r\nwell\r\n"
ANN = "ann@customer.test"


class Player:
    """A server of one connection. The octets are turns ``WORD|what it says``: one is said, once, when it is asked
    something that holds WORD; ``polite`` is said where there is none. ``{tag}`` stands for the tag of what was asked.

    ``heard`` is all that it was told. A turn for "" is the greeting.
    """

    def __init__(self, raw: bytes, polite: bytes) -> None:
        self.heard = b""
        self._turns = [turn.partition(b"|")[::2] for turn in raw.split(TURN)]
        self._polite = polite
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _play(self) -> None:
        with suppress(OSError):
            connection, _ = self._listener.accept()
            with connection:
                connection.settimeout(SILENCE)
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        said = self._turn(b"", b"")
        while said:
            connection.sendall(said)
            asked = self._listen(connection, b"\r\n.\r\n" if said.startswith(b"354") else b"\n")
            if not asked:
                return
            said = self._turn(asked, self._polite)

    def _listen(self, connection: socket.socket, end: bytes) -> bytes:
        asked = b""
        while not asked.endswith(end) and (received := connection.recv(65_536)):
            self.heard += received
            asked += received
            if literal := re.search(rb"\{(\d{1,4})(\+?)\}\r\n$", asked):
                connection.sendall(b"" if literal[2] else self._turn(b"literal", b"+ go on\r\n"))
                wanted = len(asked) + int(literal[1]) + 2
                while len(asked) < wanted and (received := connection.recv(65_536)):
                    asked += received
        return asked

    def _turn(self, asked: bytes, polite: bytes) -> bytes:
        first = asked.split(b"\r\n", 1)[0].upper()
        for place, (word, said) in enumerate(self._turns):
            if word.upper() in first if asked else not word:
                del self._turns[place]
                return said.replace(b"{tag}", asked.split(b" ", 1)[0])
        return polite.replace(b"{tag}", asked.split(b" ", 1)[0])


def imap(raw: bytes) -> None:
    """Whatever an IMAP server says, we hear one of our own errors, and of a mail no more than was asked for."""
    with Player(raw, b"{tag} OK done\r\n") as server, suppress(MailhitlError):
        settings = ImapSettings(HOST, server.port, "none", "u", lambda: "p", timeout=PATIENCE)
        mailbox = ImapMailbox.connect(settings)
        try:
            _work(mailbox)
        finally:
            mailbox.close()


def _work(mailbox: ImapMailbox) -> None:
    asked = Location("INBOX", 7, 1), Location("INBOX", 7, 2)
    mailbox.prefix()
    for folder in mailbox.folders():
        assert isinstance(folder.name, str), folder
    mailbox.status("INBOX")
    assert all(place.uid > 0 for place in mailbox.locations("INBOX")[:100])
    for glance in mailbox.glance(asked):
        assert glance.location in asked
        assert glance.arrived.tzinfo is not None
    for place, octets in mailbox.fetch_all(asked, limit=LIMIT):
        assert place in asked
        assert len(octets) <= LIMIT
    assert set(mailbox.answered(asked)) <= set(asked)
    mailbox.find("INBOX", "<a@b.test>")
    added = mailbox.append_all("Drafts", [])
    mailbox.append("Drafts", MAIL, flags=("\\Seen", "$x"), at=datetime(2026, 11, 16, tzinfo=UTC))
    mailbox.move(asked[0], "Drafts")
    mailbox.flag(asked[1], add=("\\Answered",))
    mailbox.remove(asked[1:])
    assert not added


def smtp(raw: bytes) -> None:
    """Whatever an SMTP server says, every recipient has a result, and what it may have taken is never sent again."""
    waits = Timeouts(*[PATIENCE] * 9)
    with Player(raw, b"250 ok\r\n") as server:
        settings = SmtpSettings(HOST, server.port, "none", "u", lambda: "secret", timeouts=waits)
        result = SmtpTransport(settings).hand_over(MAIL, "support@example.com", [ANN], on_phase=lambda _: None)
    [one] = result.results
    whole = server.heard.endswith(b"\r\n.\r\n") or b"\r\n.\r\nQUIT" in server.heard
    assert "\n" not in one.reply
    if one.status is Status.ACCEPTED:
        assert whole, one
        assert one.reply.startswith("2"), one
    elif whole and one.status in (Status.DEFERRED, Status.REFUSED):
        assert one.reply.startswith(("4", "5")), one


@cache
def _order() -> Order:
    return Order("Write.", "A mail.")


def model(raw: bytes) -> None:
    """Whatever a model's server says, it is an answer in its form or a ModelFailure that repeats nothing of it."""
    with Player(b"POST|" + raw.replace(TURN, b""), b"") as server:
        settings = ModelSettings("m", lambda: "key", f"http://{HOST}:{server.port}/v1", 5.0, (1.0, 1.0))
        try:
            written = HttpModel(settings).write(_order())
        except ModelFailure as failure:
            assert len(str(failure)) < 200
            return
    assert all(len(sentence.text) <= LIMIT for paragraph in written.paragraphs for sentence in paragraph)


IMAP = TURN.join(
    [
        b"|* OK [CAPABILITY IMAP4rev1 UIDPLUS MOVE NAMESPACE CONDSTORE] hello\r\n",
        b"LOGIN|{tag} OK [CAPABILITY IMAP4rev1 UIDPLUS MOVE NAMESPACE LIST-EXTENDED SPECIAL-USE] in\r\n",
        *[b"CAPABILITY|* CAPABILITY IMAP4rev1 UIDPLUS MOVE NAMESPACE CONDSTORE\r\n{tag} OK done\r\n"] * 2,
        b'NAMESPACE|* NAMESPACE (("" "/")) NIL NIL\r\n{tag} OK done\r\n',
        b'LIST|* LIST (\\HasNoChildren \\Drafts) "/" Drafts\r\n* LIST () "." "&ANY-x"\r\n* LIST () NIL {5}\r\nINBOX\r\n'
        b"{tag} OK done\r\n",
        *[
            b"SELECT|* 2 EXISTS\r\n* FLAGS (\\Seen \\Deleted)\r\n* OK [PERMANENTFLAGS (\\Seen \\*)] x\r\n"
            b"* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 3] ok\r\n{tag} OK [READ-WRITE] done\r\n"
        ]
        * 3,
        *[b"STATUS|* STATUS INBOX (UIDVALIDITY 7 UIDNEXT 3 MESSAGES 2 HIGHESTMODSEQ 12)\r\n{tag} OK done\r\n"] * 2,
        b'BODY.PEEK[HEADER]|* 1 FETCH (UID 1 FLAGS (\\Seen) INTERNALDATE "16-Nov-2026 12:00:00 +0100" RFC822.SIZE 40 '
        b"BODY[HEADER]<0> {14}\r\nSubject: a\r\n\r\n)\r\n"
        b'* 2 FETCH (UID 2 FLAGS () BODY[HEADER]<0> "Subject: b")\r\n{tag} OK done\r\n',
        b"BODY.PEEK[]|* 1 FETCH (UID 1 FLAGS () BODY[]<0> {5}\r\nhello)\r\n"
        b"* 2 FETCH (UID 2 BODY[] NIL)\r\n{tag} OK done\r\n",
        b"BODY.PEEK[]|* 2 FETCH (UID 2 FLAGS (\\Deleted) BODY[]<0> {3}\r\nabc)\r\n{tag} NO [EXPUNGEISSUED] x\r\n",
        b"FIELDS|* 1 FETCH (UID 1 BODY[HEADER.FIELDS (MESSAGE-ID)]<0> {24}\r\nMessage-ID: <a@b.test>\r\n)\r\n"
        b"{tag} OK done\r\n",
        b"literal|+ go on\r\n",
        b"APPEND|{tag} OK [APPENDUID 7 3] done\r\n",
        b"MOVE|* 1 EXPUNGE\r\n* VANISHED 1\r\n{tag} OK [COPYUID 7 1 4] done\r\n",
        b"STORE|* 1 FETCH (FLAGS (\\Answered))\r\n{tag} OK done\r\n",
        *[b"SEARCH|* SEARCH 1 2\r\n{tag} OK done\r\n"] * 7,
    ]
)
BARE = IMAP.replace(b" UIDPLUS MOVE NAMESPACE CONDSTORE", b" LITERAL+ MULTIAPPEND ACL")
SMTP = TURN.join(
    [
        b"|220 mx.test ESMTP\r\n",
        b"EHLO|250-mx.test\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN\r\n",
        b"AUTH|235 2.7.0 in\r\n",
        b"MAIL|250 2.1.0 ok\r\n",
        b"RCPT|250 2.1.5 ok\r\n",
        b"DATA|354 go on\r\n",
        b"FROM:|250 2.0.0 queued\r\n",
        b"QUIT|221 bye\r\n",
    ]
)
REFUSALS = (
    SMTP.replace(b"250 2.1.5 ok", b"450 4.2.1 later"),
    SMTP.replace(b"250 2.0.0 queued", b"554-no\r\n554 5.7.1"),
)
_BODY = (
    b'{"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"tool_calls",'
    b'"message":{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":'
    b'"final_result","arguments":"{\\"paragraphs\\":[{\\"sentences\\":[{\\"text\\":\\"Yes.\\",\\"sources\\":[\\"S1\\"]'
    b'}]}],\\"language\\":\\"en\\",\\"questions\\":[\\"Which?\\"]}"}}]}}],'
    b'"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}'
)
MODEL = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(_BODY)
    + _BODY
)
TIRED = b"HTTP/1.1 429 Too Many\r\nRetry-After: 999999999\r\nretry-after-ms: -1\r\nConnection: close\r\n\r\n{}"

WIRE = {
    "imap": (imap, (IMAP, BARE)),
    "smtp": (smtp, (SMTP, *REFUSALS)),
    "model": (model, (MODEL, MODEL.replace(b"tool_calls", b"stop"), TIRED)),
}
