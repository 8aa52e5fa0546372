"""What is generated from the schema: config.example.toml, the JSON Schema and the reference.

``python -m mailhitl.config.example --write`` refreshes all of them; a test keeps them equal.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mailhitl.config.complaints import model_at
from mailhitl.config.reference import conditions_page, config_page, gates_page
from mailhitl.config.schema import Config
from mailhitl.rules.conditions.match import spelled

WIDTH = 110

HEADER = """\
The config file of mailhitl: the admin's whole interface. Every key is explained in docs/reference/config.md, every
condition in docs/reference/conditions.md. What is switched off by a # in front shows its default or a sample.
`mailhitl check` reads the file and tells every mistake at once.
"""

#: What stands in the example without a # in front. All else is shown with its default.
LIVE: dict[str, Any] = {
    "agent": {"timezone": "Europe/Berlin", "data_dir": "var", "templates": "templates"},
    "store": {"url": "sqlite:///var/mailhitl.db"},
    "mailbox": {
        "support": {
            "address": "support@example.com",
            "name": "Example Support",
            "aliases": ["help@example.com"],
            "start": "now",
            "imap": {
                "host": "imap.example.com",
                "username": "support@example.com",
                "password": {"env": "SUPPORT_PASSWORD"},
            },
            "smtp": {
                "host": "smtp.example.com",
                "username": "support@example.com",
                "password": {"env": "SUPPORT_PASSWORD"},
            },
        }
    },
    "reviewer": [
        {"name": "Anna", "address": "anna@example.com", "groups": ["support", "billing"]},
        {"name": "Ben", "address": "ben@example.com", "groups": ["support", "billing"]},
    ],
    "review": {
        "notify": "reviewers",
        "reply_approval": "authenticated",
        "trusted_authserv": ["mx.example.com"],
        "grace": "60s",
        "office_hours": "Mon-Fri 09:00-17:00",
    },
    "rule": [
        {
            "name": "Refunds and credits",
            "why": "Money leaves the company.",
            "when": {"intent": ["refund", "billing"]},
            "then": "review",
            "reviewers": "billing",
        },
        {
            "name": "Large refunds need two pairs of eyes",
            "when": {"intent": "refund", "amount": {"over": 500}},
            "then": "review",
            "reviewers": "billing",
            "approvals": 2,
            "named": True,
        },
        {
            "name": "Opening hours answer themselves",
            "when": {"intent": "opening-hours", "confidence": {"at_least": 0.9}, "findings": "none"},
            "then": "send",
            "undo": "5m",
            "sample": 0.05,
        },
        {
            "name": "Legal threats are for people",
            "when": {"any": [{"text": {"contains": ["lawyer", "court"]}}, {"sender": {"domain": "lawfirm.example"}}]},
            "then": "block",
        },
    ],
    "intent": [
        {
            "name": "opening-hours",
            "examples": ["When are you open?", "Seid ihr am Sonntag da?"],
            "words": ["open", "hours", "Öffnungszeiten"],
            "template": "opening-hours",
        },
        {
            "name": "refund",
            "examples": ["I want my money back.", "Ich möchte mein Geld zurück."],
            "words": ["refund", "money back", "Rückerstattung"],
        },
        {
            "name": "billing",
            "examples": ["There is a mistake on my invoice.", "Meine Rechnung stimmt nicht."],
            "words": ["invoice", "Rechnung"],
        },
    ],
}

#: What stands behind a # where there is no default to show.
SAMPLES: dict[tuple[str, ...], Any] = {
    ("mailbox", "support", "oauth"): {"client_id": "00000000-0000-0000-0000-000000000000"},
    ("store", "password"): {"env": "DATABASE_PASSWORD"},
    ("review", "worklist_at"): "08:30",
    ("reviewer", "absent"): ["2026-12-20 to 2027-01-03"],
    ("reviewer", "substitute"): "Ben",
    ("customers", "csv"): "customers.csv",
    ("customers", "sql"): "SELECT address, tier FROM customers",
    ("customers", "url"): "postgresql://reader@localhost/shop",
    ("customers", "password"): {"env": "CUSTOMERS_PASSWORD"},
    ("triage", "csv"): "examples.csv",
    ("triage", "embeddings"): {"model": "nomic-embed-text", "base_url": "http://localhost:11434/v1"},
    ("knowledge", "folders"): ["knowledge"],
    ("llm", "model"): "openai:gpt-5-mini",
    ("llm", "base_url"): "http://localhost:11434/v1",
    ("llm", "api_key"): {"env": "LLM_KEY"},
    ("llm", "style"): "style.txt",
    ("digest", "to"): ["manager@example.com"],
    ("digest", "signoff"): "lead",
    ("alarm", "command"): "notify-admin",
    ("alarm", "smtp"): {"host": "smtp.other.example", "username": "watch", "password": {"env": "ALARM_PASSWORD"}},
    ("alarm", "sender"): "watch@other.example",
    ("alarm", "to"): ["admin@other.example"],
}

Place = tuple[str, ...]


def example() -> str:
    """Return the example file: it loads as it stands, but for the passwords."""
    parts = ["".join(f"# {line}\n" for line in HEADER.splitlines())]
    for name, field in Config.model_fields.items():
        parts += _section(name, field)
    return "\n".join(parts)


def schema_json() -> str:
    """Return the JSON Schema of the file, for editors."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Config.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _section(name: str, field: FieldInfo) -> Iterator[str]:
    """Yield one text per table of a top-level name."""
    live = LIVE.get(name, {})
    if name == "mailbox":
        yield from (_table(f"[mailbox.{box}]", ("mailbox", box), values) for box, values in live.items())
    elif isinstance(live, list):
        yield from (_table(f"[[{name}]]", (name,), each, first=each is live[0]) for each in live)
    elif live:
        yield _table(f"[{name}]", (name,), live)
    else:
        table = _table(f"[{name}]", (name,), {})
        yield "".join(line if line.startswith("#") else f"#{line}" for line in table.splitlines(keepends=True))


