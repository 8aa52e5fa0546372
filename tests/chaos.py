"""A network between a client and a server of this machine that fails as a test wants it, until the fault is over."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Self

from tests.servers import HOST, PATIENCE

#: What no server says, with a literal that never comes.
GARBAGE = b"\x00\xff* \xfe{17}\r\n)(BYE 999 \r\n"
_LITERAL = re.compile(rb"\{(\d+)\+?\}\r\n")


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a connection once ``after`` bytes went one way: to the client, or (``to_client`` False) away.

    ``kind`` is a key of FAULTS.
    """

    kind: str
    after: int = 0
    to_client: bool = True


class Chaos:
    """``with Chaos(server.port) as proxy: proxy.break_by(Fault("cut")); …; proxy.heal()``

    A fault holds for the connections that stand and for every new one, until it is healed. ``bitten`` counts how often.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._fault: Fault | None = None
        self._ready = threading.Event()
        self._changed = threading.Condition()
        self.port = 0
        self.bitten = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def break_by(self, fault: Fault) -> None:
        self._healed.clear()
        self._fault = fault

    def heal(self) -> None:
        self._fault = None
        self._loop.call_soon_threadsafe(self._healed.set)

    def awaits_bite(self, times: int = 1) -> None:
        """Wait until the fault was felt so often."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.bitten >= times, PATIENCE), f"{self._fault} was never felt"

    def felt(self, seconds: float) -> bool:
        """Wait so long for the fault to be felt; whether it was."""
        with self._changed:
            before = self.bitten
            return self._changed.wait_for(lambda: self.bitten > before, seconds)

    async def _serve(self) -> None:
        self._loop, self._over, self._healed = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        self._talks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._accept, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.create_task(self._join(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: two pumps, and when one of them ends both ends are closed."""
        ends = [writer]
        try:
            there, away = await asyncio.open_connection(HOST, self._target)
            ends.append(away)
            ways = (self._pump(reader, away, to_client=False), self._pump(there, writer, to_client=True))
            pumps = [asyncio.create_task(way) for way in ways]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            pass
        finally:
            for end in ends:
                end.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, to_client: bool) -> None:
        passed = 0
        while data := await source.read(4096):
            fault = self._fault
            if fault and fault.to_client is to_client and passed + len(data) > fault.after:
                with self._changed:
                    self.bitten += 1
                    self._changed.notify_all()
                await FAULTS[fault.kind](self, data, max(0, fault.after - passed), sink)
            else:
                sink.write(data)
                await sink.drain()
            passed += len(data)

    async def _cut(self, data: bytes, at: int, sink: asyncio.StreamWriter) -> None:
        sink.write(data[:at])
        await sink.drain()
        raise ConnectionResetError

    async def _stall(self, data: bytes, at: int, sink: asyncio.StreamWriter) -> None:
        sink.write(data[:at])
        await self._healed.wait()
        sink.write(data[at:])
        await sink.drain()

    async def _half_open(self, data: bytes, at: int, sink: asyncio.StreamWriter) -> None:
        """Neither end ever hears of it: this connection is gone for good, and nothing says so."""
        sink.write(data[:at])
        await self._over.wait()

    async def _drip(self, data: bytes, at: int, sink: asyncio.StreamWriter) -> None:
        for start in range(0, len(data), 16):
            sink.write(data[start : start + 16])
            await sink.drain()
            await asyncio.sleep(0.001)

    async def _garbage(self, data: bytes, at: int, sink: asyncio.StreamWriter) -> None:
        sink.write(data[:at] + GARBAGE + data[at:])
        await sink.drain()

    async def _truncate(self, data: bytes, at: int, sink: asyncio.StreamWriter) -> None:
        """A literal that ends before its announced size: the connection goes in the middle of it."""
        if found := _LITERAL.search(data):
            await self._cut(data, found.end() + int(found.group(1)) // 2, sink)
        sink.write(data)
        await sink.drain()


Bite = Callable[[Chaos, bytes, int, asyncio.StreamWriter], Awaitable[None]]
FAULTS: dict[str, Bite] = {
    "cut": Chaos._cut,
    "stall": Chaos._stall,
    "half-open": Chaos._half_open,
    "drip": Chaos._drip,
    "garbage": Chaos._garbage,
    "truncate": Chaos._truncate,
}
