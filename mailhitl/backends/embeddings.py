"""Vectors of texts from a server that speaks OpenAI's ``/v1/embeddings``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailhitl.errors import ModelFailure

#: Seconds for one request. Triage waits for it, so it is short.
DEADLINE = 10.0


@dataclass(frozen=True, slots=True)
class HttpEmbedder:
    """Fulfils ``ports.model.Embedder``. ``api_key`` is asked at every call."""

    name: str
    api_key: Callable[[], str]
    base_url: str | None = None

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        from openai import OpenAI, OpenAIError

        try:
            with OpenAI(
                api_key=self.api_key() or "none", base_url=self.base_url, max_retries=0, timeout=DEADLINE
            ) as client:
                made = client.embeddings.create(model=self.name, input=list(texts), encoding_format="float")
        except (OpenAIError, OSError, ValueError) as error:
            raise ModelFailure(f"no vectors were given ({type(error).__name__})") from None
        rows = [list(one.embedding) for one in sorted(made.data, key=lambda one: one.index)]
        if len(rows) != len(texts) or len({len(row) for row in rows}) > 1:
            raise ModelFailure("the server gave other vectors than it was asked for")
        return rows
