"""A language model over HTTP, by pydantic-ai: OpenAI, Anthropic, and whatever speaks OpenAI's protocol.

One call is one request: neither the SDK nor pydantic-ai tries again by itself, and one deadline is over all of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import BaseModel, Field

from mailhitl.errors import ModelFailure
from mailhitl.ports.model import Order, Sentence, Written

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from openai import AsyncOpenAI
    from pydantic_ai.models import Model as ClientModel
    from pydantic_ai.usage import RunUsage

log = structlog.get_logger(__name__)

#: Tokens of one answer: a reply to a customer is a page at most.
MOST_TOKENS = 2_000


class SentenceOut(BaseModel):
    """One sentence of the reply."""

    text: str = Field(max_length=2_000)
    sources: list[str] = Field(default=[], description="Ids of the blocks that say this: S1, S2, …, M.", max_length=10)


class ParagraphOut(BaseModel):
    """A paragraph of the reply."""

    sentences: list[SentenceOut] = Field(max_length=30)


class ReplyOut(BaseModel):
    """The body of a reply to the customer."""

    paragraphs: list[ParagraphOut] = Field(min_length=1, max_length=20)
    intent: str = Field(default="", description="What the customer wants, in a word or two.", max_length=100)
    language: str = Field(default="", description="ISO 639-1 code of the reply's language.", max_length=20)
    questions: list[str] = Field(
        default=[], description="What you would have to know; only your colleague reads it.", max_length=10
    )


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """``name`` is ``anthropic:model``, ``openai:model``, or any model of a server that speaks OpenAI's protocol.

    ``api_key`` is asked at every call, ``deadline`` is in seconds. ``prices`` are US dollars for a million tokens, in
    and out; None: the public price list, and nothing for a model that is not on it.
    """

    name: str
    api_key: Callable[[], str]
    base_url: str | None = None
    deadline: float = 30.0
    prices: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class HttpModel:
    """Fulfils ``ports.model.Model``."""

    settings: ModelSettings

    @property
    def name(self) -> str:
        return self.settings.name

    def write(self, order: Order) -> Written:
        """Ask once. Raises ModelFailure."""
        # Importing a provider's SDK takes seconds on a busy machine, and is not the model's time.
        client = self._client()
        try:
            return asyncio.run(asyncio.wait_for(self._ask(order, *client), self.settings.deadline))
        except TimeoutError:
            raise ModelFailure(f"no answer within {self.settings.deadline:g} seconds") from None

    async def _ask(
        self, order: Order, provider: str, sdk: AsyncOpenAI | AsyncAnthropic, client: ClientModel
    ) -> Written:
        from pydantic_ai import Agent
        from pydantic_ai.exceptions import AgentRunError, ModelHTTPError, UnexpectedModelBehavior, UserError

        logging.getLogger("httpx").setLevel(logging.WARNING)
        agent = Agent(client, output_type=ReplyOut, instructions=order.instructions, retries=0)
        try:
            async with sdk:
                run = await agent.run(order.material, model_settings={"max_tokens": MOST_TOKENS})
        except ModelHTTPError as error:
            # The body may repeat what was asked.
            raise ModelFailure(f"the model's server said {error.status_code}") from None
        except UnexpectedModelBehavior:
            raise ModelFailure(
                "the model's answer was refused, cut off or not in the form that was asked for"
            ) from None
        except (AgentRunError, UserError, OSError, ValueError) as error:
            raise ModelFailure(f"the model could not be asked ({type(error).__name__})") from None
        return _written(run.output, self.name, self._cost(provider, run.usage))

    def _client(self) -> tuple[str, AsyncOpenAI | AsyncAnthropic, ClientModel]:
        """The provider's name, its SDK without retries of its own, and the model through it."""
        provider, _, model = self.settings.name.partition(":")
        if provider == "anthropic":
            return (provider, *self._anthropic(model))
        return ("openai", *self._openai(model if provider == "openai" else self.settings.name))

    def _openai(self, model: str) -> tuple[AsyncOpenAI, ClientModel]:
        from openai import AsyncOpenAI
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        # A server of one's own may want no key; the SDK insists on one.
        key = self.settings.api_key() or "none"
        sdk = AsyncOpenAI(api_key=key, base_url=self.settings.base_url, max_retries=0)
        return sdk, OpenAIChatModel(model, provider=OpenAIProvider(openai_client=sdk))

    def _anthropic(self, model: str) -> tuple[AsyncAnthropic, ClientModel]:
        from anthropic import AsyncAnthropic
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        sdk = AsyncAnthropic(api_key=self.settings.api_key(), base_url=self.settings.base_url, max_retries=0)
        return sdk, AnthropicModel(model, provider=AnthropicProvider(anthropic_client=sdk))

    def _cost(self, provider: str, usage: RunUsage) -> float:
        if self.settings.prices is not None:
            into, out = self.settings.prices
            return (usage.input_tokens * into + usage.output_tokens * out) / 1_000_000
        from genai_prices import Usage, calc_price

        tokens = Usage(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)
        try:
            price = calc_price(tokens, model_ref=self.settings.name.rpartition(":")[2], provider_id=provider)
        except LookupError:
            return 0.0
        return float(price.total_price)


def _written(out: ReplyOut, name: str, cost: float) -> Written:
    paragraphs: Any = (
        tuple(Sentence(one.text, tuple(one.sources)) for one in paragraph.sentences) for paragraph in out.paragraphs
    )
    return Written(tuple(paragraphs), out.intent, out.language, tuple(out.questions), name, cost)
