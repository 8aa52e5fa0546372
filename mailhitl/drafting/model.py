"""Drafts by a language model: it writes the body, and every other part of the mail comes from code.

Recipients and subject are those of any answer, greeting and closing those of the skeleton template. What a sentence
claims and no source says is marked for the reviewer (``support``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from mailhitl.draft import DOUBT, KNOWLEDGE, QUESTION, RESTS, Draft, sendable
from mailhitl.drafting.language import language_of
from mailhitl.drafting.placeholders import placeholders
from mailhitl.drafting.prompt import PROMPT_VERSION, order_for
from mailhitl.drafting.support import unsupported
from mailhitl.errors import ModelFailure
from mailhitl.mail.message import Message
from mailhitl.mail.text import one_line
from mailhitl.ports.drafter import NOTHING, Context, Triage
from mailhitl.ports.knowledge import Snippet
from mailhitl.ports.model import Model, Sentence, Written

#: A body beyond this is no answer to a customer.
LONGEST = 6_000
MOST_QUESTIONS = 5


@dataclass(frozen=True, slots=True)
class ModelDrafter:
    """Fulfils ``ports.drafter.Drafter``. ``skeleton`` gives greeting, gap and closing; ``style`` the house style."""

    model: Model
    skeleton: Callable[[Message], Draft]
    style: str = ""
    name: str = "model"
    slow: bool = True

    def draft(self, message: Message, triage: Triage, context: Context = NOTHING) -> Draft | None:
        """Return a draft, or None where there is nobody to answer. Raises ModelFailure or TemplateProblem."""
        frame = self.skeleton(message)
        if not frame.to:
            return None
        language = language_of(message.new_text) or frame.language
        written = self.model.write(order_for(message, context, style=self.style, language=language))
        body = _body(written)
        if not body:
            raise ModelFailure("the model wrote nothing")
        text = _filled(frame.text, body)
        return replace(
            frame,
            text=text,
            author=f"drafter:{self.name}",
            template="",
            language=language_of(body) or frame.language,
            evidence=tuple(_evidence(written, triage, message, context)),
            complete=not placeholders(text),
        )


def knowledge_line(snippet: Snippet) -> str:
    """How a draft's evidence names a passage: where it stands, and its words, for the checks that look for sources."""
    return f"{KNOWLEDGE}{snippet.place}: {snippet.text}"


def _body(written: Written) -> str:
    paragraphs = (" ".join(_words(sentence) for sentence in some) for some in written.paragraphs)
    return "\n\n".join(text for paragraph in paragraphs if (text := paragraph.strip()))[:LONGEST].strip()


def _words(sentence: Sentence) -> str:
    # A line that begins with ">" would pass for the customer's own words.
    return one_line(sendable(sentence.text), LONGEST).lstrip("> ")


def _filled(frame: str, body: str) -> str:
    for gap in placeholders(frame)[:1]:
        return frame.replace(gap, body, 1)
    raise ModelFailure("the skeleton template has no gap to write in")


def _evidence(written: Written, triage: Triage, message: Message, context: Context) -> list[str]:
    intent = f"intent {triage.intent} {triage.confidence:.2f}: {triage.why}" if triage.intent else ""
    differs = written.intent and triage.intent and written.intent != triage.intent
    thinks = f"the model reads the mail as {one_line(written.intent, 60)}" if differs else ""
    lines = [f"language model {one_line(written.model, 80)}, prompt {PROMPT_VERSION}", intent, thinks]
    lines += [knowledge_line(snippet) for snippet in context.snippets]
    sources = {f"S{number}": snippet.text for number, snippet in enumerate(context.snippets, 1)}
    sentences = [sentence for some in written.paragraphs for sentence in some]
    doubtful = list(unsupported(sentences, sources, message))
    lines += _rests([sentence for sentence in sentences if sentence.text not in doubtful], context)
    lines += [f"{DOUBT}“{one_line(text, 200)}”" for text in doubtful]
    lines += [f"{QUESTION}{one_line(question, 200)}" for question in written.questions[:MOST_QUESTIONS]]
    return [line for line in lines if line]


def _rests(sentences: Sequence[Sentence], context: Context) -> Iterator[str]:
    """Which sentence rests on which passage, as the model says; whether the passage says so is ``unsupported``'s."""
    places = {f"S{number}": snippet.place for number, snippet in enumerate(context.snippets, 1)}
    for sentence in sentences:
        if named := [places[name] for name in dict.fromkeys(sentence.sources) if name in places]:
            yield f"{RESTS}“{one_line(sentence.text, 60)}” rests on {', '.join(named)}"
