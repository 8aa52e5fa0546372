"""``triage``: what it learns from, how good it is, and what it makes of a mail."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailhitl.cli.show import Json
from mailhitl.plural import counted

if TYPE_CHECKING:
    from mailhitl.config.schema import Config
    from mailhitl.drafting.learned import Labelled


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(
        help="What mails want: what it is learned from, how well, and what comes of one.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command()(show)
    group.command()(measure)
    group.command("try")(try_)
    app.add_typer(group, name="triage")


def show(context: typer.Context, json: Json = False) -> None:
    """Show how many examples each intent has, and whether what was learned is in use."""
    from mailhitl.cli.opening import read_config
    from mailhitl.cli.show import as_json
    from mailhitl.daemon.learning.teaching import FILE, engine, load
    from mailhitl.drafting.learned import LEAST_EACH, LEAST_EXAMPLES

    config = read_config(context.obj)
    examples = _examples(config)
    counts = Counter(intent for _, intent in examples)
    learned = load(config.agent.data_dir / FILE) if engine() else None
    if json:
        as_json({"examples": dict(counts), "learned": learned.version if learned else None, "engine": engine()})
        return
    for intent in config.intent:
        few = f"  needs {LEAST_EACH} to be learned" if counts[intent.name] < LEAST_EACH else ""
        typer.echo(f"{counts[intent.name]:6}  {intent.name}{few}")
    typer.echo(f"{len(examples):6}  in all; {LEAST_EXAMPLES} are needed")
    typer.echo(f"Learned triage {learned.version} is in use." if learned else "The words of the intents decide.")
    if not engine():
        typer.echo("scikit-learn is not installed: pip install 'mailhitl[triage]'")


def measure(
    context: typer.Context, folds: Annotated[int, typer.Option(min=2, help="How often to learn anew.")] = 10
) -> None:
    """Measure by cross-validation how good the learned triage is on your own examples."""
    from rich.console import Console
    from rich.progress import Progress

    from mailhitl.cli.opening import read_config
    from mailhitl.drafting.learned import TooFewExamples
    from mailhitl.drafting.measured import PRECISION, Tried, cross_validate
    from mailhitl.drafting.measured import measure as reckon

    examples = _examples(read_config(context.obj))
    _need_extra()
    tried: list[Tried] = []
    folds = min(folds, *Counter(intent for _, intent in examples).values()) if examples else folds
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("learning", total=max(folds, 2))
        try:
            tried.extend(cross_validate(examples, folds=max(folds, 2), heard=lambda: bar.advance(task)))
        except TooFewExamples as few:
            typer.echo(f"Cannot be measured: {few}.", err=True)
            raise typer.Exit(1) from None
    figures = reckon(tried)
    typer.echo(f"{counted(figures.n, 'example')}, each tried by a triage that had not seen it ({folds} folds)")
    typer.echo(f"{figures.accuracy:.1%} right")
    typer.echo(
        f"{figures.coverage:.1%} can be acted on with {PRECISION:.0%} right (confidence {figures.sure:.2f} or more)"
    )
    typer.echo(f"{figures.calibration:.3f} expected calibration error")
    for (meant, guessed), count in Counter((t.intent, t.guess.intent) for t in tried if not t.right).most_common(5):
        typer.echo(f"{count:6}  {meant} taken for {guessed}")


def try_(
    context: typer.Context,
    mail: Annotated[Path, typer.Argument(metavar="MAIL", help="A mail as a file (.eml).", exists=True, dir_okay=False)],
) -> None:
    """Show what triage makes of a mail in a file."""
    from mailhitl.cli.opening import read_config
    from mailhitl.daemon.drafts.wiring import classifier
    from mailhitl.mail.parse import parse

    found = classifier(read_config(context.obj)).triage(parse(mail.read_bytes()))
    typer.echo(f"{found.intent or 'none of these'} ({found.confidence:.2f}): {found.why}")


def taught(config: Config) -> str:
    """Have triage learn, and say what came of it."""
    from mailhitl.daemon.drafts.wiring import embedder
    from mailhitl.daemon.learning.teaching import FILE, engine, from_config, learn
    from mailhitl.drafting.learned import TooFewExamples
    from mailhitl.errors import ModelFailure

    if not engine():
        return (
            "Triage: scikit-learn is not installed (pip install 'mailhitl[triage]'); the words of the intents decide."
        )
    ours, theirs = from_config(config), _decided(config)
    examples, path = [*ours, *theirs], config.agent.data_dir / FILE
    private = {text for text, _ in theirs} - {text for text, _ in ours}
    try:
        anew = learn(path, examples, embedder(config), private)
    except TooFewExamples as few:
        # What was learned before may come from mails that were erased meanwhile.
        path.unlink(missing_ok=True)
        return f"Triage: {few}. The words of the intents decide."
    except ModelFailure as problem:
        return f"Triage: {problem}. What was learned before stays, else the words of the intents decide."
    return f"Triage: {'learned from' if anew else 'nothing has changed in'} {counted(len(examples), 'example')}."


def _examples(config: Config) -> list[Labelled]:
    from mailhitl.daemon.learning.teaching import from_config

    return [*from_config(config), *_decided(config)]


def _decided(config: Config) -> list[Labelled]:
    """What people's decisions teach, if the config wants that."""
    from datetime import UTC, datetime

    from mailhitl.cli.opening import has_store, opened_store
    from mailhitl.daemon.learning.teaching import from_decisions

    if not config.triage.decisions or not has_store(config):
        return []
    with opened_store(config) as store:
        return from_decisions(store, datetime.now(UTC), {intent.name for intent in config.intent})


def _need_extra() -> None:
    from mailhitl.daemon.learning.teaching import engine
    from mailhitl.errors import ConfigError

    if not engine():
        raise ConfigError(["learning needs an extra: pip install 'mailhitl[triage]'"])
