"""Rude company for tests: an IMAP server that says whatever a test wants said, and a network that fails on cue."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Self

from tests.servers import HOST, PATIENCE

#: What a well-behaved, simple server says. ``{tag}`` is the command's tag.
POLITE: dict[str, bytes] = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE UIDPLUS MOVE\r\n{tag} OK done\r\n",
    "LOGIN": b"{tag} OK logged in\r\n",
    "LIST": b'* LIST (\\HasNoChildren) "/" INBOX\r\n{tag} OK done\r\n',
    "SELECT": (
        b"* 1 EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen \\Deleted)\r\n* OK [UIDVALIDITY 7] ok\r\n"
        b"* OK [UIDNEXT 2] ok\r\n{tag} OK [READ-WRITE] done\r\n"
    ),
    "NOOP": b"{tag} OK done\r\n",
    "LOGOUT": b"* BYE\r\n{tag} OK done\r\n",
    "IDLE": b"+ idling\r\n",
    "DONE": b"{idle} OK done\r\n",
}
#: At the end of an answer: close the connection behind it.
CUT = b"{cut}"


class RudeImap:
    """An IMAP server that answers each command with fixed bytes: those of ``answers``, else those of POLITE.

    A command is looked up by its first words (``UID FETCH 1``, then ``UID FETCH``, then ``UID``). With ``tls`` it
    speaks TLS from the start, with ``starttls`` after that command. ``commands`` is everything that was said to it, in
    clear. ``connections`` counts.
    """

    def __init__(
        self,
        answers: Mapping[str, bytes] = {},
        *,
        greeting: bytes = b"* OK hello\r\n",
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
    ) -> None:
        self.answers = {**POLITE, **answers}
        self.greeting = greeting
        self.commands: list[bytes] = []
        self.connections = 0
        self._tls = tls
        self._starttls = starttls
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(PATIENCE)

    def cut(self) -> None:
        """Close every connection from this end."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def say(self, words: bytes) -> None:
        """Say something unasked on every connection that stands."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.sendall(words)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._open.append(connection)
            connection.sendall(self.greeting.removesuffix(CUT))
            if not self.greeting.endswith(CUT) and self._talk(connection) and self._starttls is not None:
                connection = self._starttls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
                self._talk(connection)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()

    def _talk(self, connection: socket.socket) -> bool:
        """Answer command after command; True when TLS is to begin."""
        idle = b""
        with connection.makefile("rb") as lines:
            for line in lines:
                self.commands.append(line)
                tag, _, command = line.strip().partition(b" ")
                if tag.upper() == b"DONE":
                    command = b"DONE"
                elif command.upper() == b"IDLE":
                    idle = tag
                answer = self._answer(command.decode("latin-1").upper())
                words = answer.removesuffix(CUT).replace(b"{tag}", tag).replace(b"{idle}", idle)
                connection.sendall(words)
                if answer.endswith(CUT):
                    return False
                if command.upper() == b"STARTTLS":
                    return True
        return False

    def _answer(self, command: str) -> bytes:
        words = command.split(" ")
        for length in (3, 2, 1):
            if (answer := self.answers.get(" ".join(words[:length]))) is not None:
                return answer
        return b"{tag} BAD I do not know that\r\n"


class CuttingProxy:
    """Passes everything on to a server of this machine, until the server says ``cut_at``: that is swallowed, and the
    connection cut, as by a network that fails in the very moment of success."""

    def __init__(self, port: int, cut_at: bytes) -> None:
        self._target = port
        self._cut_at = cut_at
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((HOST, self._target))
                for pump in (self._pass_on, self._pass_back):
                    thread = threading.Thread(target=pump, args=(client, server), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65_536):
                server.sendall(data)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _pass_back(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while (data := server.recv(65_536)) and self._cut_at not in data:
                client.sendall(data)
        for end in (client, server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
