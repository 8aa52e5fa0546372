"""``demo``: a whole support team in one process."""

from __future__ import annotations

from typing import Annotated

import typer

from mailhitl.errors import MailhitlError


def add_to(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    story: Annotated[
        bool, typer.Option("--story", help="Play the reviewers too, check every outcome, and end.")
    ] = False,
    minutes: Annotated[float, typer.Option(help="When the demo ends by itself, in minutes.", min=0.1)] = 60.0,
) -> None:
    """Start mail servers, customers and the agent here, and let you be the reviewer."""
    try:
        from mailhitl.demo.show import play
    except ModuleNotFoundError as missing:
        raise MailhitlError(
            f"the demo needs its extra ({missing.name} is missing): pip install 'mailhitl[demo]'"
        ) from None
    raise typer.Exit(play(story=story, minutes=minutes))
