"""What a server and a network may do to an IMAP connection, and what we make of it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from mailhitl.backends.imap import ImapMailbox
from mailhitl.errors import PermanentFailure, StaleFolder, TemporaryFailure
from mailhitl.ports.mailbox import Location
from tests.contract.accounts import account_name, connected, settings
from tests.rude import CUT, POLITE, CuttingProxy, RudeImap
from tests.servers import Dovecot, DovecotOptions

PLACE = Location("INBOX", 7, 1)


@contextmanager
def rude(**answers: bytes) -> Iterator[tuple[RudeImap, ImapMailbox]]:
    """A mailbox on a server that answers so; ``UID_FETCH`` stands for the command ``UID FETCH``."""
    spoken = {command.replace("_", " "): answer for command, answer in answers.items()}
    with RudeImap(spoken) as server, connected(settings(server.port, timeout=5.0)) as mailbox:
        yield server, mailbox


# Servers that are away, or out of their mind


def test_nobody_there_is_temporary() -> None:
    with RudeImap() as server:
        port = server.port
    with pytest.raises(TemporaryFailure):
        ImapMailbox.connect(settings(port))


@pytest.mark.parametrize(
    "greeting",
    [b"* BYE too many connections\r\n", b"HTTP/1.1 400 Bad Request\r\n", b"\x00\xff\r\n", b"", b"* OK half", b"*\r\n"],
)
def test_a_greeting_that_is_none_is_temporary(greeting: bytes) -> None:
    with RudeImap(greeting=greeting + CUT) as server, pytest.raises(TemporaryFailure):
        ImapMailbox.connect(settings(server.port))


def test_a_server_that_never_greets_is_given_up() -> None:
    with RudeImap(greeting=b"") as server, pytest.raises(TemporaryFailure):
        ImapMailbox.connect(settings(server.port, timeout=0.2))


def test_a_server_that_falls_silent_is_given_up() -> None:
    with RudeImap({"STATUS": b""}) as server, connected(settings(server.port, timeout=0.3)) as mailbox:
        with pytest.raises(TemporaryFailure):
            mailbox.status("Review")
        assert not mailbox.alive


ODD_FETCHES = {
    "connection cut": CUT,
    "goodbye": b"* BYE going down\r\n" + CUT,
    "literal cut short": b"* 1 FETCH (UID 1 FLAGS () BODY[]<0> {500}\r\nonly this" + CUT,
    "literal longer than said": b"* 1 FETCH (UID 1 FLAGS () BODY[]<0> {3}\r\nmuch more text)\r\n{tag} OK done\r\n",
    "literal of a gigabyte": b"* 1 FETCH (UID 1 FLAGS () BODY[]<0> {1073741824}\r\n" + b"x" * 4096,
    "a line without end": b"* 1 FETCH (UID 1 FLAGS (" + b"x" * 1_100_000 + b"\r\n",
    "unclosed bracket": b"* 1 FETCH (UID 1 FLAGS (\r\n{tag} OK done\r\n",
    "odd number of items": b"* 1 FETCH (UID 1 FLAGS)\r\n{tag} OK done\r\n",
    "no items": b"* 1 FETCH\r\n{tag} OK done\r\n",
    "a number for a list": b"* 1 FETCH 5\r\n{tag} OK done\r\n",
    "deep brackets": b"* 1 FETCH " + b"(" * 50_000 + b"\r\n{tag} OK done\r\n",
    "nonsense": b"\xff\xfe nonsense\r\n{tag} OK done\r\n",
    "another's tag": b"ZZZZ9 OK done\r\n",
    "unavailable": b"{tag} NO [UNAVAILABLE] disk is away\r\n",
}


@pytest.mark.parametrize("answer", ODD_FETCHES.values(), ids=ODD_FETCHES)
def test_a_fetch_that_goes_wrong_kills_the_connection_and_nothing_else(answer: bytes) -> None:
    with rude(UID_FETCH=answer) as (_, mailbox):
        with pytest.raises(TemporaryFailure):
            mailbox.fetch(PLACE, limit=1000)
        assert not mailbox.alive
        with pytest.raises(TemporaryFailure, match="closed"):
            mailbox.status("INBOX")


def test_an_announced_gigabyte_takes_no_memory() -> None:
    with rude(UID_FETCH=ODD_FETCHES["literal of a gigabyte"]) as (_, mailbox):
        tracemalloc.start()
        with pytest.raises(TemporaryFailure, match="announced 1073741824 bytes"):
            mailbox.fetch(PLACE, limit=1000)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 10_000_000


HARMLESS = {
    "flags of another mail, unasked": b"* 1 FETCH (FLAGS (\\Deleted))\r\n",
    "a newcomer": b"* 2 EXISTS\r\n* 1 RECENT\r\n",
    "somebody else's uid": b"* 4 FETCH (UID 9 FLAGS (\\Deleted) BODY[]<0> {2}\r\nno)\r\n",
    "a warning": b"* NO disk is nearly full\r\n* OK [ALERT] really\r\n",
    "new capabilities": b"* CAPABILITY IMAP4rev1\r\n",
}


@pytest.mark.parametrize("unasked", HARMLESS.values(), ids=HARMLESS)
def test_what_a_server_says_unasked_changes_nothing(unasked: bytes) -> None:
    body = b"* 1 FETCH (UID 1 FLAGS (\\Seen) BODY[]<0> {5}\r\nhello)\r\n"
    with rude(UID_FETCH=unasked + body + unasked + b"{tag} OK done\r\n") as (_, mailbox):
        assert mailbox.fetch(PLACE, limit=1000) == b"hello"
        assert mailbox.fetch(PLACE, limit=1000) == b"hello"


def test_mails_that_stand_are_read_although_others_were_expunged_meanwhile() -> None:
    body = b"* 1 FETCH (UID 1 FLAGS () BODY[]<0> {5}\r\nhello)\r\n{tag} NO [EXPUNGEISSUED] some are gone\r\n"
    with rude(UID_FETCH=body, UID_SEARCH=b"* SEARCH\r\n{tag} OK done\r\n") as (_, mailbox):
        places = [PLACE, Location("INBOX", 7, 2)]
        assert list(mailbox.fetch_all(places, limit=1000)) == [(PLACE, b"hello")]
        assert mailbox.alive


def test_a_mail_that_was_kept_back_because_of_another_is_asked_for_again() -> None:
    second = Location("INBOX", 7, 2)
    with rude(UID_SEARCH=b"* SEARCH 2\r\n{tag} OK done\r\n") as (server, mailbox):
        server.answers["UID FETCH 1,2"] = b"{tag} NO [EXPUNGEISSUED] one is gone\r\n"
        server.answers["UID FETCH 2"] = b"* 1 FETCH (UID 2 FLAGS () BODY[]<0> {5}\r\nhello)\r\n{tag} OK done\r\n"
        assert list(mailbox.fetch_all([PLACE, second], limit=1000)) == [(second, b"hello")]


def test_a_mail_expunged_under_our_hands_is_no_error() -> None:
    gone = b"{tag} NO [EXPUNGEISSUED] gone\r\n"
    with rude(UID_SEARCH=b"* SEARCH 1\r\n{tag} OK done\r\n", UID_MOVE=gone, UID_STORE=gone) as (_, mailbox):
        assert mailbox.move(PLACE, "Trash") is False
        assert mailbox.flag(PLACE, add=["\\Answered"]) is False
        assert mailbox.alive


@pytest.mark.parametrize(("found", "body"), [(b"", None), (b" 1", b"")], ids=["gone", "there"])
def test_a_body_without_bytes_is_empty_only_if_the_mail_still_stands(found: bytes, body: bytes | None) -> None:
    nil = b"* 1 FETCH (UID 1 FLAGS () BODY[]<0> NIL)\r\n{tag} OK done\r\n"
    with rude(UID_FETCH=nil, UID_SEARCH=b"* SEARCH" + found + b"\r\n{tag} OK done\r\n") as (_, mailbox):
        assert mailbox.fetch(PLACE, limit=1000) == body


def test_a_server_that_gives_more_than_asked_is_cut() -> None:
    with rude(UID_FETCH=b"* 1 FETCH (UID 1 FLAGS () BODY[] {5}\r\nhello)\r\n{tag} OK done\r\n") as (_, mailbox):
        assert mailbox.fetch(PLACE, limit=2) == b"he"


@pytest.mark.parametrize(
    "attributes",
    [
        b"UID 1 FLAGS () INTERNALDATE NIL RFC822.SIZE NIL BODY[HEADER]<0> NIL",
        b'UID 1 FLAGS NIL INTERNALDATE "99-Foo-2026 99:99:99 +9999" RFC822.SIZE "x" BODY[HEADER]<0> ""',
        b"UID 1 FLAGS 5 INTERNALDATE 5 RFC822.SIZE () BODY[HEADER]<0> ()",
        b'UID 1 FLAGS (123 \xff) INTERNALDATE "01-Jan-0001 00:00:00 +2359"',
        b"UID 1",
    ],
)
def test_a_mail_with_odd_attributes_is_seen_all_the_same(attributes: bytes) -> None:
    there = b"* SEARCH 1\r\n{tag} OK done\r\n"
    with rude(UID_FETCH=b"* 1 FETCH (" + attributes + b")\r\n{tag} OK done\r\n", UID_SEARCH=there) as (_, mailbox):
        [glance] = mailbox.glance([PLACE])
        assert glance.location == PLACE
        assert glance.header == b""


def test_a_folder_name_that_cannot_be_read_hides_no_other() -> None:
    names = b'* LIST () "/" "&AAA"\r\n* LIST () "/" "&!!!-x"\r\n* LIST () NIL 2026\r\n* LIST () "/" {3}\r\na"b\r\n'
    with rude(LIST=names + b"{tag} OK done\r\n") as (_, mailbox):
        assert {"2026", 'a"b'} <= {info.name for info in mailbox.folders()}


# What a NO means


def test_a_refused_select_of_a_folder_that_is_listed_is_for_a_human() -> None:
    with rude(SELECT=b"{tag} NO [NOPERM] not yours\r\n") as (_, mailbox):
        with pytest.raises(PermanentFailure):
            mailbox.locations("INBOX")
        assert mailbox.alive


@pytest.mark.parametrize(
    "answer", [b"{tag} NO [NONEXISTENT] gone\r\n", b"{tag} NO cannot\r\n", b"{tag} NO [TRYCREATE] x\r\n"]
)
def test_a_folder_that_is_not_listed_is_stale(answer: bytes) -> None:
    with rude(SELECT=answer, STATUS=answer) as (_, mailbox):
        with pytest.raises(StaleFolder):
            mailbox.locations("Review")
        with pytest.raises(StaleFolder):
            mailbox.status("Review")
        assert mailbox.alive


def test_a_full_mailbox_is_for_a_human() -> None:
    with rude(APPEND=b"{tag} NO [OVERQUOTA] full\r\n") as (_, mailbox):
        with pytest.raises(PermanentFailure, match="OVERQUOTA"):
            mailbox.append("INBOX", b"Subject: x\r\n\r\nx\r\n")
        assert mailbox.alive


def test_a_read_only_folder_can_be_read() -> None:
    answers = {
        "SELECT": POLITE["SELECT"].replace(b"READ-WRITE", b"READ-ONLY"),
        "EXAMINE": POLITE["SELECT"].replace(b"READ-WRITE", b"READ-ONLY"),
        "UID_SEARCH": b"* SEARCH 1\r\n{tag} OK done\r\n",
        "UID_STORE": b"{tag} NO [READ-ONLY] no\r\n",
    }
    with rude(**answers) as (_, mailbox):
        assert mailbox.locations("INBOX") == [PLACE]
        with pytest.raises(PermanentFailure):
            mailbox.flag(PLACE, add=["\\Answered"])


def test_keywords_that_a_folder_forgets_are_not_sent() -> None:
    select = POLITE["SELECT"].replace(
        b"* 0 RECENT", b"* OK [PERMANENTFLAGS (\\Seen \\Answered $MDNSent)] x\r\n* 0 RECENT"
    )
    answers = {
        "SELECT": select,
        "UID_SEARCH": b"* SEARCH 1\r\n{tag} OK done\r\n",
        "UID_STORE": b"{tag} OK done\r\n",
        "APPEND": b"{tag} NO [OVERQUOTA] enough seen\r\n",
    }
    with rude(**answers) as (server, mailbox):
        mailbox.flag(PLACE, add=["\\Answered", "$MailhitlPending", "$mdnsent"])
        with pytest.raises(PermanentFailure):
            mailbox.append("INBOX", b"Subject: x\r\n\r\n", flags=["\\Draft", "$MailhitlPending"])
        [store] = [command for command in server.commands if b"UID STORE" in command]
        assert b"(\\Answered $mdnsent)" in store
        [append] = [command for command in server.commands if b"APPEND" in command]
        assert b"(\\Draft)" in append


def test_nothing_ever_says_close_or_a_plain_expunge() -> None:
    answers = {"UID_SEARCH": b"* SEARCH 1\r\n{tag} OK done\r\n", "UID_STORE": b"{tag} OK done\r\n"}
    ends = {"UID_COPY": b"{tag} OK done\r\n", "UID_EXPUNGE": b"{tag} OK done\r\n"}
    capability = b"* CAPABILITY IMAP4rev1 UIDPLUS\r\n{tag} OK done\r\n"
    with rude(CAPABILITY=capability, **answers, **ends) as (server, mailbox):
        mailbox.move(PLACE, "Trash")
        mailbox.remove([PLACE])
        mailbox.close()
        words = [command.split()[1:3] for command in server.commands]
    assert [b"UID", b"EXPUNGE"] in words
    assert not any(word[:1] in ([b"EXPUNGE"], [b"CLOSE"]) for word in words)


def test_a_huge_folder_is_listed_in_parts() -> None:
    select = POLITE["SELECT"].replace(b"UIDNEXT 2", b"UIDNEXT 200000")
    with rude(SELECT=select, UID_SEARCH=b"* SEARCH 1 90000\r\n{tag} OK done\r\n") as (server, mailbox):
        assert [place.uid for place in mailbox.locations("INBOX")] == [1, 90_000]
        spans = [command.split()[4] for command in server.commands if b"SEARCH" in command]
    assert spans == [b"1:80000", b"80001:160000", b"160001:*"]


def test_a_folder_in_which_nothing_changed_is_not_opened_again() -> None:
    answers = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 CONDSTORE\r\n{tag} OK done\r\n",
        "STATUS": b"* STATUS x (UIDVALIDITY 7 UIDNEXT 2 MESSAGES 1 HIGHESTMODSEQ 5)\r\n{tag} OK done\r\n",
        "UID_SEARCH": b"* SEARCH 1\r\n{tag} OK done\r\n",
    }
    with rude(**answers) as (server, mailbox):
        mailbox.locations("Review")
        mailbox.status("INBOX")
        server.commands.clear()
        mailbox.status("INBOX")
        assert mailbox.locations("Review") == [Location("Review", 7, 1)]
        assert mailbox.locations("Review", after=1) == []
        assert {command.split()[1] for command in server.commands} == {b"NOOP", b"STATUS"}


# A real server and a real network


@pytest.mark.servers
def test_an_append_whose_ok_was_lost_is_found_by_its_id(dovecot: Callable[[DovecotOptions], Dovecot]) -> None:
    port, user = dovecot(DovecotOptions()).port, account_name()
    with CuttingProxy(port, b"Append completed") as proxy, connected(settings(proxy.port, user)) as mailbox:
        with pytest.raises(TemporaryFailure):
            mailbox.append("Drafts", b"Message-ID: <mh.1@x.example>\r\nSubject: x\r\n\r\nx\r\n", flags=["\\Draft"])
        assert not mailbox.alive
    with connected(settings(port, user)) as mailbox:
        assert len(mailbox.find("Drafts", "<mh.1@x.example>")) == 1


@pytest.mark.servers
def test_a_lost_uid_list_voids_every_uid(dovecot: Callable[[DovecotOptions], Dovecot]) -> None:
    server, user = dovecot(DovecotOptions()), account_name()
    with connected(settings(server.port, user)) as mailbox:
        mailbox.append("INBOX", b"Subject: one\r\n\r\nx\r\n")
        [old] = mailbox.locations("INBOX")
    for file in (*server.maildir(user).glob("dovecot-uidlist"), *server.maildir(user).glob("dovecot.index*")):
        file.unlink()
    with connected(settings(server.port, user)) as mailbox:
        with pytest.raises(StaleFolder):
            mailbox.remove([old])
        [new] = mailbox.locations("INBOX")
        assert new.uidvalidity != old.uidvalidity
        assert mailbox.fetch(new, limit=100) == b"Subject: one\r\n\r\nx\r\n"
