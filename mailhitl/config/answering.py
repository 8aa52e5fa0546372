"""Tables for what answers are made of: triage, knowledge, a language model."""

from __future__ import annotations

from typing import Literal

from mailhitl.config.secrets import Secret
from mailhitl.config.table import Table, key, needed
from mailhitl.config.values import Amount, AnchoredPath, Count, Duration, Switch, Word


class Embeddings(Table):
    """Vectors from a server that speaks OpenAI's /v1/embeddings: triage then also knows other words for the same."""

    model: Word = needed("The model's name at the server.")
    base_url: str | None = key(None, "Where the server listens; left out: OpenAI.")
    api_key: Secret | None = key(None, "Where the key is to be had.")


class Triage(Table):
    """How it is found out what a customer wants."""

    learn: Switch = key(
        True,
        "Learn from the intents' examples and from approved answers, where the extra triage is installed and there are "
        "enough of both (`mailhitl triage show`); else the intents' words decide.",
    )
    csv: AnchoredPath | None = key(None, "More examples: a CSV file with the columns text and intent.")
    decisions: Switch = key(True, "Learn from mails whose drafted answer was approved.")
    embeddings: Embeddings | None = key(
        None, "Vectors as one more thing to learn from; the mails' words go to that server."
    )


class Knowledge(Table):
    """What the agent may look up, shown to reviewers beside the draft."""

    folders: tuple[AnchoredPath, ...] = needed("Folders with Markdown or text files.")
    answers: Switch = key(True, "Also answers that people approved before, without names, numbers and addresses.")


class LanguageModelConfig(Table):
    """Optional; without it templates draft alone. What it writes never leaves unread unless the gate `model` is off."""

    model: Word = needed('"openai:gpt-…", "anthropic:claude-…", or the model\'s name at the server of base_url.')
    base_url: str | None = key(None, "Where an OpenAI-compatible server listens (Ollama, vLLM, llama.cpp).")
    api_key: Secret | None = key(None, "Where the key is to be had.")
    prefer: Literal["template", "model"] = key(
        "template", 'Who drafts first: "template" (the model where none fits) or "model" (a template where it fails).'
    )
    style: AnchoredPath | None = key(None, "A text file that tells the model the team's tone and house style.")
    deadline: Duration = key("30s", "Overall time for one draft.")
    at_once: Count = key(4, "How many drafts are written at a time.", ge=1, le=64)
    spend_per_day: Amount = key(5.0, "Stop using it for the day after this much money (US dollars).")
    price_in: Amount = key(0.0, "US dollars for a million tokens read; 0: the public price list.")
    price_out: Amount = key(0.0, "US dollars for a million tokens written; 0: the public price list.")
