"""From the config file to whoever watches over the whole: the alarm, the watchman, the page for a monitoring system."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

from mailhitl.backends.alarm import CommandAlarm, EveryAlarm, MailAlarm, host
from mailhitl.backends.page import Answers, Page
from mailhitl.backends.smtp import SmtpTransport
from mailhitl.config.schema import Config
from mailhitl.daemon.health.figures import figures
from mailhitl.daemon.health.troubles import Patient, Pulse
from mailhitl.daemon.health.watchman import Watchman
from mailhitl.daemon.wire import smtp_settings
from mailhitl.ports.alarm import Alarm
from mailhitl.ports.store import Store


def alarm(config: Config) -> Alarm | None:
    """The way to ring somebody, None when the config names none."""
    wanted = config.alarm
    if wanted is None:
        return None
    ways: list[Alarm] = []
    if wanted.command is not None:
        ways.append(CommandAlarm(wanted.command, config.base))
    if wanted.smtp is not None and wanted.sender is not None:
        ways.append(MailAlarm(SmtpTransport(smtp_settings(config, wanted.smtp)), wanted.sender, wanted.to))
    return EveryAlarm(tuple(ways))


def watchman(
    config: Config, store: Store, pulses: Callable[[], Iterable[Pulse]], refusal: Callable[[], str]
) -> Watchman:
    """The one who looks after all mailboxes of one process. ``refusal`` as in ``Patient``."""
    patient = Patient(pulses, store, config.agent.data_dir, refusal=refusal)
    if config.alarm is not None:
        patient = replace(patient, after=config.alarm.after)
    return Watchman(patient, store, alarm(config), host())


def page(config: Config, store: Store, watchman: Watchman, pulses: Callable[[], Iterable[Pulse]]) -> Page | None:
    """The page for a monitoring system, None when the config asks for none."""
    if config.metrics is None:
        return None
    answers = Answers(lambda: figures(store, pulses(), datetime.now(UTC)), watchman.reasons)
    return Page(config.metrics.where, answers)
