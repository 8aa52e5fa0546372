"""The drafting floor of one mailbox, from the config: triage, templates, knowledge, a language model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from mailhitl.backends.embeddings import HttpEmbedder
from mailhitl.backends.language_model import HttpModel, ModelSettings
from mailhitl.config.answering import LanguageModelConfig
from mailhitl.config.schema import Config
from mailhitl.config.secrets import resolve
from mailhitl.daemon.app import Drafting, Settings
from mailhitl.daemon.directory import Directory
from mailhitl.daemon.drafts.spending import Thrifty
from mailhitl.daemon.learning.teaching import FILE, TaughtTriage
from mailhitl.draft import KNOWLEDGE, Draft
from mailhitl.drafting import DRAFTERS
from mailhitl.drafting.findings import findings
from mailhitl.drafting.language import language_of
from mailhitl.drafting.library import Library
from mailhitl.drafting.model import ModelDrafter
from mailhitl.drafting.quoting import answer_words, with_quote
from mailhitl.drafting.template import Desk, TemplateDrafter
from mailhitl.drafting.triage import IntentExamples, WordTriage
from mailhitl.errors import ConfigError
from mailhitl.mail.message import Address, Message
from mailhitl.ports.drafter import Classifier, Drafter
from mailhitl.ports.store import Store
from mailhitl.store.knowledge import KnowledgeIndex
from mailhitl.templating import folders

#: The index of the knowledge, in the data directory.
INDEX = "knowledge.db"


def library(config: Config) -> Library:
    """Every reply template: the admin's own, then the package's."""
    return Library(folders(config.agent.templates))


def classifier(config: Config) -> Classifier:
    """What was learned, where the config wants that; the words of the intents until then."""
    words = WordTriage([IntentExamples(i.name, i.examples, i.words, i.template) for i in config.intent])
    return TaughtTriage(config.agent.data_dir / FILE, words, embedder(config)) if config.triage.learn else words


def embedder(config: Config) -> HttpEmbedder | None:
    """Who makes vectors for triage, None where the config wants none."""
    wanted = config.triage.embeddings
    if wanted is None:
        return None
    secret = wanted.api_key
    return HttpEmbedder(wanted.model, (lambda: resolve(secret, config.base)) if secret else str, wanted.base_url)


def knowledge(config: Config) -> KnowledgeIndex | None:
    """The index of what the team knows, None where the config has no knowledge."""
    return KnowledgeIndex(config.agent.data_dir / INDEX, config.knowledge.folders) if config.knowledge else None


def drafting(config: Config, settings: Settings, templates: Library, customers: Directory, store: Store) -> Drafting:
    """Join the drafting floor of one mailbox."""
    desk = Desk(
        library=templates,
        mailbox_name=settings.address.name,
        mailbox_address=settings.address.spec,
        own=settings.own,
        clock=lambda: datetime.now(UTC).astimezone(settings.timezone),
        templates={intent.name: intent.template for intent in config.intent if intent.template},
        customer=lambda spec: customers.row(Address("", spec)),
        reply_all=config.mailbox[settings.mailbox].reply_all,
    )
    writer = TemplateDrafter(desk)

    def found(draft: Draft, message: Message) -> Sequence[str]:
        passages = (line for line in draft.evidence if line.startswith(KNOWLEDGE))
        return (*writer.sources(draft), *desk.customer(message.sender.key).values(), *passages)

    return Drafting(
        classifier=classifier(config),
        drafters=_drafters(config, settings, desk, writer, store),
        skeleton=writer.skeleton,
        with_quote=with_quote,
        frame=lambda draft, body: templates.frame(draft.template, body, subject=draft.subject, language=draft.language),
        findings=lambda draft, message: findings(
            draft, message, sources=tuple(found(draft, message)), language=language_of(message.new_text)
        ),
        own_words=lambda draft, message: answer_words(draft.text, message),
        language=language_of,
        knowledge=knowledge(config),
    )


def _drafters(
    config: Config, settings: Settings, desk: Desk, writer: TemplateDrafter, store: Store
) -> tuple[Drafter, ...]:
    templates = tuple(make(desk) for make in DRAFTERS.values())
    if config.llm is None:
        return templates
    paid = Thrifty(
        model(config, config.llm),
        store,
        config.llm.spend_per_day,
        lambda: datetime.now(UTC).astimezone(settings.timezone),
    )
    written = ModelDrafter(paid, writer.skeleton, style_of(config))
    return (written, *templates) if config.llm.prefer == "model" else (*templates, written)


def style_of(config: Config) -> str:
    """The team's tone, "" where the config names no file. Raises ConfigError."""
    path = config.llm.style if config.llm else None
    try:
        return path.read_text(encoding="utf-8") if path else ""
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError([f"{path}: llm.style cannot be read: {why}"]) from None


def model(config: Config, llm: LanguageModelConfig) -> HttpModel:
    """The client of the language model; asks for the key at every call."""
    secret = llm.api_key
    return HttpModel(
        ModelSettings(
            name=llm.model,
            api_key=(lambda: resolve(secret, config.base)) if secret else str,
            base_url=llm.base_url,
            deadline=llm.deadline.total_seconds(),
            prices=(llm.price_in, llm.price_out) if llm.price_in or llm.price_out else None,
        )
    )
