"""Watching folders by IDLE (RFC 2177): one thread and one connection for each. A hint only; polling is the truth."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from mailhitl.backends.backoff import LONGEST, backoff
from mailhitl.backends.imap_connect import ImapSettings, connect
from mailhitl.backends.imap_session import ImapSession
from mailhitl.errors import MailhitlError, TemporaryFailure

#: Seconds. RFC 2177 asks for less than 29 minutes, but NAT routers forget a silent connection sooner.
RENEW = 540.0
#: Seconds after which a connection counts as a success, so that the next failure is a first one.
STEADY = 60.0
_CHANGES = frozenset({b"EXISTS", b"EXPUNGE", b"FETCH", b"RECENT", b"VANISHED"})


class ImapWatcher:
    """Fulfils ``ports.mailbox.Watcher``. A server without IDLE is left in peace; a lost connection is made anew."""

    def __init__(self, settings: ImapSettings, folders: Sequence[str]) -> None:
        self._watches = [_Watch(settings, folder) for folder in folders]

    def start(self, changed: Callable[[str], None]) -> None:
        for watch in self._watches:
            watch.start(changed)

    def stop(self) -> None:
        """Returns at once, save for a thread that is just connecting: that one ends with its connection attempt."""
        for watch in self._watches:
            watch.tell_to_stop()
        deadline = time.monotonic() + 0.8
        for watch in self._watches:
            watch.join(max(0.0, deadline - time.monotonic()))


class _Watch:
    """One folder under watch."""

    def __init__(self, settings: ImapSettings, folder: str) -> None:
        self._settings = settings
        self._folder = folder
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._client: Any = None
        self._thread: threading.Thread | None = None

    def start(self, changed: Callable[[str], None]) -> None:
        # A daemon thread, because a connection attempt that hangs must not keep the process alive.
        self._thread = threading.Thread(target=self._run, args=(changed,), name=f"idle {self._folder}", daemon=True)
        self._thread.start()

    def tell_to_stop(self) -> None:
        self._stopping.set()
        with self._lock:
            if self._client is not None:
                _wake(self._client.socket())

    def join(self, timeout: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self, changed: Callable[[str], None]) -> None:
        attempt = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                if not self._watch(changed):
                    return
            except TemporaryFailure:
                attempt = 1 if time.monotonic() - began > STEADY else attempt + 1
                pause = backoff(attempt, random.random)
            except MailhitlError:
                # A wrong password tried often locks the account.
                pause = LONGEST
            self._stopping.wait(pause)

    def _watch(self, changed: Callable[[str], None]) -> bool:
        """Watch until told to stop or until it fails; False when there is nothing to watch with."""
        client = connect(self._settings)
        session = ImapSession(client)
        try:
            if "IDLE" not in session.capabilities or not self._keep(client):
                return False
            session.open(self._folder)
            while not self._stopping.is_set():
                with session.asking(f"watch {self._folder}"):
                    self._idle_once(client, changed)
            return False
        finally:
            self._keep(None)
            session.drop()

    def _keep(self, client: Any) -> bool:
        """Let ``tell_to_stop`` reach this connection; False when it has been told already."""
        with self._lock:
            self._client = client
            return not self._stopping.is_set()

    def _idle_once(self, client: Any, changed: Callable[[str], None]) -> None:
        client.idle()
        # Whatever came between two IDLEs may wait unread behind the "+".
        changed(self._folder)
        deadline = time.monotonic() + RENEW
        while (left := deadline - time.monotonic()) > 0:
            answers = client.idle_check(timeout=left)
            if not answers:
                # Time is up, or the connection is gone, which imapclient tells by nothing at once: DONE will show.
                break
            if any(_is_change(answer) for answer in answers):
                changed(self._folder)
        if not self._stopping.is_set():
            client.idle_done()


def _is_change(answer: Sequence[Any]) -> bool:
    """True for (5, b"EXISTS"), (3, b"FETCH", …), (b"VANISHED", …); not for (b"OK", b"Still here")."""
    return any(word in _CHANGES for word in answer[:2] if isinstance(word, bytes))


def _wake(connection: socket.socket) -> None:
    """Make a read in another thread return: shut the socket down below TLS, which is not safe to share."""
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
