"""How the daemon logs: one line per event, without bodies and without secrets."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

#: Never in a log, whoever passes them by mistake.
FORBIDDEN = frozenset({"password", "token", "secret", "body", "text", "raw"})
LONGEST = 500


def set_up(*, json: bool = False, level: int = logging.INFO) -> None:
    """Log to standard error; for people by default, one JSON object per line for programs."""
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), pad_event_to=28, exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            tidy,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Looked up at every line: a test's runner, or who redirects us, closes the one of before.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s")


def tidy(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop what must not be logged, and keep every value on one line without control characters."""
    from mailhitl.mail.text import one_line

    # An exception's own words may quote a customer, and a traceback's locals hold secrets.
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
    for key, value in list(event.items()):
        if key.lower() in FORBIDDEN:
            event[key] = "(not logged)"
        elif not isinstance(value, int | float | bool | None):
            event[key] = one_line(str(value), LONGEST)
    return event
