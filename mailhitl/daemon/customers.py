"""The customer directory is kept fresh, and an outage is told."""

from __future__ import annotations

from mailhitl.daemon import alerts
from mailhitl.daemon.app import App


def run_once(app: App) -> int:
    """Look whether the directory can be read; say once, for each outage, that it can't."""
    app.customers.refresh()
    if app.customers.failing_since is not None:
        held = "" if app.customers.known else " Until it can be read once, nothing is sent without a person."
        alerts.raise_alert(
            app,
            key=f"customers:{app.customers.failing_since.isoformat()}",
            subject="the customer directory cannot be read",
            text=f"{app.customers.problem}\n\nThe rows that were read last still count.{held}",
        )
    return 0
