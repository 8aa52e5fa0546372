"""``rules evidence``, ``promote`` and ``demote``: what speaks for each rule that sends, and how far it is trusted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailhitl.cli.show import Json
from mailhitl.cli.usage import unknown
from mailhitl.errors import MailhitlError
from mailhitl.rules.rule import Level

if TYPE_CHECKING:
    from mailhitl.daemon.trust.proposals import Evidence
    from mailhitl.ports.journal import Entry

Name = Annotated[str, typer.Argument(metavar="RULE", help="The rule's name.")]
Why = Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the journal.")]


def add_to(group: typer.Typer) -> None:
    group.command()(evidence)
    group.command()(promote)
    group.command()(demote)


def evidence(context: typer.Context, json: Json = False) -> None:
    """Show where each rule that sends stands, what became of its answers, and what that has earned it."""
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.cli.show import as_json, as_list
    from mailhitl.daemon.trust import proposals
    from mailhitl.daemon.trust.wording import rules_of

    config = read_config(context.obj)
    with opened_store(config) as store:
        found = proposals.evidence(store, rules_of(config))
    if json:
        as_json([_row(each) for each in found])
        return
    if not found:
        typer.echo("No rule sends anything.")
    for each in found:
        as_list(each.rule.name, _in_words(each))


def _row(each: Evidence) -> dict[str, Any]:
    from mailhitl.daemon.trust.proposals import thresholds
    from mailhitl.insight.evidence import Fate
    from mailhitl.insight.interval import wilson

    counted = each.record.last(thresholds(each.rule).over)
    lower, upper = wilson(counted.good, len(counted.decided))
    step = each.place.step
    return {
        "rule": each.rule.name,
        "level": str(each.place.level),
        "level in the file": str(each.rule.level),
        "since": each.place.since,
        "demoted": step.why if step and each.place.demoted else "",
        "rewritten": each.place.rewritten,
        "hits": len(each.record.fates),
        **{str(fate): each.record[fate] for fate in Fate},
        "decided": len(counted.decided),
        "good": counted.good,
        "lower": round(lower, 4),
        "upper": round(upper, 4),
        "proposed": str(each.next) if each.proposal else "",
    }


#: Why a rule stands lower than it was promoted to.
REWRITTEN = "its template or intent has changed since it was promoted: one level lower, evidence counts anew"


def _in_words(each: Evidence) -> dict[str, Any]:
    from mailhitl.daemon.trust.proposals import thresholds
    from mailhitl.insight.evidence import Fate

    row, wanted = _row(each), thresholds(each.rule)
    fates = ", ".join(f"{row[fate]} {fate}" for fate in Fate if row[fate])
    share = f"{row['good']} of {row['decided']} right as they stood" if row["decided"] else "nobody has decided yet"
    bounds = f": {row['lower']:.0%} to {row['upper']:.0%}, for all that chance can do" if row["decided"] else ""
    asked = f"at least {wanted.share:.0%}, nothing refused among the last {wanted.clean}"
    proposed = f"{row['proposed']}: mailhitl rules promote “{each.rule.name}”"
    return {
        "level": f"{row['level']} (in the file: {row['level in the file']})",
        "since": row["since"],
        "demoted": row["demoted"],
        "new words": REWRITTEN if each.place.rewritten else "",
        "answers": fates or "none yet",
        "decisions": f"{share}{bounds}",
        "asked for": asked if each.next else "",
        "proposed": proposed if row["proposed"] else "",
    }


def promote(
    context: typer.Context,
    rule: Name,
    to: Annotated[Level | None, typer.Option(help="The level; else the next one.")] = None,
    why: Why = "",
) -> None:
    """Let a rule stand on a higher level, also after it was demoted. It counts until the file says another level."""
    _move(context, rule, to, why, up=True)


def demote(
    context: typer.Context,
    rule: Name,
    to: Annotated[Level, typer.Option(help="The level.")] = Level.REVIEW,
    why: Why = "",
) -> None:
    """Take a rule down; it counts until somebody promotes it, whatever the file says."""
    _move(context, rule, to, why, up=False)


def _move(context: typer.Context, name: str, to: Level | None, why: str, *, up: bool) -> None:
    from mailhitl.cli.opening import opened_store, read_config
    from mailhitl.daemon.trust import autonomy, proposals
    from mailhitl.daemon.trust.wording import rules_of

    config = read_config(context.obj)
    rules = rules_of(config)
    with opened_store(config) as store:
        found = next((each for each in proposals.evidence(store, rules) if each.rule.name == name), None)
        if found is None:
            known = [each.rule.name for each in proposals.evidence(store, rules)]
            raise typer.BadParameter(unknown(name, known, "no rule that sends is called"), param_hint="RULE")
        target = to or found.next
        if target is None or (target.rank - found.place.level.rank) * (1 if up else -1) <= 0:
            raise MailhitlError(_no_step(found, target, up=up))
        step = autonomy.promote if up else autonomy.demote
        step(store, found.rule, target, _said(why, proposed=found.proposal is not None))
    typer.echo(f"“{name}” stands on “{target}” now. {proposals.MEANS[target]}")


def _no_step(found: Evidence, target: Level | None, *, up: bool) -> str:
    stands, other = f"“{found.rule.name}” stands on “{found.place.level}”", "demote" if up else "promote"
    if target is None or target is found.place.level:
        return f"{stands} already"
    return f"{stands}, and “{target}” is {'lower' if up else 'higher'}: mailhitl rules {other}"


def _said(why: str, *, proposed: bool) -> Entry:
    from mailhitl.cli import login
    from mailhitl.decision import Channel
    from mailhitl.ports.journal import Entry

    code = "proposed" if proposed else "by hand"
    return Entry("", login.by(), Channel.CLI, datetime.now(UTC), why=why, code=code, proof=login.proof())
