"""A scripted SMTP server on a real socket: drops, stalls or answers anything at every stage, and counts deliveries."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

#: Acts that can stand in a script instead of a reply.
DROP = "<drop>"
STALL = "<stall>"

#: Every stage of a dialogue with STARTTLS and a login, in order. ``body`` acts when some of the body has come but not
#: its final dot, ``dot`` when the whole has come and nothing is delivered yet, ``reply`` after it was delivered.
STAGES = ("banner", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "dot", "reply")
#: From here on nobody can know what became of the mail when the connection breaks.
UNSAFE = ("body", "dot", "reply")

REPLIES = {
    "banner": "220 scripted ESMTP",
    "starttls": "220 go ahead",
    "auth": "235 2.7.0 welcome",
    "mail": "250 2.1.0 sender ok",
    "rcpt": "250 2.1.5 recipient ok",
    "data": "354 end with a dot",
    "reply": "250 2.0.0 queued as 1",
    "noop": "250 2.0.0 still here",
    "quit": "221 bye",
}


@dataclass(frozen=True, slots=True)
class Delivered:
    """One mail as it was taken in: dots unstuffed, line endings untouched."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)


class ScriptedServer:
    """``with ScriptedServer({"mail": "450 later", "rcpt:ann@example.org": DROP}) as server: …server.port…``

    A script maps a stage (``rcpt:<address>`` for one recipient, ``ehlo:tls`` and ``ehlo:clear`` for one of the two) to
    a reply line, DROP or STALL. A reply at ``body`` or ``dot`` is given instead of delivering. ``delays`` are seconds
    before the reply of a stage. ``blank`` answers the empty line that follows a refused token (XOAUTH2). When the
    ``with`` block is left, every session has ended.
    """

    def __init__(
        self,
        script: Mapping[str, str] | None = None,
        *,
        extensions: tuple[str, ...] = ("8BITMIME", "SIZE 10000000"),
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        starttls: bool = True,
        mechanisms: str = "PLAIN LOGIN",
        delays: Mapping[str, float] | None = None,
    ) -> None:
        self.script = dict(script or {})
        self.delivered: list[Delivered] = []
        self.commands: list[str] = []
        self.connections = 0
        self.body_bytes = 0
        self.received_in_clear = bytearray()
        self.received_in_tls = bytearray()
        self.port = 0
        self._extensions = extensions
        self._tls = tls
        self._implicit = implicit_tls
        self._offers_starttls = starttls and tls is not None and not implicit_tls
        self._mechanisms = mechanisms
        self._delays = dict(delays or {})
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(10):
            raise TimeoutError("the scripted server did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        self._sessions: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._begin, "127.0.0.1", 0, ssl=self._tls if self._implicit else None)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._end.wait()
        server.close()
        await asyncio.gather(*self._sessions)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._serve_one(_Session(self, reader, writer)))
        self._sessions.add(task)
        task.add_done_callback(self._sessions.discard)

    async def _serve_one(self, session: _Session) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, _Hangup):
            await session.talk()
        session.writer.transport.abort()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await session.writer.wait_closed()

    def act_at(self, stage: str, detail: str = "") -> str:
        """What the script says for this stage, "" for nothing special."""
        return self.script.get(f"{stage}:{detail}", self.script.get(stage, ""))

    async def wait_at(self, stage: str) -> None:
        """Wait as long as the script says, or until the server is to end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._end.wait(), self._delays.get(stage, 0))

    async def stall(self) -> None:
        await self._end.wait()

    def ehlo_lines(self, encrypted: bool) -> list[str]:
        lines = ["scripted", *self._extensions]
        if self._offers_starttls and not encrypted:
            lines.append("STARTTLS")
        if self._mechanisms:
            lines.append(f"AUTH {self._mechanisms}")
        return lines

    @property
    def tls(self) -> ssl.SSLContext | None:
        return self._tls

    @property
    def implicit(self) -> bool:
        return self._implicit


class _Hangup(Exception):
    """The script ends the connection here."""


class _Session:
    """One client's dialogue."""

    def __init__(self, server: ScriptedServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self._server = server
        self._reader = reader
        self._encrypted = server.implicit
        self._sender = ""
        self._recipients: list[str] = []
        self._steps: dict[str, Callable[[str], Awaitable[object]]] = {
            "ehlo": self._ehlo,
            "starttls": self._start_tls,
            "auth": self._log_in,
            "mail": self._mail,
            "rcpt": self._rcpt,
            "data": self._data,
            "noop": lambda line: self._answer("noop"),
            "quit": lambda line: self._answer("quit"),
        }

    async def talk(self) -> None:
        await self._answer("banner")
        while line := await self._line():
            self._server.commands.append(line)
            verb = line.split(" ")[0].lower()
            if step := self._steps.get(verb):
                await step(line)
            else:
                await self._say("502 5.5.1 unknown")
            if verb == "quit":
                return

    async def _line(self) -> str:
        raw = await self._reader.readline()
        (self._server.received_in_tls if self._encrypted else self._server.received_in_clear).extend(raw)
        return raw.decode("utf-8", "replace").rstrip("\r\n") or ("" if not raw else " ")

    async def _say(self, reply: str) -> None:
        self.writer.write(reply.encode("utf-8", "surrogateescape") + b"\r\n")
        await self.writer.drain()

    async def _answer(self, stage: str, detail: str = "") -> bool:
        """Act as scripted; return whether the reply says yes. A 421 ends the connection, as RFC 5321 3.8 wants."""
        act = self._server.act_at(stage, detail) or REPLIES[stage]
        if act == DROP:
            raise _Hangup
        if act == STALL:
            await self._server.stall()
            raise _Hangup
        await self._server.wait_at(stage)
        await self._say(act)
        if act.startswith("421"):
            raise _Hangup
        return act[0] in "23"

    async def _ehlo(self, line: str) -> None:
        detail = "tls" if self._encrypted else "clear"
        if self._server.act_at("ehlo", detail):
            await self._answer("ehlo", detail)
            return
        *first, last = self._server.ehlo_lines(self._encrypted)
        await self._say("".join(f"250-{keyword}\r\n" for keyword in first) + f"250 {last}")

    async def _start_tls(self, line: str) -> None:
        if await self._answer("starttls") and self._server.tls:
            await self.writer.start_tls(self._server.tls)
            self._encrypted = True

    async def _log_in(self, line: str) -> None:
        if line.upper().startswith("AUTH LOGIN"):
            await self._say("334 " + base64.b64encode(b"Password:").decode())
            await self._line()
        await self._answer("auth")
        if self._server.act_at("blank"):
            await self._line()
            await self._answer("blank")

    async def _mail(self, line: str) -> None:
        self._sender, self._recipients = _path(line), []
        await self._answer("mail")

    async def _rcpt(self, line: str) -> None:
        address = _path(line)
        if await self._answer("rcpt", address):
            self._recipients.append(address)

    async def _data(self, line: str) -> None:
        if not await self._answer("data"):
            return
        if self._server.act_at("body"):
            self._server.body_bytes += len(await self._reader.readexactly(10))
            await self._answer("body")
            # Whoever answers in the middle lets the client hang up first: a reset could overtake the answer.
            while chunk := await self._reader.read(2**16):
                self._server.received_in_clear.extend(chunk)
            return
        content = bytearray()
        while (row := await self._reader.readline()) != b".\r\n":
            self._server.body_bytes += len(row)
            if not row:
                raise _Hangup
            content += row.removeprefix(b".")
        if self._server.act_at("dot"):
            await self._answer("dot")
            return
        self._server.delivered.append(Delivered(self._sender, tuple(self._recipients), bytes(content)))
        await self._answer("reply")


def _path(line: str) -> str:
    match = re.search(r"<(.*)>", line)
    return match[1] if match else ""
