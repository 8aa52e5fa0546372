"""Where measuring takes place: a Dovecot, an SMTP sink, and a config for one mailbox on them."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from imapclient import IMAPClient

from mailhitl.config.load import load
from mailhitl.config.schema import Config
from tests.servers import HOST, PASSWORD, Dovecot
from tests.team_config import ANNA

CONFIG = """
[agent]
data_dir = "{data}"

[mailbox.support]
address = "support@example.com"
name = "Example Support"
start = "2 days"
imap = {{ host = "localhost", port = {imap}, security = "none", username = "{user}", password = {{ env = "BENCH" }} }}
smtp = {{ host = "localhost", port = {smtp}, security = "none" }}

[review]
notify = "folder"
grace = "0s"

[[intent]]
name = "refund"
examples = ["I want my money back.", "Please refund my order."]
words = ["refund", "money back"]
template = "refund-received"

[[intent]]
name = "order-status"
examples = ["Where is my parcel?", "What is the status of my order?"]
words = ["parcel", "status", "delivery"]
template = "order-status"

[[intent]]
name = "thanks"
examples = ["Thank you very much!", "Vielen Dank!"]
words = ["thanks", "thank you"]
template = "thanks"

[[rule]]
name = "Refunds and credits"
why = "Money leaves the company."
when = {{ intent = "refund" }}
then = "review"

[[rule]]
name = "Legal threats"
when = {{ any = [{{ text = {{ contains = ["lawyer", "court"] }} }}, {{ sender = {{ domain = "lawfirm.example" }} }}] }}
then = "block"
"""

MAILHITL = str(Path(sys.executable).parent / "mailhitl")
_users = (f"user{number}" for number in itertools.count(1))


class Sink:
    """An SMTP server on loopback that takes everything; ``taken`` yields (when, bytes) of each mail."""

    def __init__(self) -> None:
        self.taken: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
        sink = self

        class Session(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self) -> None:
                self.wfile.write(b"220 sink ESMTP\r\n")
                for line in self.rfile:
                    verb = line[:4].upper()
                    if verb == b"DATA":
                        self.wfile.write(b"354 go ahead\r\n")
                        mail = b"".join(iter(self.rfile.readline, b".\r\n"))
                        sink.taken.put((time.perf_counter(), mail))
                    if verb == b"EHLO":
                        self.wfile.write(b"250-sink\r\n250 8BITMIME\r\n")
                    else:
                        self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                    if verb == b"QUIT":
                        return

        self._server = socketserver.ThreadingTCPServer((HOST, 0), Session)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True, slots=True)
class Account:
    """A user of Dovecot, and a config for it."""

    place: Place
    user: str
    directory: Path

    @property
    def maildir(self) -> Path:
        return self.place.dovecot.maildir(self.user)

    @property
    def config_file(self) -> Path:
        return self.directory / "config.toml"

    def config(self) -> Config:
        return load(self.config_file)

    def client(self) -> IMAPClient:
        """Somebody else's connection, at its best."""
        client = IMAPClient(HOST, self.place.dovecot.port, ssl=False)
        client._imap.debug = 0
        client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.login(self.user, PASSWORD)
        return client

    @contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[bytes]]:
        """``mailhitl run`` on this account, until the block is left."""
        with (self.directory / "log").open("wb") as log:
            process = subprocess.Popen([MAILHITL, "--config", str(self.config_file), "run"], stderr=log)
            try:
                yield process
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(40)


@dataclass(slots=True)
class Place:
    """One Dovecot and one sink for a whole run; every measurement takes accounts of its own."""

    dovecot: Dovecot
    sink: Sink
    directory: Path
    accounts: list[Account] = field(default_factory=list)

    def account(self) -> Account:
        user = next(_users)
        directory = self.directory / user
        directory.mkdir()
        text = CONFIG.format(data=directory, imap=self.dovecot.port, smtp=self.sink.port, user=user) + ANNA
        (directory / "config.toml").write_text(text)
        return Account(self, user, directory)


@contextmanager
def opened() -> Iterator[Place]:
    """Start the servers, and take everything away afterwards."""
    os.environ["BENCH"] = PASSWORD
    directory = Path(tempfile.mkdtemp(prefix="mailhitl-bench-"))
    sink = Sink()
    try:
        with Dovecot() as dovecot:
            yield Place(dovecot, sink, directory)
    finally:
        sink.close()
        shutil.rmtree(directory, ignore_errors=True)


def until(what: Any, patience: float = 120.0) -> None:
    """Wait until ``what()`` is true."""
    deadline = time.perf_counter() + patience
    while not what():
        if time.perf_counter() > deadline:
            raise TimeoutError("what was waited for did not happen")
        time.sleep(0.02)
