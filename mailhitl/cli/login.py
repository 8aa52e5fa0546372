"""Whose hand is on the command line: the login, which is all that vouches for it."""

from __future__ import annotations

import getpass
import platform


def by() -> str:
    """Who the log says it was."""
    return f"{getpass.getuser()} on the command line"


def proof() -> str:
    """What vouches for that."""
    return f"login on {platform.node() or 'this machine'}"
