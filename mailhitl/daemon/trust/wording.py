"""What a rule lets out: the intents that it is about and the words of their templates, as one short hash.

Evidence is about words. A rule whose template was written anew has earned nothing with them yet.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import replace

from mailhitl.case import Outcome
from mailhitl.config.rules import read_rules
from mailhitl.config.schema import Config, IntentConfig, RuleConfig
from mailhitl.drafting.library import Library
from mailhitl.rules.rule import Rule
from mailhitl.templating import folders


def rules_of(config: Config, library: Library | None = None) -> tuple[Rule, ...]:
    """Return the rules in the order of the file; those that send know the hash of what they let out."""
    rules = read_rules(config)
    if not any(rule.then is Outcome.SEND for rule in rules):
        return rules
    library = library or Library(folders(config.agent.templates))
    return tuple(
        replace(rule, words=_words(config, library, each)) if rule.then is Outcome.SEND else rule
        for rule, each in zip(rules, config.rule, strict=True)
    )


def _words(config: Config, library: Library, each: RuleConfig) -> str:
    named = _named(each)
    intents = [intent for intent in config.intent if named is None or intent.name in named]
    about = [[intent.name, sorted(intent.examples), sorted(intent.words), intent.template] for intent in intents]
    spelled = json.dumps([sorted(about), sorted(_templates(library, intents, everything=named is None))])
    return hashlib.sha256(spelled.encode()).hexdigest()[:12]


def _named(each: RuleConfig) -> Collection[str] | None:
    """The intents that its conditions name for sure, None where it may answer any."""
    wanted = each.when.get("intent")
    if isinstance(wanted, str):
        return (wanted,)
    names = [name for name in wanted if isinstance(name, str)] if isinstance(wanted, list | tuple) else []
    return names or None


def _templates(library: Library, intents: Collection[IntentConfig], *, everything: bool) -> Iterator[list[str]]:
    """Name, language and words; where lines break and how far they are indented changes nothing."""
    used = {intent.template or library.answering(intent.name) for intent in intents}
    for template in library.templates():
        if everything or template.name in used:
            yield [template.name, template.language, " ".join(template.source.split())]
