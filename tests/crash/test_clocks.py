"""The clock is set while ``mailhitl run`` is at work (libfaketime): nothing ends early, nothing comes twice."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mailhitl.case import Event, State
from mailhitl.store import open_store
from tests.servers import require
from tests.story.office import Daemon, Office, until
from tests.story.world import DEMO_TEMPLATES

pytestmark = pytest.mark.servers

DAY = timedelta(days=1)
#: A hand in a folder may change its mind for so long; whoever waits for real waits a little longer.
GRACE = 4.0
#: What the rules let out may be stopped for so long.
UNDO = 6.0
MORE = f"""
[digest]
to = ["anna@example.com"]
weekday = "WEEKDAY"
at = "AT"

[[intent]]
name = "hours"
examples = ["When are you open?", "What are your opening hours?"]
words = ["open", "hours"]
template = "opening-hours"

[[rule]]
name = "Hours"
why = "Always the same."
when = {{ intent = "hours" }}
then = "send"
undo = "{UNDO:.0f}s"
"""
BERLIN = ZoneInfo("Europe/Berlin")


class OddOffice(Office):
    """Whose daemon goes by a clock that the test sets. The mail host's is the machine's."""

    def _environment(self, secret: str) -> dict[str, str]:
        [library] = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
        return super()._environment(secret) | {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self.folder / "clock"),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "TZ": "Europe/Berlin",
        }

    def set_clock(self, ahead: timedelta) -> None:
        """The daemon's clock is so far ahead of the machine's from now on."""
        fresh = self.folder / "clock.new"
        fresh.write_text(f"{ahead.total_seconds():+.0f}\n")
        fresh.rename(self.folder / "clock")

    def sent_to(self, address: str) -> list[float]:
        """When this address got a mail from us, by the machine's clock."""
        return [mail.arrived.timestamp() for mail in self.smtp.outside if mail.recipient == address]

    def told(self, words: str) -> int:
        """How many mails to Anna have these words in their subject."""
        subjects = (raw.partition(b"\r\n\r\n")[0] for raw in self.standing("INBOX", user="anna", password="anna"))
        return sum(words.encode() in head for head in subjects)

    def states(self) -> dict[str, State]:
        store = open_store(f"sqlite:///{self.folder / 'var' / 'mailhitl.db'}")
        try:
            return {case.sender: case.state for case in store.cases.in_state(*State)}
        finally:
            store.close()

    def attempts(self) -> int:
        """How often a customer's answer was handed over."""
        store = open_store(f"sqlite:///{self.folder / 'var' / 'mailhitl.db'}")
        try:
            cases = store.cases.in_state(*State)
            return sum(row.event is Event.CLAIM for case in cases for row in store.cases.log(case))
        finally:
            store.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[OddOffice]:
    require("faketime")
    with OddOffice(tmp_path) as office:
        yield office


def begun(office: OddOffice, digest_at: datetime, ahead: timedelta = timedelta(0)) -> Daemon:
    """At work, with one customer's draft waiting, and a weekly digest that is due at this time."""
    local = digest_at.astimezone(BERLIN)
    more = MORE.replace("WEEKDAY", local.strftime("%a").lower()).replace("AT", local.strftime("%H:%M"))
    agent = f'[agent]\ntimezone = "Europe/Berlin"\ntemplates = "{DEMO_TEMPLATES}"'
    office.write(office.usual().replace('grace = "0s"', f'grace = "{GRACE:.0f}s"').replace("[agent]", agent) + more)
    office.set_clock(ahead)
    office.customer_writes("Please refund my order 4711.")
    daemon = office.serving()
    # The packet leaves at the end of the first round.
    until(lambda: office.told("[Review]") == 1)
    return daemon


def ends_well(daemon: Daemon) -> None:
    """It ends when it is asked to, and was never shaken."""
    daemon.signal(signal.SIGTERM)
    assert daemon.ends() == 0
    for bad in ("Traceback", "ALARM", "not served", "set aside", " hangs"):
        assert bad not in daemon.log, daemon.log


def goes_on(office: OddOffice, name: str) -> None:
    """Another customer is served, so whole rounds have been made."""
    office.customer_writes("Please refund my order 4712.", sender=f"{name} <{name}@customer.test>")
    until(lambda: office.states().get(f"{name}@customer.test") is State.HELD)


@pytest.mark.parametrize("step", [DAY, -DAY])
def test_61_a_clock_that_is_set_ends_no_grace_early_or_late_and_sends_nothing_twice(
    office: OddOffice, step: timedelta
) -> None:
    daemon = begun(office, datetime.now(UTC) + 3 * DAY)
    office.customer_writes("When are you open?", sender="Oda <oda@customer.test>", subject="Hours")
    until(lambda: len(office.standing("Drafts/Outgoing")) == 1)
    began = time.time()
    office.moves_draft("Drafts/Review", "Drafts/Approve")
    office.set_clock(step)
    until(lambda: len(office.sent_to("ann@customer.test")) == 1)
    until(lambda: len(office.sent_to("oda@customer.test")) == 1)
    assert office.sent_to("ann@customer.test")[0] - began >= GRACE - 1
    assert office.sent_to("oda@customer.test")[0] - began >= UNDO - 2
    goes_on(office, "bob")
    office.set_clock(timedelta(0))
    goes_on(office, "cem")
    until(lambda: len(office.standing("Sent")) == 2)
    assert (len(office.sent_to("ann@customer.test")), len(office.sent_to("oda@customer.test"))) == (1, 1)
    assert office.attempts() == 2
    assert sorted(office.states().values()) == [State.HELD, State.HELD, State.SENT, State.SENT]
    ends_well(daemon)


def test_61_a_digest_comes_once_however_often_its_hour_comes(office: OddOffice) -> None:
    due = datetime.now(UTC) + timedelta(hours=2)
    daemon = begun(office, due)
    office.set_clock(timedelta(hours=3))
    until(lambda: office.told("[mailhitl] 20") == 1)
    for number, ahead in enumerate((0, 3, 27, 0, 3)):
        office.set_clock(timedelta(hours=ahead))
        goes_on(office, f"c{number}")
    assert office.told("[mailhitl] 20") == 1
    assert office.sent_to("ann@customer.test") == []
    ends_well(daemon)


def autumn() -> datetime:
    """When summer time has ended in Berlin last, in UTC."""
    now = datetime.now(UTC)
    lasts = (datetime(year, 10, 31, 1, tzinfo=UTC) for year in (now.year, now.year - 1))
    sundays = (last - timedelta(days=(last.weekday() + 1) % 7) for last in lasts)
    return next(sunday for sunday in sundays if sunday < now)


def test_61_through_the_hour_that_comes_twice_all_waits_are_as_long_as_ever_and_the_digest_comes_once(
    office: OddOffice,
) -> None:
    half_past_two = autumn() - timedelta(minutes=30)
    daemon = begun(office, half_past_two, half_past_two - timedelta(minutes=5) - datetime.now(UTC))
    assert office.told("[mailhitl] 20") == 0
    office.set_clock(half_past_two + timedelta(minutes=1) - datetime.now(UTC))
    until(lambda: office.told("[mailhitl] 20") == 1)
    began = time.time()
    office.moves_draft("Drafts/Review", "Drafts/Approve")
    office.set_clock(half_past_two + timedelta(minutes=61) - datetime.now(UTC))
    goes_on(office, "cem")
    until(lambda: len(office.sent_to("ann@customer.test")) == 1)
    assert office.sent_to("ann@customer.test")[0] - began >= GRACE - 1
    assert (office.told("[mailhitl] 20"), office.attempts()) == (1, 1)
    ends_well(daemon)
