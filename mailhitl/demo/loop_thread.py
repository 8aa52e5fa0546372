"""A thread with an asyncio loop of its own, in which one server listens on 127.0.0.1."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

Answer = TypeVar("Answer")

HOST = "127.0.0.1"
#: Seconds after which a server that neither listens nor ends is a bug.
PATIENCE = 20.0


class LoopThread(ABC):
    """Starts and stops one server. What it holds outlives a stop: the next start finds the same port and mail."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    @property
    def port(self) -> int:
        """The TCP port; 0 until the first start, when none was asked for."""
        return self._port

    def start(self) -> Self:
        """Return when connections are accepted. Raises OSError when the port is taken."""
        listening: Future[int] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listening)), name=type(self).__name__, daemon=True
        )
        self._thread.start()
        self._port = listening.result(PATIENCE)
        return self

    def stop(self) -> None:
        """Close every connection and end the thread. Nothing happens when it is not running."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(PATIENCE)
        self._thread = self._loop = self._stopping = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _call(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Run ``work`` in the server's loop and wait for what it returns."""
        if self._loop is None:
            work.close()
            raise RuntimeError(f"{type(self).__name__} is not running")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _serve(self, listening: Future[int]) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        try:
            server = await self._listen()
        except OSError as error:
            listening.set_exception(error)
            return
        listening.set_result(server.sockets[0].getsockname()[1])
        await self._stopping.wait()
        server.close()
        await self._close_connections()

    @abstractmethod
    async def _listen(self) -> asyncio.Server:
        """Listen on ``HOST`` and ``self.port``."""

    @abstractmethod
    async def _close_connections(self) -> None:
        """End every connection that is still open."""
