"""Files of knowledge that have changed are read again."""

from __future__ import annotations

from datetime import timedelta

import structlog

from mailhitl.daemon.app import App

log = structlog.get_logger(__name__)

#: How often the folders are looked at.
LOOK = timedelta(seconds=30)


def run_once(app: App) -> int:
    """Look at the folders now and then; what was read counts as no work that another round should follow."""
    knowledge = app.drafting.knowledge
    if knowledge is None or app.now() < app.looked.get("knowledge", app.now()):
        return 0
    app.looked["knowledge"] = app.now() + LOOK
    if changed := knowledge.refresh():
        log.info("knowledge read", files=changed)
    return 0
