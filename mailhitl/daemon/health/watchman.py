"""The watchman: looks every ten seconds whether all is well, and rings the alarm once per trouble and when it is over.

What runners find out and the mailbox itself cannot say comes by the journal (``alerts.raise_alarm``). The alarm is told
in one message of what has come up since the last one, at most so often in an hour, and again when nobody took it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from mailhitl.daemon.alerts import TROUBLE
from mailhitl.daemon.health.troubles import Patient, Trouble, of_log
from mailhitl.decision import Channel
from mailhitl.errors import MailhitlError, TemporaryFailure
from mailhitl.ports.alarm import Alarm
from mailhitl.ports.journal import Entry
from mailhitl.ports.store import Store

log = structlog.get_logger(__name__)

#: Seconds between looks, and how often the whole log is gone through.
EVERY = 10
LOG_EVERY = timedelta(days=1)
#: After so long without a look nobody can say that all is well.
BLIND = timedelta(minutes=5)
#: Seconds that the clock may gain or lose between two looks without having been set.
STEP = 60.0
#: Messages in an hour: more would be a second trouble.
AN_HOUR = 6
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
#: Entries that say what was told, beside those that runners write for it (``alerts.TROUBLE``).
ALARM = "alarm"
#: What waits to be told at most, and how far back the runners' entries are looked through.
WAITING = 100
BACK = timedelta(days=7)
#: Where it stands which of the runners' entries were told.
CURSOR = "alarm:told"


@dataclass(slots=True)
class Watchman:
    """Knows what is wrong and what of it was told."""

    patient: Patient
    store: Store
    alarm: Alarm | None
    place: str = ""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    standing: dict[str, Trouble] = field(default_factory=dict)
    _pending: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=WAITING))
    _rung: deque[datetime] = field(default_factory=deque)
    _failed: int = 0
    _again: datetime | None = None
    _log_at: datetime | None = None
    _chain: tuple[Trouble, ...] = ()
    _told: int = 0
    _looked_at: datetime | None = None
    _before: tuple[datetime, float] | None = None
    _set_at: datetime | None = None
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Look again and again, in a thread of its own, until ``stop``."""
        self._thread = threading.Thread(target=self._watch, name="watchman", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._end.is_set():
            self.look()
            self._end.wait(EVERY)

    def stop(self, within: float) -> None:
        """End after the look at hand. A log that is gone through, or an alarm on its way, is not waited for longer."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(within)

    def reasons(self) -> list[str]:
        """Why all is not well, as the last look saw it; empty when it is."""
        if self._looked_at is None or self.now() - self._looked_at > BLIND:
            return ["nobody has looked lately whether all is well"]
        return sorted(trouble.subject for trouble in self.standing.values())

    def look(self) -> None:
        """See what is wrong, and tell what has changed. Never raises: it must outlive what it watches."""
        try:
            self._compare([*self.patient.troubles(self.now(), self._clock_set()), *self._of_log()])
            self._looked_at = self.now()
            self._hear_runners()
            self._tell()
        except Exception as error:  # noqa: BLE001
            log.error("health not looked at", error=type(error).__name__)

    def pass_on(self) -> None:
        """Ring what runners have found out since it was told last, and nothing else: for a process that ends at once.

        What stands, like a refused login, has no end that such a process could tell of; its exit code says it. Never
        raises.
        """
        if self.alarm is None:
            return
        try:
            self._hear_runners()
            self._tell()
        except Exception as error:  # noqa: BLE001
            log.error("alarm not rung", error=type(error).__name__)

    def _clock_set(self) -> datetime | None:
        """When somebody has last set the clock, or the machine has slept: by neither has a mailbox been silent."""
        now, moment = self.now(), self.monotonic()
        if self._before is not None and abs((now - self._before[0]).total_seconds() - moment + self._before[1]) > STEP:
            log.warning("the clock was set, or the machine has slept", from_=self._before[0].isoformat())
            self._set_at = now
        self._before = now, moment
        return self._set_at

    def _of_log(self) -> tuple[Trouble, ...]:
        if self._log_at is None or self.now() - self._log_at >= LOG_EVERY:
            self._log_at = self.now()
            self._chain = tuple(of_log(self.store))
        return self._chain

    def _compare(self, troubles: Iterable[Trouble]) -> None:
        now_wrong = {each.key: each for each in troubles}
        for key, trouble in now_wrong.items():
            if key not in self.standing:
                log.error("alarm", what=trouble.subject, key=key)
                self._say(f"ALARM: {trouble.subject}", trouble.text, code="raised", key=key)
        for key in self.standing.keys() - now_wrong.keys():
            over = self.standing[key]
            log.warning("alarm over", what=over.subject, key=key)
            self._say(f"RECOVERED: {over.subject}", "This is over.", code="recovered", key=key)
        self.standing = now_wrong

    def _hear_runners(self) -> None:
        """What happened once has no end that could be told: it is rung, and that is all."""
        try:
            # Another process may have told some of them.
            self._told = max(self._told, int(self.store.switches.get(CURSOR) or 0))
            since = self.now() - BACK
            fresh = [each for each in self.store.journal.entries((TROUBLE,), since=since) if each.id > self._told]
        except MailhitlError:
            return
        for entry in fresh:
            what, once = f"ALARM: mailbox {entry.subject}: {entry.code}", f"{ALARM}:{entry.id}"
            self._say(what, entry.why, code="raised", key=entry.proof, once=once)
            self._told = entry.id

    def _say(self, subject: str, text: str, *, code: str, key: str, once: str = "") -> None:
        if self.alarm is not None:
            self._pending.append((subject, text))
        try:
            now = self.now()
            entry = Entry(ALARM, "watchman", Channel.DAEMON, now, subject=key, why=subject, code=code, key=once)
            self.store.journal.add(entry)
        except MailhitlError:
            # The store itself may be what is wrong.
            log.warning("alarm not written to the journal", key=key)

    def _tell(self) -> None:
        """Hand over everything that waits, in one message, when it is time."""
        now = self.now()
        while self._rung and now - self._rung[0] >= timedelta(hours=1):
            self._rung.popleft()
        waits = self._again is not None and now < self._again
        if not self._pending or self.alarm is None or waits or len(self._rung) >= AN_HOUR:
            return
        more = len(self._pending) - 1
        subject = f"{self._pending[0][0]} (and {more} more)" if more else self._pending[0][0]
        text = "\n\n".join(f"{what}\n{why}" for what, why in self._pending)
        try:
            self.alarm.ring(f"{subject} [{self.place}]" if self.place else subject, text)
        except TemporaryFailure as failure:
            self._failed += 1
            self._again = now + min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(self._failed - 1, 10))
            log.error("alarm not taken", problem=str(failure), again=self._again.isoformat(timespec="seconds"))
            return
        log.info("alarm rung", things=len(self._pending))
        self._failed, self._again = 0, None
        self._rung.append(now)
        self._pending.clear()
        self._remember()

    def _remember(self) -> None:
        try:
            self.store.switches.set(CURSOR, str(self._told), "watchman", self.now())
        except MailhitlError:
            log.warning("told alarms not remembered; they are told again after a restart")
