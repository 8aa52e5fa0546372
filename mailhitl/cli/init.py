"""``init``: a config by asking. `check` accepts it, comments say what can be changed, and it holds no secret."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import available_timezones

import typer

from mailhitl.cli.providers import PROVIDERS, Provider, provider
from mailhitl.config.account import is_loopback
from mailhitl.config.hours import office_hours
from mailhitl.config.values import addr_spec, zone
from mailhitl.errors import ConfigError
from mailhitl.rules.conditions.match import spelled

GROUP = "support"
#: What follows from a port: RFC 8314 for TLS from the start, else STARTTLS.
TLS_PORTS = frozenset({"993", "465"})

WAYS = {
    "env": "the environment variable's name",
    "command": "the command that prints it",
    "file": "the file that holds it",
}


@dataclass(frozen=True, slots=True)
class Answers:
    """What was asked. Servers are ``host:port``, ``password`` is way and place, reviewers are (name, address)."""

    address: str
    name: str
    imap: str
    imap_user: str
    smtp: str
    smtp_user: str
    password: tuple[str, str]
    reviewers: tuple[tuple[str, str], ...]
    timezone: str
    office_hours: str

    @property
    def provider(self) -> Provider:
        return provider(self.address.rpartition("@")[2])


def ask() -> Answers:
    """Ask on the terminal; what cannot be right is asked again. Works with answers piped in, one per line."""
    address = _ask("The shared mailbox's address", read=addr_spec)
    local, _, domain = address.rpartition("@")
    guess = provider(domain)
    company = "" if domain in PROVIDERS else domain.partition(".")[0]
    name = _ask("Its name, as customers see it", f"{company} {local}".strip().title())
    imap = _ask("IMAP server", guess.imap, read=lambda text: server(text, "993"))
    imap_user = _ask("IMAP login name", address)
    smtp = _ask("SMTP server", guess.smtp, read=lambda text: server(text, "465"))
    smtp_user = _ask("SMTP login name", imap_user)
    way = _ask(f"Where the password is to be had ({', '.join(WAYS)})", "env", read=_way)
    place = _ask(f"Password: {WAYS[way]}", f"{_constant(local)}_PASSWORD" if way == "env" else "", read=_place(way))
    return Answers(
        *(address, name, imap, imap_user, smtp, smtp_user, (way, place)),
        reviewers=_reviewers(domain),
        timezone=_ask("Time zone", system_timezone(), read=lambda text: zone(text).key),
        office_hours=_ask("Office hours", "Mon-Fri 09:00-17:00", read=_hours),
    )


def config_file(answers: Answers) -> str:
    """Return the file's text."""
    reviewers = "\n".join(_reviewer(name, address) for name, address in answers.reviewers) or NO_REVIEWER
    values = {
        "timezone": answers.timezone,
        "address": answers.address,
        "name": answers.name,
        "notify": "reviewers" if answers.reviewers else "folder",
        "office_hours": answers.office_hours,
        "digest_to": next((address for _, address in answers.reviewers), answers.address),
    }
    return TEMPLATE.format(
        **{name: spelled(value) for name, value in values.items()},
        mailbox=GROUP,
        imap=spelled(_server(answers.imap, answers.imap_user, answers.password)),
        smtp=spelled(_server(answers.smtp, answers.smtp_user, answers.password)),
        note=f"# {answers.provider.note}\n" if answers.provider.note else "",
        sent_copy="" if answers.provider.sent_copy else "sent_copy = false\n",
        reviewers=reviewers,
    )


def write(path: Path, text: str) -> None:
    """Write a file that only its owner may read. Raises ConfigError when there is one already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError([f"{path}: there is a file already; it was left as it is"]) from None
    except OSError as problem:
        raise ConfigError([f"{path}: cannot be written: {problem.strerror}"]) from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def next_steps(path: Path, answers: Answers) -> str:
    """Say what to do now."""
    way, place = answers.password
    have = {"env": f"export {place}=…", "command": f"try: {place}", "file": f"put it into {place} (chmod 600)"}[way]
    note = f"\nMind: {answers.provider.note}" if answers.provider.note else ""
    command = f"mailhitl --config {path}"
    return (
        f"\n{path} is written; only you may read it.{note}\n\n"
        f"What to do next:\n"
        f"  1. the password:     {have}\n"
        f"  2. {command} check    reads the file, offline\n"
        f"  3. {command} doctor   logs in, makes the folders, says what is missing\n"
        f"  4. {command} run      starts; nothing is sent that nobody has approved"
    )


def server(text: str, usual_port: str) -> str:
    """Read ``host`` or ``host:port``. Raises ValueError."""
    host, _, port = text.strip().partition(":")
    port = port or usual_port
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", host) or not re.fullmatch(r"[0-9]{1,5}", port):
        raise ValueError(f'must be a server like "imap.example.com" or "imap.example.com:{usual_port}"')
    return f"{host}:{port}"


def system_timezone() -> str:
    """This machine's time zone, as far as it can be told."""
    link = Path("/etc/localtime")
    guesses = [os.environ.get("TZ", "").removeprefix(":")]
    if link.is_symlink():
        guesses.append(str(link.readlink()).partition("zoneinfo/")[2])
    if (file := Path("/etc/timezone")).is_file():
        guesses.append(file.read_text("utf-8", "replace").strip())
    known = available_timezones()
    found = next((guess for guess in guesses if guess in known), "UTC")
    return "UTC" if found in ("Etc/UTC", "UCT", "Universal", "Zulu") else found


