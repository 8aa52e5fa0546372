"""The client of a language model, over HTTP, against a server that speaks the real protocols."""

from __future__ import annotations

import pytest

from mailhitl.backends.embeddings import HttpEmbedder
from mailhitl.backends.language_model import HttpModel, ModelSettings
from mailhitl.errors import ModelFailure
from mailhitl.ports.model import Order
from tests.model_server import ModelServer, serving

ORDER = Order("Write a reply. language: en", "M: where is my parcel, and SECRET-WORDS")


def model(server: ModelServer, protocol: str, *, deadline: float = 20.0) -> HttpModel:
    names = {"openai": ("openai:gpt-4o-mini", server.url), "own": ("llama3", server.url)}
    name, url = names.get(protocol, ("anthropic:claude-of-the-tests", server.anthropic_url))
    return HttpModel(ModelSettings(name, lambda: "key-1", url, deadline))


@pytest.mark.parametrize("protocol", ["openai", "own", "anthropic"])
def test_a_model_writes_sentences_with_their_sources(protocol: str) -> None:
    with serving() as server:
        written = model(server, protocol).write(ORDER)
    assert [[one.text for one in some] for some in written.paragraphs] == [
        ["We have passed your question on to our team."]
    ]
    assert written.paragraphs[0][0].sources == ("M",)
    assert (written.intent, written.language, written.questions) == ("question", "en", ("Which product is it?",))
    asked = server.text_of(server.asked[0][1])
    assert "Write a reply" in asked
    assert "where is my parcel" in asked


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
@pytest.mark.parametrize("mode", ["429", "500", "refusal", "cut", "badjson", "empty", "huge"])
def test_an_answer_that_is_no_use_is_a_failure_after_one_request(protocol: str, mode: str) -> None:
    with serving(mode) as server, pytest.raises(ModelFailure) as failure:
        model(server, protocol).write(ORDER)
    assert len(server.asked) == 1
    assert "SECRET-WORDS" not in str(failure.value)
    assert failure.value.__cause__ is None


@pytest.mark.parametrize("mode", ["slow", "drip"])
@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_one_deadline_is_over_the_whole_call(protocol: str, mode: str) -> None:
    with serving(mode) as server, pytest.raises(ModelFailure, match=r"within 0\.5 seconds"):
        model(server, protocol, deadline=0.5).write(ORDER)


def test_a_server_that_is_away_is_a_failure_told_without_the_order() -> None:
    with serving() as server:
        gone = model(server, "own")
    with pytest.raises(ModelFailure) as failure:
        gone.write(ORDER)
    assert "SECRET-WORDS" not in str(failure.value)


def test_fields_that_a_model_makes_up_are_dropped() -> None:
    with serving("hostile") as server:
        written = model(server, "own").write(ORDER)
    assert not {"to", "headers", "verdict"} & set(dir(written))


def test_what_a_call_costs_is_reckoned_from_the_price_list_or_the_config() -> None:
    with serving() as server:
        assert model(server, "openai").write(ORDER).cost == pytest.approx(0.00021)
        assert model(server, "own").write(ORDER).cost == 0.0
        priced = ModelSettings("llama3", lambda: "", server.url, prices=(1.0, 10.0))
        assert HttpModel(priced).write(ORDER).cost == pytest.approx(0.002)


def test_vectors_come_one_for_each_text_and_a_failure_is_told() -> None:
    with serving() as server:
        embedder = HttpEmbedder("nomic", lambda: "key-1", server.url)
        vectors = embedder.embed(["where is my parcel", "my parcel", "opening hours"])
        assert [len(row) for row in vectors] == [64, 64, 64]
        server.mode = "500"
        with pytest.raises(ModelFailure, match="no vectors"):
            embedder.embed(["SECRET-WORDS"])
