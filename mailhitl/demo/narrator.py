"""The narrator: reads the store's log and says in one line each what has just happened, and by whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mailhitl.case import Case, Event, State
from mailhitl.daemon.decide import HELD_AGAIN
from mailhitl.decision import Channel, Decision, Reason
from mailhitl.drafting.template import SKELETON
from mailhitl.mail.parse import parse
from mailhitl.mail.text import one_line
from mailhitl.ports.store import Store

#: Of many reasons the screen shows the first ones; the packet has them all.
REASONS = 2
EXCERPT = 90


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened. ``text`` is rich markup."""

    at: datetime
    case: int
    text: str


@dataclass(slots=True)
class Narrator:
    """Tells each case's arrival and every decision once."""

    store: Store
    _told: dict[int, int] = field(default_factory=dict)
    _versions: dict[int, int] = field(default_factory=dict)

    def news(self) -> list[Line]:
        """What has happened since the last call, in the order in which it did."""
        lines = [line for case in self.store.cases.recent(limit=500) for line in self._about(case)]
        return sorted(lines, key=lambda line: (line.at, line.case))

    def _about(self, case: Case) -> Iterator[Line]:
        if self._versions.get(case.id) == case.version:
            return
        if case.id not in self._versions:
            yield Line(case.opened_at, case.id, self._arrival(case))
        self._versions[case.id] = case.version
        rows = self.store.cases.log(case)
        # Read after the log, so that it is at least as new as what is told of it.
        case = self.store.cases.get(case.id)
        for row in rows[self._told.get(case.id, 0) :]:
            if tell := TELL.get(row.event):
                yield Line(row.at, case.id, tell(case, row, self._template(case)))
        self._told[case.id] = len(rows)

    def _arrival(self, case: Case) -> str:
        source = parse(self.store.cases.source(case))
        name = source.sender.name or case.sender
        excerpt = one_line(" ".join(source.new_text.split()), EXCERPT)
        return f"[bold]✉ {escape(name)}[/] writes “{escape(case.subject)}” [dim]{escape(excerpt)}[/]"

    def _template(self, case: Case) -> str:
        return self.store.cases.draft(case, 1).template if case.revision else ""


def print_lines(console: Console, lines: list[Line]) -> None:
    """Print them as columns: when, which case, what."""
    for line in lines:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=8, style="dim")
        grid.add_column(width=4, justify="right", style="cyan")
        grid.add_column(overflow="fold")
        grid.add_row(f"{line.at.astimezone():%H:%M:%S}", f"#{line.case}", line.text)
        console.print(grid)


def _held(case: Case, row: Decision, template: str) -> str:
    if row.channel is not Channel.RULE:
        return f"[yellow]◂ held back[/] by {_who(row)}: {escape(row.why)}"
    if row.code == "block":
        return f"[red]■ blocked, a person answers[/]: {_reasons(row)}"
    asked = f" for {case.group.replace(',', ' and ')}" if case.group else ""
    fits = template not in ("", SKELETON)
    drafted = f"drafted from “{template}”, waiting" if fits else "no template fits, a skeleton waits"
    return f"[yellow]◂ {drafted} in Review{asked}[/]: {_reasons(row)}"


def _approved(case: Case, row: Decision, template: str) -> str:
    if row.channel is not Channel.RULE:
        return f"[green]✓ approved[/] by {_who(row)}: {escape(one_line(row.why, EXCERPT))}"
    wait = round((case.not_before - row.at).total_seconds()) if case.not_before else 0
    undo = f" [dim]in {wait} s; drag it out of Outgoing to stop it[/]" if wait > 0 else ""
    return f"[green]✓ answers itself[/] from “{template}”: {_reasons(row)}{undo}"


def _sent(case: Case, row: Decision, template: str) -> str:
    return f"[bold green]➤ sent[/] to {escape(case.sender)}"


def _plainly(mark: str) -> Callable[[Case, Decision, str], str]:
    return lambda case, row, template: f"{mark} by {_who(row)}: {escape(one_line(row.why, 2 * EXCERPT))}"


#: Claiming is a step of the outbox's own; everything else is told.
TELL: dict[Event, Callable[[Case, Decision, str], str]] = {
    Event.HOLD: _held,
    Event.APPROVE: _approved,
    Event.ACCEPT: _sent,
    Event.SKIP: lambda case, row, template: f"[dim]· no answer: {escape(row.why)}[/]",
    Event.REVISE: lambda case, row, template: _revised(row),
    Event.ENDORSE: _plainly("[green]✓ one of several approvals[/]"),
    Event.ESCALATE: _plainly("[magenta]▲ escalated[/]"),
    Event.REJECT: _plainly("[red]✗ rejected[/]"),
    Event.SUPERSEDE: _plainly("[blue]↷ closed without this draft[/]"),
    Event.DEFER: _plainly("[yellow]… trying again later[/]"),
    Event.REFUSE: _plainly("[red]✗ refused by the mail server[/]"),
    Event.LOSE: _plainly("[red]? may have gone out[/]"),
    Event.SHUNT: _plainly("[red]! set aside[/]"),
    Event.RETRY: _plainly("· taken up again"),
}


def _revised(row: Decision) -> str:
    """An edit, or an approval that could not be followed."""
    mark = "[yellow]◂ not released[/], moved" if row.code == HELD_AGAIN else "[yellow]✎ edited[/]"
    return f"{mark} by {_who(row)}: {escape(one_line(row.why, 2 * EXCERPT))}"


def counts(store: Store, mailbox: str) -> str:
    """How the mailbox stands, in one line."""
    found = store.cases.counts(mailbox)
    waiting, leaving = found.get(State.HELD, 0), found.get(State.APPROVED, 0) + found.get(State.SENDING, 0)
    closed = found.get(State.SKIPPED, 0) + found.get(State.REJECTED, 0) + found.get(State.SUPERSEDED, 0)
    return f"{waiting} wait for a person · {leaving} leaving · {found.get(State.SENT, 0)} sent · {closed} closed"


def _who(row: Decision) -> str:
    return escape(row.by.removeprefix("rule:"))


def _reasons(row: Decision) -> str:
    """The shop's own rules that hit, by name and in their words; without one, what the built-in ones say."""
    own = [reason for reason in row.reasons if not _built_in(reason)] or [*row.reasons]
    told = [f"{_rule(reason)}{escape(one_line(reason.text, 2 * EXCERPT))}" for reason in own[:REASONS]]
    more = len(row.reasons) - len(told)
    return " ".join(told) + (f" [dim](and {more} more)[/]" if more > 0 else "")


def _rule(reason: Reason) -> str:
    return "" if _built_in(reason) else f"[italic]{escape(reason.rule)}.[/] "


def _built_in(reason: Reason) -> bool:
    return reason.rule == "default" or reason.rule.startswith("gate:")
