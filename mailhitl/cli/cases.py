"""``cases``: what came in, where it stands, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailhitl.case import Event, State
from mailhitl.cli.behind import Intent, Rule, Since, WeekName, What
from mailhitl.cli.show import Json
from mailhitl.cli.usage import unknown
from mailhitl.errors import MailhitlError

if TYPE_CHECKING:
    from mailhitl.case import Case
    from mailhitl.config.schema import Config
    from mailhitl.store import SqlStore

CaseId = Annotated[int, typer.Argument(metavar="CASE", help="The case's number, as in `cases list`.", min=1)]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="What came in, where it stands, and why.", no_args_is_help=True, rich_markup_mode=None)
    group.command("list")(list_cases)
    group.command("show")(show)
    group.command("retry")(retry)
    app.add_typer(group, name="cases")


def list_cases(
    context: typer.Context,
    state: Annotated[
        list[State] | None,
        typer.Option(
            metavar="STATE", help=f"Only cases in this state ({', '.join(State)}); may be given several times."
        ),
    ] = None,
    mailbox: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this mailbox; may be given several times.")
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=10_000, help="At most so many.")] = 50,
    what: What = "",
    since: Since = "",
    week: WeekName = "",
    rule: Rule = "",
    intent: Intent = "",
    json: Json = False,
) -> None:
    """List the newest cases; with --what, --since, --week, --rule or --intent those behind a figure of `stats`."""
    from mailhitl.cli.behind import behind
    from mailhitl.cli.opening import mailboxes, opened_store, read_config
    from mailhitl.cli.show import as_json, as_table

    config = read_config(context.obj)
    names = mailboxes(config, mailbox or ())
    with opened_store(config) as store:
        if what or since or week or rule or intent:
            found = behind(config, store, what, since, week, {"rule": rule, "intent": intent}, limit)
            found = [case for case in found if case.mailbox in names and case.state in (state or State)]
        else:
            found = [case for name in names for case in _newest(store, name, state or (), limit)]
    found = sorted(found, key=lambda case: case.id, reverse=True)[:limit]
    if json:
        as_json([_row(case) for case in found])
        return
    hidden = {"verdict", *(("mailbox",) if len(config.mailbox) == 1 else ())}
    rows = [{name: value for name, value in _row(case).items() if name not in hidden} for case in found]
    as_table(rows, _none(config, rule, intent))


def _none(config: Config, rule: str, intent: str) -> str:
    """What is said when there are no such cases: maybe a name was mistyped. An earlier config may have had it."""
    asked = (
        (rule, [each.name for each in config.rule], "rule"),
        (intent, [each.name for each in config.intent], "intent"),
    )
    for name, known, what in asked:
        if name and name not in known:
            return f"There are no such cases, and {unknown(name, known, f'{config.source} has no {what}')}"
    return "There are no such cases."


def show(
    context: typer.Context,
    case: CaseId,
    words: Annotated[
        bool, typer.Option("--words", help="Also every version's words, and what each has changed.")
    ] = False,
    json: Json = False,
) -> None:
    """Show one case: every decision with who, how and why, every draft's author, every delivery, what came back."""
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.cli.show import as_json
    from mailhitl.cli.versions import versions
    from mailhitl.mail.text import plain as tame

    with opened_store(read_config(context.obj)) as store:
        found = _case(store, case)
        about = {**_row(found), **_standing(store, found)}
        history, sends, since = _history(store, found), _deliveries(store, found), _afterwards(store, found)
        written = versions(store, found) if words else []
    if json:
        more = {"versions": written} if words else {}
        as_json({**about, "history": history, "deliveries": sends, "afterwards": since, **more})
        return
    _print(about, history, sends)
    _print_afterwards(since)
    for version in written:
        typer.echo(f"\nversion {version['version']} by {version['author']}\n{tame(version['diff'])}")


def retry(context: typer.Context, case: CaseId) -> None:
    """Take up again a case that was set aside (shunted)."""
    from mailhitl.cli import login
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.decision import Channel, Decision

    with opened_store(read_config(context.obj)) as store:
        found = _case(store, case)
        if found.state is not State.SHUNTED:
            raise MailhitlError(
                f"case {case} is {found.state}; only one that was set aside (shunted) is taken up again"
            )
        why, now = "taken up again", datetime.now(UTC)
        decision = Decision(Event.RETRY, login.by(), Channel.CLI, why, now, code="retry", proof=login.proof())
        store.cases.move(found, Event.RETRY, decision)
    typer.echo(f"Case {case} is received again; the daemon takes it up at its next look.")


def _case(store: SqlStore, number: int) -> Case:
    try:
        return store.cases.get(number)
    except KeyError:
        raise MailhitlError(f"there is no case {number}; which there are says: mailhitl cases list") from None


