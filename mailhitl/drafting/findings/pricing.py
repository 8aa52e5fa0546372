"""The gate ``pricing``: prices, discounts, and what costs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailhitl.drafting.findings.answer import Answer
from mailhitl.drafting.findings.topic import Topic, pattern
from mailhitl.mail.lookalike import letters, visible

_SHARE = r"\d{1,3}(?:[.,]\d{1,2})? ?(?:%|percent\b|per cent\b|prozent\b)"

PRICING = Topic(
    says=(
        r"deduct(?:ed|ion)\b|(?:a|one) (?:half|third|quarter|fifth|tenth) (?:off|less|is deducted)\b",
        r"complimentary\b|free upgrade\w*|code is [a-z]{3,}\d{1,3}\b|bonus\b|no charge\b",
        r"(?:good|special|better|best) deal\b",
        r"abgezogen\b|geschenkt\b|kostet\b|aufpreis\w*|zuzahlung\w*",
        r"(?:drittel|viertel|fünftel|zehntel|hälfte) (?:günstiger|billiger|weniger|abgezogen)\b",
        r"(?:ein|das) angebot (?:machen|unterbreiten|mache)\w*|bonus\b",
        r"prices?\b|priced\b|pricing\b|price (?:match|reduction|cut)\w*|surcharges?\b",
        r"(?:shipping|delivery|service) fees?\b",
        r"discount(?:s|ed|ing)?\b|rebates?\b|vouchers?\b|coupons?\b|promo(?:tion|tional)? codes?\b",
        r"special (?:offer|rate)s?\b",
        r"sale price\b|free of charge\b|for free\b|free (?:shipping|delivery|gift|sample|trial|return)s?\b",
        r"on the house\b",
        r"(?:no|without) (?:any )?(?:extra|additional|further) (?:cost|charge|fee)s?\b",
        r"at no (?:extra )?(?:cost|charge)\b",
        r"waiv(?:e|es|ed|ing)\b|costs? (?:you )?(?:less|more|nothing|only|just)\b|cheaper\b",
        r"charge (?:you )?(?:nothing|extra)\b",
        rf"{_SHARE} (?:off|discount|less|cheaper|rabatt|nachlass|günstiger|billiger|weniger|reduction|skonto)",
        r"(?:fee|fees|tariff|tariffs) (?:is|are|goes|go|will|of)\b|subscription (?:fee|price)\w*|half (?:the )?price\b",
        r"preise?s?\b|preisen\b|preisnachl\w+|preissenk\w*|preiserhöh\w*|\w+preise?\b|\w*rabatt\w*|\w*nachlass\b",
        r"skonto\b",
        r"sonderangebot\w*|sonderpreis\w*|sondertarif\w*|(?:gutschein|aktions|rabatt)codes?\b|kostenlos\w*",
        r"kostenfrei\w*",
        r"gratis\b|umsonst\b|ermäßig\w*|vergünstig\w*|günstiger\b|billiger\b|(?:ohne|keine) (?:zusatz|mehr)kosten\b",
        r"(?:versand|porto|liefer)kosten (?:\w+ ){0,3}erlassen|erlassen wir\b",
        r"kostet (?:sie )?(?:nur|weniger|mehr|nichts)\b",
        r"kostet (?:\w+ ){0,6}(?:weniger|mehr|nichts|\d+)\b|berechnen wir (?:ihnen )?nichts\b",
        r"\w*gebühr(?:en)? (?:steig|sink|entf|betr)\w*",
        r"aufs haus\b|(?:\w+ ){0,2}tarif(?:e|en)? (?:steig|sink|betr|kost)\w*",
    ),
    unless=(
        r"price ?lists? (?:is|are|can be|attached|on|in)\b|preisliste\w*|preisträger\w*",
        r"not discount (?:that|the|this) (?:possibility|idea)|voucher machine\w*",
        r"umsonst (?:gewartet|gefahren|gekommen|versucht)",
        r"preisen (?:sie|wir) (?:\w+ ){1,6}an\b|nobelpreis\w*|(?:designer|kunst|film|kultur|innovations)preise?\w*",
    ),
    mail=(
        r"how much (?:is|are|does|do|would|will|for)\b|what (?:does|do|would|will) (?:\w+ ){1,5}cost\b|quotes?\b",
        r"quotation\b|price ?list\w*",
        r"was kosten?\b|wie teuer\b|wie viel kost\w*|angebot (?:für|über)\b|preisliste\w*",
    ),
)

#: What costs nothing, for everybody: where a template says so in a sentence of its own, its author has decided it.
_FREE = pattern(
    r"free of charge\b|for free\b|free (?:shipping|delivery|return)s?\b|at no (?:extra )?(?:cost|charge)\b",
    r"kostenlos\w*|kostenfrei\w*|gratis\b",
)
_BETWEEN = re.compile(r"[.!?]|\n[ \t]*\n")


def pricing(answer: Answer) -> Iterator[str]:
    """The draft names a price, a discount, a voucher or a fee, or says that something costs nothing.

    One thing is excused: a whole sentence of a template or knowledge file, word for word, that says that something is
    free of charge ("Returns are free of charge."). Whoever wrote it there has decided it for everybody.
    """
    yield from (text for text in PRICING.in_answer(answer.own) if not _standing(text, answer))


def in_mail(answer: Answer) -> Iterator[str]:
    """The customer asks for a price or a discount."""
    return PRICING.in_mail(answer.theirs)


def _standing(text: str, answer: Answer) -> bool:
    """Whether each sentence with these words, which say "free", stands in a source as it is."""
    word = letters(text)
    if not _FREE.fullmatch(word.encode()):
        return False
    known = {sentence for source in answer.sources for sentence in _sentences(visible(source))}
    return all(sentence in known for sentence in _sentences(answer.own.shown) if word in sentence)


def _sentences(text: str) -> Iterator[str]:
    """The sentences in plain letters, however their lines are wrapped."""
    return (" ".join(letters(sentence).split()) for sentence in _BETWEEN.split(text))
