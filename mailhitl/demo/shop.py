"""The shop of the demo: its people, its rules and its config file, as an admin would have written it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mailhitl.templating import folders

DOMAIN = "shop.test"
SUPPORT = f"support@{DOMAIN}"
#: Everybody's, and printed on the screen: nothing here can be reached from another machine.
PASSWORD = "demo"  # noqa: S105
#: Who can log in: the shared mailbox and the people who review.
USERS = dict.fromkeys(("support", "anna", "ben", "clara"), PASSWORD)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things wait, as the config writes it: a person needs seconds, a played reviewer hardly any."""

    grace: str = "3s"
    settle: str = "5s"
    undo: str = "20s"
    poll: str = "2s"


LEISURELY = Pace()
BRISK = Pace(grace="1s", settle="1s", undo="3s", poll="1s")


def write_config(folder: Path, imap_port: int, smtp_port: int, pace: Pace) -> Path:
    """Write the shop's config and its customer directory into this folder; return the config's path."""
    (folder / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    path = folder / "config.toml"
    server = f'host = "127.0.0.1", security = "none", username = "support", password = "{PASSWORD}"'
    templates = next(place / "demo" for place in folders() if (place / "demo").is_dir())
    text = CONFIG.format(
        domain=DOMAIN,
        templates=templates,
        imap=f"{{ port = {imap_port}, {server} }}",
        smtp=f"{{ port = {smtp_port}, {server} }}",
        grace=pace.grace,
        settle=pace.settle,
        undo=pace.undo,
        poll=pace.poll,
    )
    path.write_text(text, encoding="utf-8")
    return path


CUSTOMERS = """\
address,tier,high_value
wilhelmina@langholm.test,gold,yes
jonas@lindqvist.test,silver,no
"""

CONFIG = """\
[agent]
timezone = "Europe/Berlin"
templates = '{templates}'
allow_plain_secrets = true  # a demo's, known to everybody

[store]
url = "sqlite:///mailhitl.db"

[mailbox.support]
address = "support@{domain}"
name = "Example Shop"
imap = {imap}
smtp = {smtp}
poll = "{poll}"

[[reviewer]]
name = "Anna"
address = "anna@{domain}"
groups = ["billing", "support"]

[[reviewer]]
name = "Ben"
address = "ben@{domain}"
groups = ["billing", "support"]

[[reviewer]]
name = "Clara"
address = "clara@{domain}"
groups = ["team-lead"]

[review]
trusted_authserv = ["mx.{domain}"]
grace = "{grace}"
settle = "{settle}"

[customers]
csv = "customers.csv"

[[rule]]
name = "Refunds and credits"
why = "Money leaves the company."
when = {{ intent = "refund" }}
then = "review"
reviewers = "billing"

[[rule]]
name = "Large refunds need two pairs of eyes"
why = "More than 500 € is at stake, so two people sign with their names."
when = {{ intent = "refund", amount = {{ over = 500 }} }}
then = "review"
reviewers = "billing"
approvals = 2
named = true

[[rule]]
name = "Complaints are read by a person"
why = "Somebody is unhappy with us."
when = {{ intent = "complaint" }}
then = "review"
reviewers = "support"

[[rule]]
name = "Opening hours answer themselves"
why = "The answer is the same for everybody."
when = {{ intent = "opening-hours", confidence = {{ at_least = 0.8 }}, findings = "none" }}
then = "send"
undo = "{undo}"

[[rule]]
name = "Thanks answer themselves"
why = "A kind word needs no review."
when = {{ intent = "thanks", confidence = {{ at_least = 0.8 }}, findings = "none" }}
then = "send"

[[rule]]
name = "Legal threats are for people"
why = "Somebody speaks of a lawyer or a court: a person answers."
when = {{ text = {{ regex = '(?i)\\b(lawyer|attorney|lawsuit|court|Anwalt|Rechtsanwalt|Gericht|Klage)\\b' }} }}
then = "block"

[[rule]]
name = "Somebody talks to the machine"
why = "The mail tells a machine what to do."
when = {{ text = {{ contains = ["ignore all previous", "ignore your instructions", "system prompt", "as an ai"] }} }}
then = "review"

[[intent]]
name = "opening-hours"
examples = [
  "When are you open?",
  "What are your opening hours?",
  "Are you open on Saturday?",
  "How long are you open today?",
  "Wann haben Sie geöffnet?",
  "Seid ihr am Samstag da?",
  "Wie sind Ihre Öffnungszeiten?",
]
words = ["open", "opening hours", "geöffnet", "Öffnungszeiten"]
template = "opening-hours"

[[intent]]
name = "refund"
examples = [
  "I want my money back.",
  "Please refund my order.",
  "I sent the parcel back and am waiting for my refund.",
  "Ich möchte mein Geld zurück.",
  "Bitte erstatten Sie mir den Betrag.",
]
words = ["refund", "money back", "Rückerstattung", "erstatten", "Geld zurück"]
template = "refund-received"

[[intent]]
name = "order-status"
examples = [
  "Where is my order?",
  "When will my parcel arrive?",
  "My order has not arrived yet.",
  "Wo ist meine Bestellung?",
  "Wann kommt mein Paket an?",
]
words = ["parcel", "delivery", "tracking", "Paket", "Lieferung", "Sendung"]
template = "order-status"

[[intent]]
name = "complaint"
examples = [
  "I am very disappointed with your service.",
  "The lamp arrived broken and nobody answers.",
  "This is unacceptable.",
  "Ich bin sehr enttäuscht von Ihrem Service.",
  "Die Ware ist beschädigt angekommen.",
]
words = ["complaint", "disappointed", "unacceptable", "broken", "Beschwerde", "enttäuscht", "beschädigt"]
template = "complaint-received"

[[intent]]
name = "password"
examples = ["I can't log in.", "I forgot my password.", "Ich habe mein Passwort vergessen."]
words = ["password", "log in", "Passwort", "einloggen"]
template = "password-reset"

[[intent]]
name = "thanks"
examples = [
  "Thank you so much, everything arrived in time!",
  "Thanks for the great service!",
  "I just wanted to say thank you.",
  "Vielen Dank für die schnelle Lieferung!",
  "Danke, alles bestens!",
]
words = ["great service", "everything is perfect", "alles bestens", "super Service"]
template = "thanks"
"""
