"""What decides now, in one line of the log: the program, the config with its rules, the templates, the model."""

from __future__ import annotations

import hashlib

from mailhitl import __version__
from mailhitl.config.schema import Config
from mailhitl.templating import folders


def versions_of(config: Config) -> str:
    """Like ``mailhitl 1.0, config 3f…, rules 77…, templates 9a…, model openai:…``. The rules and the gates stand in the
    config file; a hash of their own tells whether a change of the file was one of them."""
    parts = [f"mailhitl {__version__}", f"config {config.fingerprint}", f"rules {_rules(config)}"]
    parts.append(f"templates {_templates(config)}")
    if config.llm:
        parts.append(f"model {config.llm.model}")
    return ", ".join(parts)


def _rules(config: Config) -> str:
    return hashlib.sha256(repr((config.rule, config.review.gates_off)).encode()).hexdigest()[:12]


def _templates(config: Config) -> str:
    """A short hash of every template that can be used, the admin's and the package's."""
    digest = hashlib.sha256()
    for folder in folders(config.agent.templates):
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            digest.update(f"{path.relative_to(folder)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]
