"""What cannot be handled is set aside for a person, and the next is served: the one place that catches everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from mailhitl.case import Case, Event
from mailhitl.daemon.app import App
from mailhitl.decision import Channel, Decision
from mailhitl.errors import (
    IllegalTransition,
    LeaseTaken,
    PermanentFailure,
    StaleCase,
    StaleFolder,
    TemporaryFailure,
)

log = structlog.get_logger(__name__)

#: What is wrong with the world, not with one case: the whole round ends and is tried again.
WORLD = (TemporaryFailure, PermanentFailure, StaleFolder, LeaseTaken)


def each(app: App, runner: str, cases: Iterable[Case], work: Callable[[App, Case], int]) -> int:
    """Do ``work`` for every case and return the sum; shunt the case whose handling raises."""
    done = 0
    for case in cases:
        app.heartbeat()
        try:
            done += work(app, case)
        except WORLD:
            raise
        except StaleCase:
            # Somebody else was faster; the next round sees what is.
            continue
        except Exception as error:  # noqa: BLE001
            shunt(app, case, runner, error)
    return done


def shunt(app: App, case: Case, runner: str, error: Exception) -> None:
    """Set the case aside. Neither log nor decision row repeats the error's text: it may quote the customer."""
    log.error("case set aside", case=case.id, runner=runner, error=type(error).__name__, at=where(error))
    why = f"{runner} could not handle it ({type(error).__name__}); a person has to look, then: mailhitl cases retry"
    versions = app.settings.versions
    decision = Decision(Event.SHUNT, runner, Channel.DAEMON, why, app.now(), code="error", versions=versions)
    try:
        app.store.cases.move(app.store.cases.get(case.id), Event.SHUNT, decision)
    except (StaleCase, IllegalTransition) as problem:
        log.error("case not set aside", case=case.id, problem=str(problem))


def where(error: Exception) -> str:
    """File and line where it was raised: all that may be told of an error whose words we do not know."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else ""
