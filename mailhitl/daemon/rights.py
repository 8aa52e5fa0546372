"""The rights on Approve are looked at every hour: who is no reviewer and may approve is told of, and may be refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import structlog

from mailhitl.daemon import alerts
from mailhitl.daemon.app import App
from mailhitl.errors import PermanentFailure
from mailhitl.review.rights import strangers

log = structlog.get_logger(__name__)

#: Rights seldom change, and every look asks the server once for each folder.
EVERY = timedelta(hours=1)


def run_once(app: App) -> int:
    """Look at the start and then every hour; return 0: it moves nothing."""
    looked_at, _ = app.rights.get("", (None, ()))
    if looked_at is None or app.now() >= looked_at + EVERY:
        found = dict(_found(app))
        for folder, names in found.items():
            app.rights[folder] = app.now(), names
            _tell(app, folder, names)
        app.rights[""] = app.now(), ()
    return 0


def refused(app: App, folder: str) -> str:
    """Why an approval in this folder does not count, "" when it does."""
    _, names = app.rights.get(folder, (None, ()))
    if not names or app.settings.strangers != "refuse":
        return ""
    return (
        f"Somebody who is no reviewer may put mail into {folder} ({', '.join(names)}), so a move into it approves "
        "nothing. Please answer the packet that was mailed to you, and have the folder's rights set right."
    )


def _found(app: App) -> Iterator[tuple[str, tuple[str, ...]]]:
    accounts = app.settings.own | {app.settings.login.lower()}
    for folder, owner in ((app.folders.approve, ""), *app.personal):
        try:
            rights = app.mailbox.rights(folder)
        except PermanentFailure as refusal:
            log.info("the rights on a folder are not told", folder=folder, problem=str(refusal))
            continue
        yield folder, strangers(rights, app.reviewers, accounts=accounts, owner=owner)


def _tell(app: App, folder: str, names: tuple[str, ...]) -> None:
    if not names:
        return
    who = ", ".join(names)
    log.warning("somebody who is no reviewer may approve", folder=folder, who=who)
    text = (
        f"The right to put mail into {folder} is the right to approve, and these have it: {who}. They are no "
        "reviewers. Please take it from them, or name them as reviewers."
    )
    subject = f"others than reviewers may approve in {folder}"
    alerts.raise_alert(app, key=f"rights:{folder}:{who}", subject=subject, text=text)
