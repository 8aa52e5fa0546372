"""What customers write in the crash tests that run on real servers."""

from __future__ import annotations

from tests.story.world import letter


def customers_mail(number: int) -> bytes:
    """A mail that the rules hold for a reviewer, from a customer of its own."""
    return letter(
        f"Please refund my order {4000 + number}.",
        sender=f"C{number} <c{number}@customer.test>",
        subject=f"Refund {number}",
        message_id=f"<refund-{number}@customer.test>",
    )


def customers_of(count: int) -> list[str]:
    return [f"c{number}@customer.test" for number in range(count)]