def _table(header: str, place: Place, values: dict[str, Any], *, first: bool = True) -> str:
    """Write a table: the first of its kind with every key and comment, the others only with what they set."""
    model = model_at((*place, 0) if header.startswith("[[") else place)
    if not first or model is None:
        return "".join([f"{header}\n", *(f"{name} = {spelled(value)}\n" for name, value in values.items())])
    about = " ".join((model.__doc__ or "").split("\n\n")[0].split())
    return "".join([_comment(about), f"{header}\n", *_keys(model, place, values)])


def _keys(model: type[BaseModel], place: Place, values: dict[str, Any]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = model_at((*place, name))
        if inner and name in INNER and (*place, name) not in SAMPLES:
            yield from _inner(name, inner, values.get(name, {}))
        else:
            yield _key(name, field, (*place, name), values)


#: Tables within tables that are written as one inline table, with their keys listed in the reference.
INNER = ("caps", "folders", "imap", "smtp")


def _inner(name: str, model: type[BaseModel], values: dict[str, Any]) -> Iterator[str]:
    defaults = {key: field.default for key, field in model.model_fields.items() if _has_default(field)}
    yield _comment(" ".join((model.__doc__ or "").split()))
    if name in ("imap", "smtp"):
        port, security = model.ports["tls"], "tls"  # type: ignore[attr-defined]
        yield f"{name} = {spelled({'host': values['host'], 'port': port, 'security': security, **values})}\n"
    else:
        yield f"#{name} = {spelled(defaults)}\n"


def _key(name: str, field: FieldInfo, place: Place, values: dict[str, Any]) -> str:
    comment = _comment(field.description or "")
    if name in values:
        return f"{comment}{name} = {spelled(values[name])}\n"
    shown = SAMPLES.get(place, list(field.default) if isinstance(field.default, tuple) else field.default)
    return f"{comment}#{name} = {spelled(shown)}\n"


def _has_default(field: FieldInfo) -> bool:
    return not field.is_required() and field.default is not None


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in textwrap.wrap(text, WIDTH, break_on_hyphens=False))


def written(root: Path) -> dict[Path, str]:
    """Return what each generated file must hold. ``root`` is the repository."""
    reference = root / "docs" / "reference"
    return {
        root / "config.example.toml": example(),
        reference / "config.schema.json": schema_json(),
        reference / "config.md": config_page(),
        reference / "conditions.md": conditions_page(),
        reference / "gates.md": gates_page(),
    }


def main(arguments: list[str]) -> int:
    """Write the files, or print the example."""
    if "--write" not in arguments:
        sys.stdout.write(example())
        return 0
    for path, text in written(Path(__file__).resolve().parents[2]).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
