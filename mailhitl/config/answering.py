"""Tables for what answers are made of: triage, knowledge, a language model."""

from __future__ import annotations

from mailhitl.config.secrets import Secret
from mailhitl.config.table import Table, key, needed
from mailhitl.config.values import Amount, AnchoredPath, Duration, Switch, Word


class Triage(Table):
    """How it is found out what a customer wants."""

    learn: Switch = key(
        True,
        "Learn from the intents' examples and from approved answers, where the extra triage is installed and there are "
        "enough of both (`mailhitl triage show`); else the intents' words decide.",
    )
    csv: AnchoredPath | None = key(None, "More examples: a CSV file with the columns text and intent.")
    decisions: Switch = key(True, "Learn from mails whose drafted answer was approved.")


class Knowledge(Table):
    """What the agent may look up, shown to reviewers beside the draft."""

    folders: tuple[AnchoredPath, ...] = needed("Folders with Markdown or text files.")
    answers: Switch = key(True, "Also answers that people approved before, without names, numbers and addresses.")


class LanguageModelConfig(Table):
    """Optional; without it templates draft alone."""

    model: Word = needed('Provider and model, like "openai:gpt-…", or any OpenAI-compatible server\'s model.')
    base_url: str | None = key(None, "Where an OpenAI-compatible server listens.")
    api_key: Secret | None = key(None, "Where the key is to be had.")
    deadline: Duration = key("30s", "Overall time for one draft.")
    spend_per_day: Amount = key(5.0, "Stop using it for the day after this much money.")
