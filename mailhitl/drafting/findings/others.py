"""The gates ``placeholder``, ``language``, ``echo`` and ``hidden``: what is wrong with the words, not what they say."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailhitl.drafting.findings.answer import Answer
from mailhitl.drafting.language import language_of, several_languages
from mailhitl.drafting.placeholders import placeholders
from mailhitl.mail.lookalike import visible

_WORD = re.compile(r"\w+")


def placeholder(answer: Answer) -> Iterable[str]:
    """The draft has a gap that nobody filled: ``[Name]``, ``{{ order }}``, ``TODO``, ``____``.

    No approval overrules this gate: the text was never meant to be sent like that.
    """
    return placeholders(answer.own.shown)


def language(answer: Answer) -> Iterable[str]:
    """The draft is in another language than the customer's mail, or in several, where it can be told.

    What the draft is said to be in counts only where its words say nothing: nobody is told two things of one text.
    """
    text = answer.own.shown
    several, spoken = several_languages(text), language_of(text)
    if several:
        spoken = f"partly {' and partly '.join(several)}"
    elif not spoken and not any(unread_language(answer)):
        spoken = answer.draft.language
    if answer.language and spoken and spoken != answer.language:
        yield f"the customer writes {answer.language}, the answer is {spoken}"


def unread_language(answer: Answer) -> Iterable[str]:
    """A draft that no person and no template wrote is in a language that the gates cannot read: their words are English
    and German. Nobody would notice what it promises.

    Short drafts, of fewer than eight words, do not count. A template is its author's own words in whatever language.
    """
    author = answer.draft.author
    if not author.startswith("drafter:") or author == "drafter:template":
        return
    text = answer.own.shown
    several = several_languages(text)
    # Of a text in several languages every paragraph is looked at: behind two that are read a third may not be.
    for piece in text.split("\n\n") if several else (text,):
        spoken = language_of(piece)
        if spoken not in READ and (spoken or _is_long(piece)):
            partly = "partly " if several else ""
            yield f"the answer is {partly}{spoken or 'neither English nor German'}"
            return


#: The languages that the words of the gates are in.
READ = frozenset({"en", "de"})
FEW_WORDS = 8
#: Scripts without spaces between words: so many of their letters say as much.
FEW_LETTERS = 16


def _is_long(text: str) -> bool:
    unspaced = sum(char >= "\u2e80" for char in text)
    return unspaced >= FEW_LETTERS or len(_WORD.findall(text)) >= FEW_WORDS


def echo(answer: Answer) -> Iterable[str]:
    """An automatic answer repeats words that only the sender chose: subject, name, order number. Whoever writes to us
    in another's name could have us send them anything.

    A person's edit may repeat them, and to a reviewer this gate says nothing.
    """
    if not answer.draft.author.startswith("drafter:"):
        return
    message = answer.message
    theirs = _vocabulary(message.subject, message.text, *(sender.name for sender in message.senders))
    ours = _vocabulary(*answer.sources)
    said = [word for word in _WORD.findall(answer.own.shown.casefold()) if word in theirs and word not in ours]
    if said:
        yield " ".join(dict.fromkeys(said))


def hidden(answer: Answer) -> Iterable[str]:
    """The mail's HTML holds words that no reader sees: white on white, ``display:none``, no size, off the screen, tag
    characters. They are no part of what the agent reads; somebody may have meant them for a machine.
    """
    return answer.message.hidden


def _vocabulary(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in _WORD.findall(visible(text).casefold()))
