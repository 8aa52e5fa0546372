"""``run``, ``status``, ``pause`` and ``resume``: the daemon and its switches."""

from __future__ import annotations

import resource
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailhitl.cli.show import Json
from mailhitl.plural import counted

if TYPE_CHECKING:
    from mailhitl.config.schema import Config
    from mailhitl.store import SqlStore


def add_to(app: typer.Typer) -> None:
    app.command()(run)
    app.command()(status)
    app.command()(pause)
    app.command()(resume)


def run(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Do what is to be done now, then end.")] = False,
    mailbox: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this mailbox; may be given several times.")
    ] = None,
    json_log: Annotated[bool, typer.Option("--json-log", help="Log one JSON object per line.")] = False,
) -> None:
    """Serve the mailboxes until stopped (SIGTERM, Ctrl+C). The log goes to standard error.

    A config or template that is saved meanwhile counts at once, if all of it is good (SIGHUP has it read anew).

    A server that is away, or another process that serves a mailbox already, is waited for; with --once it is a problem.
    """
    from mailhitl.cli.logs import set_up
    from mailhitl.cli.opening import mailboxes, opened_store, read_all
    from mailhitl.daemon.service import Service

    _leave_no_core()
    config, _ = read_all(context.obj)
    names = mailboxes(config, mailbox or ())
    set_up(json=json_log)
    with opened_store(config, anew=True) as store:
        service = Service.of(config, store, names)
        raise typer.Exit(_once(service) if once else service.run())


def _leave_no_core() -> None:
    """A core dump would hold passwords and customers' words, in a file that nobody looks after."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def _once(service: Any) -> int:
    failed = False
    for name, outcome in service.run_once():
        if isinstance(outcome, int):
            typer.echo(f"{name}: {counted(outcome, 'step')}")
        else:
            failed = True
            typer.echo(f"{name}: {outcome}", err=True)
    return int(failed)


def status(context: typer.Context, json: Json = False) -> None:
    """Say what waits, who works on it, and whether sending is paused."""
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.cli.show import as_json, as_list

    config = read_config(context.obj)
    with opened_store(config) as store:
        demoted = _demoted(store, config)
        found = [_status(store, name) | {"demoted rules": demoted} for name in config.mailbox]
    if json:
        as_json(found)
        return
    for each in found:
        as_list(f"{each['mailbox']} <{config.mailbox[each['mailbox']].address}>", _in_words(each))


def pause(
    context: typer.Context,
    automatic: Annotated[bool, typer.Option("--automatic", help="Hold back only what no person has approved.")] = False,
) -> None:
    """Stop sending before the next mail; nothing is lost."""
    _turn(context, "automatic" if automatic else "all")
    typer.echo(f"Paused: {'automatic answers wait' if automatic else 'no answer leaves'} until: mailhitl resume")


def resume(context: typer.Context) -> None:
    """Take back a pause; what waited goes out."""
    _turn(context, "")
    typer.echo("Resumed: what waited goes out.")


def _turn(context: typer.Context, what: str) -> None:
    from mailhitl.cli import login
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.daemon import pause as pausing
    from mailhitl.decision import Channel
    from mailhitl.ports.journal import Entry

    with opened_store(read_config(context.obj), anew=True) as store:
        said = Entry("", login.by(), Channel.CLI, datetime.now(UTC), code="command", proof=login.proof())
        pausing.turn(store, what, said)


def _status(store: SqlStore, mailbox: str) -> dict[str, Any]:
    from mailhitl.case import OPEN
    from mailhitl.daemon.pause import current
    from mailhitl.daemon.trust import sampling

    paused = current(store)
    waiting = store.cases.in_state(*OPEN, mailbox=mailbox)
    oldest = min(waiting, key=lambda case: case.opened_at, default=None)
    return {
        "mailbox": mailbox,
        "served by": store.switches.holder(mailbox, datetime.now(UTC)),
        "paused": paused.what,
        "paused by": paused.by,
        "paused since": paused.since,
        "samples open": len(sampling.open_samples(store, datetime.now(UTC))),
        "cases": {str(state): number for state, number in sorted(store.cases.counts(mailbox).items())},
        "open": len(waiting),
        "oldest open": oldest and {"case": oldest.id, "state": str(oldest.state), "arrived": oldest.opened_at},
    }


def _demoted(store: SqlStore, config: Config) -> list[str]:
    """The rules that something took down and nobody has promoted since."""
    from mailhitl.daemon.trust import autonomy
    from mailhitl.daemon.trust.wording import rules_of

    entries = autonomy.steps(store)
    return [rule.name for rule in rules_of(config) if autonomy.standing(rule, entries).demoted]


PAUSES = {
    "": "goes on",
    "automatic": "paused for automatic answers (mailhitl resume)",
    "all": "PAUSED (mailhitl resume)",
}


def _in_words(found: dict[str, Any]) -> dict[str, str]:
    from mailhitl.cli.show import ago, plain

    oldest = found["oldest open"]
    age = oldest and ago(oldest["arrived"], datetime.now(UTC))
    return {
        "served by": _process(found["served by"]) or "nobody",
        "sending": _pause_in_words(found),
        "demoted rules": ", ".join(f"“{name}”" for name in found["demoted rules"]),
        "samples open": f"{found['samples open']} (right or wrong?)" if found["samples open"] else "",
        "cases": ", ".join(f"{number} {state}" for state, number in found["cases"].items()) or "none yet",
        "oldest open": f"case {oldest['case']} ({oldest['state']}), {plain(oldest['arrived'])}, {age}"
        if oldest
        else "",
    }


def _pause_in_words(found: dict[str, Any]) -> str:
    from mailhitl.cli.show import plain

    says = PAUSES.get(found["paused"], found["paused"])
    return f"{says}, since {plain(found['paused since'])} by {found['paused by']}" if found["paused by"] else says


def _process(holder: str) -> str:
    """A holder's name as people say it."""
    host, _, rest = holder.partition(":")
    number = rest.partition(":")[0]
    return f"process {number} on {host}" if number else holder
