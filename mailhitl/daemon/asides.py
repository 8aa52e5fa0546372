"""What a reviewer says that decides nothing: leave me alone for a while, write it anew, tell me what I can do."""

from __future__ import annotations

from dataclasses import replace

from mailhitl.case import Case, State
from mailhitl.daemon import decide, packets
from mailhitl.daemon.app import App
from mailhitl.daemon.decide import Result, Wish
from mailhitl.daemon.drafts import redrafting
from mailhitl.drafting.redaction import without_secrets
from mailhitl.mail.text import one_line
from mailhitl.review.packet import Choice
from mailhitl.review.reminders import SNOOZE
from mailhitl.review.snooze import snoozed_until

UNCLEAR = "I did not find a clear decision on the first line of your answer, so nothing was done."
LATER = Choice("snooze 2h", "be reminded later; the draft stays where it is")


def choices(app: App, case: Case, because: str = "") -> Result:
    """Say what can be answered to this case, and why that is said now."""
    if case.state is not State.HELD:
        return decide.too_late(app, case)
    lines = [f"  “{choice.word}” to {choice.meaning}" for choice in (*packets.packet_of(app, case).choices, LATER)]
    return Result(False, "\n".join([f"{because} Start your answer with one of these:".strip(), *lines]))


def snooze(app: App, case: Case, wish: Wish, said: str) -> Result:
    """Pause reminders and escalation. The log keeps the reviewer's own words; until when follows from them."""
    if case.state is not State.HELD:
        return decide.too_late(app, case)
    until = snoozed_until(said, app.now(), app.settings.timezone, app.office_after)
    if until is None:
        return Result(False, "Nothing was done: say for how long, like “snooze 2h”, “snooze until tomorrow”.")
    zone = app.settings.timezone
    ends = (case.held_at or case.opened_at) + app.settings.expire_after
    closes = f"{ends.astimezone(zone):%a %d %b, %H:%M}"
    if not app.now() < until < ends:
        return Result(False, f"Nothing was done: without a decision this case is closed on {closes} and never sent.")
    text = (
        f"Snoozed: nobody is reminded of this case before {until.astimezone(zone):%a %d %b, %H:%M}. The draft stays "
        f"where it is. Without a decision the case is closed on {closes} and nothing is sent."
    )
    return decide.snooze(app, case, replace(wish, code=SNOOZE, why=said), text)


def redraft(app: App, case: Case, wish: Wish, instruction: str) -> Result:
    """Have the language model write another draft. The log keeps what was asked; ``redrafting`` does it."""
    if case.state is not State.HELD:
        return decide.too_late(app, case)
    if redrafting.writer(app) is None:
        return Result(False, NO_MODEL)
    said = one_line(without_secrets(instruction), 1_000)
    if not said:
        return Result(False, "Nothing was done: say what to change, like “redraft: shorter, and mention the warranty”.")
    text = "Another draft is being written; you will be asked about it when it is there."
    return decide.snooze(app, case, replace(wish, code=redrafting.REDRAFT, why=said), text)


NO_MODEL = (
    "Nothing was done: no language model is set up here, so the answer can't be written anew for you. Write your own "
    "text after “edit:”, or edit the draft in the folder."
)
