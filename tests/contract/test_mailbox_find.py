"""Every mailbox finds a mail of ours by its whole Message-ID, and nothing else."""

from __future__ import annotations

import pytest

from mailhitl.ports.mailbox import Mailbox
from tests.contract.accounts import Account
from tests.contract.test_mailbox import put, subjects


@pytest.fixture
def mailbox(account: Account) -> Mailbox:
    return account.connect()


def test_a_mail_is_found_by_its_whole_message_id_only(mailbox: Mailbox) -> None:
    short, _ = put(mailbox, "a"), put(mailbox, "aa")
    assert mailbox.find("INBOX", "<a@customer.example>") == [short]
    assert list(mailbox.find("INBOX", "a@customer.example")) == []
    assert list(mailbox.find("INBOX", "<A@customer.example>")) == []


# Not on pymap: Python's parser of Message-ID, which it uses, fails on such ids.
@pytest.mark.parametrize("account", ["memory", pytest.param("dovecot", marks=pytest.mark.servers)], indirect=True)
@pytest.mark.parametrize(
    "message_id",
    ["<a(b@c.example>", '<"quo\\"ted"@c.example>', "<a%b*c{3}@c.example>", "<a b@c.example>", "<[x]@c.example>"],
)
def test_odd_message_ids_are_found(mailbox: Mailbox, message_id: str) -> None:
    mailbox.append("INBOX", f"Message-ID: {message_id}\r\nSubject: odd\r\n\r\nx\r\n".encode())
    assert len(mailbox.find("INBOX", message_id)) == 1


def test_a_folded_message_id_is_found(mailbox: Mailbox) -> None:
    message_id = f"<{'x' * 90}@customer.example>"
    mailbox.append("INBOX", f"Message-ID:\r\n {message_id}\r\n\r\nx\r\n".encode())
    assert len(mailbox.find("INBOX", message_id)) == 1


def test_a_line_break_in_a_message_id_reaches_no_server(mailbox: Mailbox) -> None:
    put(mailbox, "one")
    assert list(mailbox.find("INBOX", '<one@customer.example>"\r\nA1 UID STORE 1 +FLAGS (\\Deleted)\r\n')) == []
    assert subjects(mailbox, "INBOX") == ["one"]


def test_every_copy_is_found(mailbox: Mailbox) -> None:
    locations = [put(mailbox, "twice"), put(mailbox, "twice")]
    assert mailbox.find("INBOX", "<twice@customer.example>") == locations