def _newest(store: SqlStore, mailbox: str, states: list[State] | tuple[()], limit: int) -> list[Case]:
    if states:
        return list(store.cases.in_state(*states, mailbox=mailbox))[-limit:]
    return list(store.cases.recent(limit=limit, mailbox=mailbox))


def _row(case: Case) -> dict[str, Any]:
    return {
        "case": case.id,
        "mailbox": case.mailbox,
        "state": str(case.state),
        "arrived": case.opened_at,
        "from": case.sender,
        "subject": case.subject,
        "verdict": str(case.outcome or ""),
    }


def _standing(store: SqlStore, case: Case) -> dict[str, Any]:
    """Its draft, and who was asked about it."""
    draft = store.cases.draft(case) if case.draft_digest else None
    return {
        "revision": case.revision,
        "written by": draft.author if draft else "",
        "to": ", ".join(draft.recipients) if draft else "",
        "asked": ", ".join(dict.fromkeys(ask.reviewer for ask in store.asks.of(case) if ask.reviewer)),
        "waits until": case.not_before,
    }


def _history(store: SqlStore, case: Case) -> list[dict[str, Any]]:
    return [
        {
            "at": row.at,
            "event": str(row.event),
            "state": str(row.to_state or ""),
            "by": row.by,
            "how": str(row.channel),
            "proof": row.proof,
            "why": row.why or row.code,
            "reasons": [{"rule": r.rule, "says": str(r.outcome), "text": r.text} for r in row.reasons],
            "revision": row.revision,
            "author": _author(store, case, row.revision),
        }
        for row in store.cases.log(case)
    ]


def _author(store: SqlStore, case: Case, revision: int) -> str:
    try:
        return store.cases.draft(case, revision).author if revision else ""
    except KeyError:
        return ""


def _deliveries(store: SqlStore, case: Case) -> list[dict[str, Any]]:
    return [
        {
            "attempt": delivery.attempt,
            "at": delivery.started_at,
            "phase": str(delivery.phase),
            "message id": delivery.message_id,
            "recipients": [{"to": r.address, "status": str(r.status), "reply": r.reply} for r in delivery.results],
        }
        for delivery in store.deliveries.of(case)
    ]


def _afterwards(store: SqlStore, case: Case) -> list[dict[str, Any]]:
    """What the journal charges to it: a bounce, a complaint, a sample's verdict, …"""
    return [
        {
            "at": entry.at,
            "what": entry.kind,
            "about": entry.subject,
            "code": entry.code,
            "by": entry.by,
            "why": entry.why,
        }
        for entry in store.journal.entries(case_id=case.id)
    ]


def _print_afterwards(entries: list[dict[str, Any]]) -> None:
    from mailhitl.cli.show import plain, say

    if entries:
        typer.secho("\nNoted besides", bold=True)
    for entry in entries:
        said = ", ".join(filter(None, (entry["about"], entry["code"], entry["why"])))
        say(f"  {plain(entry['at'])}  {plain(entry['what'])}: {plain(said)}", hanging=4)


def _print(about: dict[str, Any], history: list[dict[str, Any]], sends: list[dict[str, Any]]) -> None:
    from mailhitl.cli.show import as_list, plain, say

    as_list(f"Case {about.pop('case')}: {about.pop('state')}", about)
    typer.secho("\nWhat happened", bold=True)
    before: dict[str, Any] = {}
    for row in history:
        draft = f", draft {row['revision']} by {row['author']}" if row["author"] else ""
        typer.echo(f"  {plain(row['at'])}  {row['event']} → {row['state']}{plain(draft)}")
        say(f"    by {plain(row['by'])} ({plain(', '.join(filter(None, (row['how'], row['proof']))))})", hanging=6)
        for line in _grounds(row, before):
            say(f"    {plain(line)}", hanging=6)
        before = row
    typer.secho("\nDeliveries" if sends else "\nNothing was handed over yet.", bold=bool(sends))
    for send in sends:
        typer.echo(f"  {plain(send['at'])}  attempt {send['attempt']}, as far as: {send['phase']}")
        for one in send["recipients"]:
            say(f"    {plain(one['to'])}: {one['status']}, {plain(one['reply'])}", hanging=6)


def _grounds(row: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """Why, and every reason that was not there already at the step before."""
    reasons = [each for each in row["reasons"] if each not in before.get("reasons", ())]
    # What a rule decides has the words of its reasons as its why.
    why = [] if row["why"] == "; ".join(each["text"] for each in row["reasons"]) else [row["why"]]
    return why + [f"{each['rule']} says {each['says']}: {each['text']}" for each in reasons]
