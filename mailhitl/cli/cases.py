"""``cases``: what came in, where it stands, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from mailhitl.errors import MailhitlError


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="What came in, where it stands, and why.", no_args_is_help=True)
    group.command("list")(list_cases)
    group.command("show")(show)
    group.command("retry")(retry)
    app.add_typer(group, name="cases")


def list_cases(
    context: typer.Context,
    state: Annotated[
        list[str] | None, typer.Option(help="Only cases in this state; may be given several times.")
    ] = None,
    mailbox: Annotated[str, typer.Option(help="Only this mailbox.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List the newest cases."""
    from mailhitl.case import State
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.cli.show import as_json, as_table

    unknown = [word for word in state or [] if word not in set(State)]
    if unknown:
        raise MailhitlError(f"there is no state “{unknown[0]}”; the states are: {', '.join(State)}")
    with opened_store(read_config(context.obj)) as store:
        if state:
            wanted = [State(word) for word in state]
            found = list(store.cases.in_state(*wanted, mailbox=mailbox or None))[::-1][:limit]
        else:
            found = list(store.cases.recent(limit=limit, mailbox=mailbox or None))
    rows = [
        {
            "case": case.id,
            "mailbox": case.mailbox,
            "state": str(case.state),
            "since": case.opened_at,
            "from": case.sender,
            "subject": case.subject,
            "verdict": str(case.outcome or ""),
        }
        for case in found
    ]
    if json:
        as_json(rows)
    else:
        as_table("", rows, "There are no such cases.")


def show(context: typer.Context, case: int, json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Show one case: every decision with who, how and why, every draft's author, every delivery."""
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.cli.show import as_json, as_table

    with opened_store(read_config(context.obj)) as store:
        try:
            found = store.cases.get(case)
        except KeyError:
            raise MailhitlError(f"there is no case {case}") from None
        log = store.cases.log(found)
        deliveries = store.deliveries.of(found)
        draft = store.cases.draft(found) if found.draft_digest else None
    history = [
        {
            "when": row.at,
            "what": str(row.event),
            "to": str(row.to_state or ""),
            "by": row.by,
            "how": f"{row.channel} {row.proof}".strip(),
            "why": row.why or row.code,
        }
        for row in log
    ]
    sends: list[dict[str, Any]] = [
        {"attempt": d.attempt, "when": d.started_at, "recipient": r.address, "status": str(r.status), "reply": r.reply}
        for d in deliveries
        for r in d.results
    ]
    about = {
        "case": found.id,
        "state": str(found.state),
        "from": found.sender,
        "subject": found.subject,
        "verdict": str(found.outcome or ""),
        "revision": found.revision,
        "written by": draft.author if draft else "",
        "to": ", ".join(draft.recipients) if draft else "",
    }
    if json:
        as_json({**about, "history": history, "deliveries": sends})
        return
    as_table("", [about], "")
    as_table("\nWhat happened", history, "nothing yet")
    as_table("\nDeliveries", sends, "\nNothing was handed over yet.")


def retry(context: typer.Context, case: int) -> None:
    """Take a case that was set aside up again."""
    import getpass

    from mailhitl.case import Event
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.decision import Channel, Decision

    with opened_store(read_config(context.obj)) as store:
        try:
            found = store.cases.get(case)
        except KeyError:
            raise MailhitlError(f"there is no case {case}") from None
        decision = Decision(Event.RETRY, getpass.getuser(), Channel.CLI, "retry", datetime.now(UTC), code="retry")
        store.cases.move(found, Event.RETRY, decision)
    typer.echo(f"Case {case} is received again; the daemon takes it up at its next look.")
