"""Watching folders by IDLE (RFC 2177): one thread and one connection for each. A hint only; polling is the truth.

Some servers tell late: Dovecot gathers changes for half a second. So for a while after a person was at work, a folder
may be asked several times a second instead (brisk), over the connection that is there anyway.
"""

from __future__ import annotations

import random
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from mailhitl.backends.backoff import LONGEST, backoff
from mailhitl.backends.imap_connect import ImapSettings, connect
from mailhitl.backends.imap_session import ImapSession
from mailhitl.errors import MailhitlError, PermanentFailure, TemporaryFailure

#: Seconds. RFC 2177 asks for less than 29 minutes, but NAT routers forget a silent connection sooner.
RENEW = 540.0
#: Seconds after which a connection counts as a success, so that the next failure is a first one.
STEADY = 60.0
#: Seconds between two questions when brisk, and how many times longer than the answer took it is at least: on a slow
#: server, or one far away, we never take up more than a tenth of anything.
BRISK_EVERY = 0.2
BRISK_SHARE = 10
_CHANGES = frozenset({b"EXISTS", b"EXPUNGE", b"FETCH", b"RECENT", b"VANISHED"})


class ImapWatcher:
    """Fulfils ``ports.mailbox.Watcher``. A server without IDLE is left in peace; a lost connection is made anew.

    ``brisk``: the folders where a new mail is a person's doing, and for how many seconds after that they are asked
    again and again.
    """

    def __init__(self, settings: ImapSettings, folders: Sequence[str], *, brisk: Mapping[str, float] = {}) -> None:
        self._watches = [_Watch(settings, folder, _Brisk(brisk.get(folder, 0.0))) for folder in folders]

    def start(self, changed: Callable[[str], None]) -> None:
        for watch in self._watches:
            watch.start(changed)

    def hasten(self) -> None:
        for watch in self._watches:
            watch.hasten()

    def stop(self) -> None:
        """Returns at once, save for a thread that is just connecting: that one ends with its connection attempt."""
        for watch in self._watches:
            watch.tell_to_stop()
        deadline = time.monotonic() + 0.8
        for watch in self._watches:
            watch.join(max(0.0, deadline - time.monotonic()))


class _Brisk:
    """Whether a folder is to be asked, rather than listened to. A server that takes it ill is never asked again."""

    def __init__(self, lasts: float) -> None:
        self._lasts = lasts
        self._until = 0.0
        self._bell: Callable[[], object] = lambda: None

    @contextmanager
    def bell(self) -> Iterator[socket.socket]:
        """Give what becomes readable when ``begin`` is called, so that whoever waits can wait for that too."""
        here, there = socket.socketpair()
        with here, there:
            self._bell = partial(there.send, b"!")
            try:
                yield here
            finally:
                self._bell = lambda: None

    @property
    def on(self) -> bool:
        return time.monotonic() < self._until

    def begin(self) -> None:
        """Somebody is at work. May be called from any thread."""
        if self._lasts:
            self._until = time.monotonic() + self._lasts
            with suppress(OSError):
                self._bell()

    def give_up(self) -> None:
        self._lasts = self._until = 0.0


class _Watch:
    """One folder under watch."""

    def __init__(self, settings: ImapSettings, folder: str, brisk: _Brisk) -> None:
        self._settings = settings
        self._folder = folder
        self._brisk = brisk
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._client: Any = None
        self._thread: threading.Thread | None = None

    def start(self, changed: Callable[[str], None]) -> None:
        # A daemon thread, because a connection attempt that hangs must not keep the process alive.
        self._thread = threading.Thread(target=self._run, args=(changed,), name=f"idle {self._folder}", daemon=True)
        self._thread.start()

    def hasten(self) -> None:
        self._brisk.begin()

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
                if self._brisk.on:
                    # It may be the asking that it took ill.
                    self._brisk.give_up()
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
                if self._brisk.on:
                    self._ask_once(session, client, changed)
                else:
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

    def _ask_once(self, session: ImapSession, client: Any, changed: Callable[[str], None]) -> None:
        """Ask what has changed in the open folder (RFC 3501 6.1.2), and wait until it is fair to ask again."""
        began = time.monotonic()
        try:
            session.refresh()
        except PermanentFailure:
            self._brisk.give_up()
            return
        took = time.monotonic() - began
        told = client._imap.untagged_responses.keys()
        if "EXISTS" in told:
            self._brisk.begin()
        if any(word.encode() in _CHANGES for word in told):
            changed(self._folder)
        self._stopping.wait(max(BRISK_EVERY, took * BRISK_SHARE))

    def _idle_once(self, client: Any, changed: Callable[[str], None]) -> None:
        client.idle()
        # Whatever came between two IDLEs may wait unread behind the "+".
        changed(self._folder)
        deadline = time.monotonic() + RENEW
        while self._heard(client, deadline - time.monotonic()):
            answers = client.idle_check(timeout=0)
            if not answers:
                # The connection is gone, which imapclient tells by nothing at once: DONE will show.
                break
            if any(b"EXISTS" in answer[:2] for answer in answers):
                self._brisk.begin()
            if any(_is_change(answer) for answer in answers):
                changed(self._folder)
        if not self._stopping.is_set():
            _, answers = client.idle_done()
            # Told before our DONE arrived: a question asked afterwards is not answered with it again.
            if any(_is_change(answer) for answer in answers):
                changed(self._folder)

    def _heard(self, client: Any, patience: float) -> bool:
        """Wait until the server says something; False when the time is up or it is to be brisk."""
        with self._brisk.bell() as bell, selectors.DefaultSelector() as selector:
            server = selector.register(client.socket(), selectors.EVENT_READ)
            selector.register(bell, selectors.EVENT_READ)
            # Asked only now: from here on the bell rings.
            ready = [] if self._brisk.on else [key for key, _ in selector.select(max(0.0, patience))]
        return ready == [server]


def _is_change(answer: Sequence[Any]) -> bool:
    """True for (5, b"EXISTS"), (3, b"FETCH", …), (b"VANISHED", …); not for (b"OK", b"Still here")."""
    return any(word in _CHANGES for word in answer[:2] if isinstance(word, bytes))


def _wake(connection: socket.socket) -> None:
    """Make a read in another thread return: shut the socket down below TLS, which is not safe to share."""
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
