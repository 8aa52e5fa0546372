"""A number with its noun, as people read it."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """Return ``1 mail``, ``2 mails`` or ``1,000 mails``; ``many`` where an s at the end does not make the plural."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
