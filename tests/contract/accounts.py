"""An account as the contract tests hold it: the mailbox under test, and the hands of other people on the same mails."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from imapclient import IMAPClient

from mailhitl.backends.imap import ImapMailbox
from mailhitl.backends.imap_connect import ImapSettings
from mailhitl.backends.memory import MemoryMailbox
from mailhitl.ports.mailbox import Mailbox
from tests.servers import HOST, PASSWORD


def account_name() -> str:
    return f"u{uuid.uuid4().hex[:12]}"


def settings(port: int, user: str = "support", **others: Any) -> ImapSettings:
    """Plain text on 127.0.0.1 with the password of every test account, unless told otherwise."""
    stated = {"host": HOST, "security": "none", "password": lambda: PASSWORD, "timeout": 20.0}
    return ImapSettings(port=port, username=user, **{**stated, **others})


class Account(Protocol):
    prefix: str

    def connect(self) -> Mailbox:
        """One more session on the same mails."""
        ...

    def recreate(self, folder: str) -> None:
        """Delete the folder and make a new one of the same name, as another client."""
        ...

    def delete(self, folder: str) -> None: ...


class MemoryAccount:
    prefix = ""

    def __init__(self) -> None:
        self._mailbox = MemoryMailbox()

    def connect(self) -> MemoryMailbox:
        return self._mailbox

    def recreate(self, folder: str) -> None:
        self._mailbox.delete_folder(folder)
        self._mailbox.create(folder)

    def delete(self, folder: str) -> None:
        self._mailbox.delete_folder(folder)


class ImapAccount:
    def __init__(self, host: str, port: int, user: str, *, prefix: str = "") -> None:
        self.prefix = prefix
        self.settings = settings(port, user, host=host)
        self._sessions: list[ImapMailbox] = []

    def connect(self) -> ImapMailbox:
        self._sessions.append(ImapMailbox.connect(self.settings))
        return self._sessions[-1]

    def recreate(self, folder: str) -> None:
        with self.another_client() as client:
            client.delete_folder(folder)
            client.create_folder(folder)

    def delete(self, folder: str) -> None:
        with self.another_client() as client:
            client.delete_folder(folder)

    @contextmanager
    def another_client(self) -> Iterator[IMAPClient]:
        client = IMAPClient(self.settings.host, self.settings.port, ssl=False, timeout=20)
        client.login(self.settings.username, PASSWORD)
        try:
            yield client
        finally:
            client.logout()

    def close(self) -> None:
        for session in self._sessions:
            session.close()


@contextmanager
def connected(options: ImapSettings) -> Iterator[ImapMailbox]:
    mailbox = ImapMailbox.connect(options)
    try:
        yield mailbox
    finally:
        mailbox.close()