def _ask(question: str, default: str = "", *, read: Callable[[str], str] | None = None) -> str:
    def value(text: str) -> str:
        try:
            return read(text.strip()) if read else text.strip()
        except ValueError as problem:
            raise typer.BadParameter(str(problem)) from None

    return str(typer.prompt(question, default=default or None, value_proc=value))


def _way(text: str) -> str:
    if text not in WAYS:
        raise ValueError(f"must be one of: {', '.join(WAYS)}")
    return text


def _place(way: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if way == "env" and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", text):
            raise ValueError("must be the name of an environment variable, like SUPPORT_PASSWORD; not the password")
        return text

    return read


def _hours(text: str) -> str:
    office_hours(text)
    return text


def _reviewers(domain: str) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    while True:
        question = f"A reviewer's address, like anna@{domain}" if not found else "One more reviewer's address"
        address = str(
            typer.prompt(f"{question} (empty: no more)", default="", show_default=False, value_proc=_optional)
        )
        if not address:
            return tuple((name, address) for address, name in found.items())
        found[address] = _ask("The reviewer's name", address.partition("@")[0].title(), read=_new_name(found))


def _optional(text: str) -> str:
    try:
        return addr_spec(text.strip()) if text.strip() else ""
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from None


def _new_name(found: dict[str, str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.casefold() in {name.casefold() for name in found.values()}:
            raise ValueError(f"there is a reviewer {text} already")
        return text

    return read


def _constant(local: str) -> str:
    word = re.sub(r"[^A-Z0-9]+", "_", local.upper()).strip("_")
    return word if word.isidentifier() else "MAILBOX"


def _server(place: str, user: str, password: tuple[str, str]) -> dict[str, object]:
    host, _, port = place.partition(":")
    security = "none" if is_loopback(host) else "tls" if port in TLS_PORTS else "starttls"
    way, where = password
    return {"host": host, "port": int(port), "security": security, "username": user, "password": {way: where}}


def _reviewer(name: str, address: str) -> str:
    return f"[[reviewer]]\nname = {spelled(name)}\naddress = {spelled(address)}\ngroups = [{spelled(GROUP)}]\n"


NO_REVIEWER = """\
# Nobody is named: whoever may open the mailbox decides, and packets stay in it.
#[[reviewer]]
#name = "Anna"
#address = "anna@example.com"
#groups = ["support"]
"""

TEMPLATE = """\
# The config of mailhitl. Every key there is: docs/reference/config.md. After a change: mailhitl check

[agent]
timezone = {timezone}
data_dir = "var"
# Your own answers: templates/reply/opening-hours.txt.j2 and so on. What is missing there comes with mailhitl.
templates = "templates"

[mailbox.{mailbox}]
address = {address}
name = {name}
# Other addresses that deliver here:
#aliases = ["help@example.com"]
# Only what arrives from now on is answered; "unanswered 2 days" takes up older mail too.
start = "now"
{note}imap = {imap}
smtp = {smtp}
{sent_copy}
{reviewers}
[review]
# "reviewers": packets are mailed to the people above; "folder": they stay in the mailbox.
notify = {notify}
# The name your own mail server signs its Authentication-Results with. It vouches for senders: without it nobody can
# approve by answering a mail, and no rule sends without a person. Moving drafts always works.
#trusted_authserv = ["mx.example.com"]
# How long a move to Approve can be taken back.
grace = "60s"
office_hours = {office_hours}

# Every rule is tried and the strictest wins, so that a new rule can only make the agent more careful.
[[rule]]
name = "Everything is looked at"
why = "The agent is new here."
when = {{}}
then = "review"

# Take the # away and this rule says in every packet what it would have sent. Nothing leaves without a person until
# "Everything is looked at" is removed, so watch it for a while first.
#[[rule]]
#name = "Opening hours answer themselves"
#why = "The answer is the same for everybody."
#when = {{ intent = "opening-hours", confidence = {{ at_least = 0.9 }}, findings = "none" }}
#then = "send"
#undo = "5m"
#sample = 0.05

# What customers want, in their own words. Each has an answer that comes with mailhitl; add your own.
[[intent]]
name = "opening-hours"
examples = ["When are you open?", "Are you open on Sunday?", "Wann haben Sie geöffnet?"]
words = ["open", "opening hours", "Öffnungszeiten"]
template = "opening-hours"

[[intent]]
name = "order-status"
examples = ["Where is my order?", "When will my parcel arrive?", "Wo bleibt meine Bestellung?"]
words = ["parcel", "delivery", "Lieferung"]
template = "order-status"

[[intent]]
name = "refund"
examples = ["I want my money back.", "Please refund my order.", "Ich möchte mein Geld zurück."]
words = ["refund", "money back", "Rückerstattung"]
template = "refund-received"

[[intent]]
name = "complaint"
examples = ["I am very unhappy with your service.", "The product arrived broken.", "Ich bin sehr unzufrieden."]
words = ["complaint", "broken", "Beschwerde"]
template = "complaint-received"

# Worth switching on soon; take the # away. Further tables: docs/reference/config.md
# Where it is told that the mailbox itself fails: a program that reads the alarm from its standard input.
#[alarm]
#command = "notify-admin"

# The weekly report.
#[digest]
#to = [{digest_to}]

# Erase customers' words after a while; the log and its figures stay.
#[retention]
#bodies = "180d"
"""
