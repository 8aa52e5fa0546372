"""``forget``: a person's words leave the store; what was decided stays."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from mailhitl.case import Event, State
from mailhitl.errors import MailhitlError
from mailhitl.plural import counted

if TYPE_CHECKING:
    from mailhitl.config.schema import Config
    from mailhitl.ports.log import Erasure
    from mailhitl.store import SqlStore
    from mailhitl.store.knowledge import KnowledgeIndex

#: The events that close an open case so that nothing is sent.
CLOSING: dict[State, tuple[Event, ...]] = {
    State.RECEIVED: (Event.SUPERSEDE,),
    State.HELD: (Event.REJECT,),
    State.APPROVED: (Event.SUPERSEDE,),
    State.SHUNTED: (Event.RETRY, Event.SUPERSEDE),
}
#: More cases than these are only counted.
LISTED = 20
#: What is counted, where there is only one of it.
ONE = {
    "mails": "mail",
    "drafts": "draft",
    "deliveries": "delivery",
    "decisions": "decision",
    "entries of the journal": "entry of the journal",
    "judgments": "judgment",
    "mails to our own people": "mail to our own people",
    "rows that name them": "row that names them",
    "answers in the index of knowledge": "answer in the index of knowledge",
}


def add_to(app: typer.Typer) -> None:
    app.command()(forget)


def forget(
    context: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The customer's e-mail address.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be erased.")] = False,
) -> None:
    """Erase what the store holds of a person, after showing it. The log stays whole, and its numbers stay true.

    Open cases are closed first and nothing of them is sent. Mails in the mailbox's own folders are not touched.
    """
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.daemon.learning.teaching import FILE

    config = read_config(context.obj)
    wanted = address.strip()
    if "@" not in wanted.strip("@"):
        raise typer.BadParameter(f"“{wanted}” is no address like ann@example.com", param_hint="ADDRESS")
    with opened_store(config) as store:
        found = store.erasing.of_address(wanted)
        knowledge, answers = _learned(config, found)
        if not _told(store, found, wanted, len(answers)) or dry_run:
            return
        if not yes:
            typer.confirm("Erase all of this for good?", abort=True)
        # The index first: once the cases are erased nobody knows any more whose they were.
        if knowledge is not None:
            knowledge.forget(answers)
        # What was learned cannot be taken out of it; it is learned anew from what is left.
        (config.agent.data_dir / FILE).unlink(missing_ok=True)
        _erase(store, found, wanted)
    typer.echo("Erased. The log is whole, and an entry of the journal says that this was done.")
    typer.echo(_STAYS.format(address=wanted))


def _learned(config: Config, found: Erasure) -> tuple[KnowledgeIndex | None, frozenset[int]]:
    """The index of knowledge, where there is one, and whose of these cases' answers it has learned."""
    from mailhitl.daemon.drafts.wiring import INDEX
    from mailhitl.store.knowledge import KnowledgeIndex

    path = config.agent.data_dir / INDEX
    if not path.exists():
        return None, frozenset()
    index = KnowledgeIndex(path)
    return index, index.answers() & {number for number, _ in found.cases}


_STAYS = """What stays, and is yours to look after:
  - mails in the mailbox's folders (inbox, Sent, Drafts, Trash): search them for {address}
  - packets and notes in the reviewers' own inboxes
  - backups of the database, also the copies that migrations have made beside it
  - the log's rows without their words: when, by whom, what; and under which draft's digest
  - the customers' file and templates, if they name this person"""


def _told(store: SqlStore, found: Erasure, address: str, answers: int) -> bool:
    """Show what there is; whether there is anything."""
    if found.empty:
        before = store.erasing.forgotten(address)
        when = f" They were forgotten on {before.astimezone():%Y-%m-%d %H:%M}." if before else ""
        typer.echo(f"The store holds nothing of {address}.{when}")
        return False
    _say_cases(store, found)
    for name, count in (*found.counts.items(), ("answers in the index of knowledge", answers)):
        if count:
            typer.echo(f"  {counted(count, ONE.get(name, name), name)}")
    if found.counts.get("mails to our own people"):
        typer.echo(
            "  (the store's copies of all packets and notes that were sent, whomever they were about; and those about"
        )
        typer.echo("  these cases or this address that still wait, which are not sent any more)")
    if found.busy:
        raise MailhitlError(
            f"Nothing was erased: the answer to {_cases(found.busy)} is leaving, or its copy in Sent is still to be "
            "made. Let the daemon finish that, then try again."
        )
    if found.open_cases:
        typer.echo(f"Closed first, and nothing of it is sent: {_cases(found.open_cases)}.")
    return True


def _say_cases(store: SqlStore, found: Erasure) -> None:
    from mailhitl.cli.show import plain

    typer.secho(counted(len(found.cases), "case"), bold=True)
    for number, subject in found.cases[:LISTED]:
        state = store.cases.get(number).state
        typer.echo(f"  case {number}, {state}: {plain(subject)}")
    if len(found.cases) > LISTED:
        typer.echo(f"  … and {len(found.cases) - LISTED} more")


def _erase(store: SqlStore, found: Erasure, address: str) -> None:
    from mailhitl.cli import login

    for number in found.open_cases:
        _close(store, number)
    store.erasing.forget(address, login.by(), datetime.now(UTC))


def _close(store: SqlStore, number: int) -> None:
    """Raises StaleCase when the daemon moves it at the same moment: then nothing is erased, and one tries again."""
    from mailhitl.cli import login
    from mailhitl.decision import Channel, Decision

    case = store.cases.get(number)
    for event in CLOSING.get(case.state, ()):
        why = "closed because the customer is to be forgotten; nothing is sent"
        now, proof = datetime.now(UTC), login.proof()
        decision = Decision(event, login.by(), Channel.CLI, why, now, code="forgotten", proof=proof)
        case = store.cases.move(case, event, decision)


def _cases(numbers: tuple[int, ...]) -> str:
    return f"{'case' if len(numbers) == 1 else 'cases'} {', '.join(map(str, numbers[:LISTED]))}"
