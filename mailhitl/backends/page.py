"""The page for a monitoring system: figures at /metrics (Prometheus), a yes or no with reasons at /healthz.

Everybody who asks has a thread, so that nobody waits for one who is slow; of too many the slowest is cut off. Needs the
extra ``metrics``.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import structlog

from mailhitl.errors import MailhitlError, PermanentFailure

if TYPE_CHECKING:
    from prometheus_client.registry import CollectorRegistry

log = structlog.get_logger(__name__)

#: Seconds that may pass between two pieces of a request.
PATIENCE = 5.0
#: Who may be asking at once: a monitoring system or two, a person, and some who never finish.
MOST = 8


@dataclass(frozen=True, slots=True)
class Gauge:
    """One figure by its labels. No label ever holds a person's address or words."""

    name: str
    says: str
    labels: tuple[str, ...]
    values: Mapping[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Answers:
    """What the page is made of. ``reasons`` are why all is not well, empty when it is."""

    gauges: Callable[[], Iterable[Gauge]]
    reasons: Callable[[], Iterable[str]]


class Page:
    """``start`` begins to listen, ``stop`` ends it. ``port`` is where it listens then. ``patience`` is in seconds."""

    def __init__(self, where: tuple[str, int], answers: Answers, *, patience: float = PATIENCE) -> None:
        self._where = where
        self._answers = answers
        self._patience = patience
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        return int(self._server.server_port) if self._server else 0

    def start(self) -> None:
        """Raises PermanentFailure when the extra is missing, or nobody may listen there."""
        handler = _handler(_registry(self._answers.gauges), self._answers, self._patience)
        try:
            server = _Server6 if ":" in self._where[0] else _Server
            self._server = server(self._where, handler)
        except OSError as error:
            place = f"{self._where[0]}:{self._where[1]}"
            raise PermanentFailure(f"metrics.listen: cannot listen at {place}: {error.strerror}") from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="page", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.cut_off(0)


class _Server(HTTPServer):
    """A thread for each connection, never more than MOST: whoever has been asking the longest makes room."""

    def __init__(self, where: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._asking: dict[socket.socket, threading.Thread] = {}
        self._turn = threading.Lock()
        super().__init__(where, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.cut_off(MOST - 1)
        thread = threading.Thread(target=self._serve, args=(request, client_address), name="page", daemon=True)
        with self._turn:
            self._asking[request] = thread
        thread.start()

    def cut_off(self, most: int) -> None:
        """Hang up on the first who came until so many are left, and wait until they are gone."""
        with self._turn:
            surplus = list(self._asking.items())[: max(0, len(self._asking) - most)]
        for connection, thread in surplus:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()

    def _serve(self, request: Any, client_address: Any) -> None:
        try:
            with suppress(OSError):
                self.finish_request(request, client_address)
        finally:
            self.shutdown_request(request)
            with self._turn:
                self._asking.pop(request, None)


class _Server6(_Server):
    address_family = socket.AF_INET6


def _registry(gauges: Callable[[], Iterable[Gauge]]) -> CollectorRegistry:
    try:
        from prometheus_client.core import GaugeMetricFamily
        from prometheus_client.registry import Collector, CollectorRegistry
    except ImportError:
        raise PermanentFailure("[metrics] needs an extra: pip install 'mailhitl[metrics]'") from None

    class Reader(Collector):
        """Asked anew at every scrape."""

        def collect(self) -> Iterator[Any]:
            for gauge in gauges():
                family = GaugeMetricFamily(f"mailhitl_{gauge.name}", gauge.says, labels=gauge.labels)
                for labels, value in gauge.values.items():
                    family.add_metric(labels, value)
                yield family

        def describe(self) -> Iterator[Any]:
            """Nothing is collected at registration, when no store may be open yet."""
            return iter(())

    registry = CollectorRegistry()
    registry.register(Reader())
    return registry


def _handler(registry: CollectorRegistry, answers: Answers, patience: float) -> type[BaseHTTPRequestHandler]:
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    # What it costs to look is paid once at a time, however many ask.
    looking = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        timeout = patience
        server_version = "mailhitl"
        sys_version = ""

        def do_GET(self) -> None:
            try:
                with looking:
                    status, kind, body = self._answer()
            except MailhitlError as error:
                status, kind, body = 503, TEXT, f"{error}\n".encode()
            except Exception as error:  # noqa: BLE001
                # Its words might quote a customer.
                log.error("page not served", error=type(error).__name__)
                status, kind, body = 500, TEXT, b"a bug; see the log\n"
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _answer(self) -> tuple[int, str, bytes]:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                return 200, CONTENT_TYPE_LATEST, generate_latest(registry)
            if path != "/healthz":
                return 404, TEXT, b"there are /metrics and /healthz\n"
            reasons = list(answers.reasons())
            return (503 if reasons else 200), TEXT, ("\n".join(reasons or ["all is well"]) + "\n").encode()

        def log_message(self, format: str, *args: object) -> None:
            """A line for each scrape says nothing."""

    return Handler


TEXT = "text/plain; charset=utf-8"
