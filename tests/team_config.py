"""The team that most tests are about, as an admin writes it: two reviewers, and what customers ask for.

Pieces of a config file, to be put behind a mailbox. Tests spell out what they are about; this is the rest.
"""

from __future__ import annotations

ANNA = """
[[reviewer]]
name = "Anna"
address = "anna@example.com"
groups = ["support"]
"""

BEN = """
[[reviewer]]
name = "Ben"
address = "ben@example.com"
groups = ["billing"]
"""

ASKS_WHEN = """
[[intent]]
name = "opening-hours"
examples = ["When are you open?", "What are your opening hours?"]
words = ["open", "hours"]
template = "opening-hours"
"""

ASKS_FOR_MONEY = """
[[intent]]
name = "refund"
examples = ["I want my money back", "Please refund my order"]
words = ["refund", "money back"]
template = "refund-received"
"""

REFUNDS = """
[[rule]]
name = "Refunds and credits"
why = "Money leaves the company."
when = { intent = "refund" }
then = "review"
reviewers = "support"
"""
