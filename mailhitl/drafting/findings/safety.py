"""The gate ``safety``: whether something is dangerous or harmless, recalls, injuries."""

from __future__ import annotations

from collections.abc import Iterator

from mailhitl.drafting.findings.answer import Answer
from mailhitl.drafting.findings.topic import Topic

SAFETY = Topic(
    says=(
        r"nothing (?:will|can|could) happen\b",
        r"(?:gets?|become|becomes|got) (?:so |very |too |really |never |not )?hot\b|hot enough\b",
        r"set (?:anything|something|it|the \w+) (?:alight|on fire)\b|unattended\b",
        r"(?:on|burning|running) (?:all night|overnight)\b|catch fire\b",
        r"(?:da |dabei )?(?:passiert|kann|wird) (?:\w+ )?nichts (?:passieren|geschehen)\b|da passiert nichts\b",
        r"anzünden\b|unbeaufsichtigt\w*",
        r"(?:die ganze nacht|über nacht) (?:\w+ ){0,5}(?:brennen|anlassen|eingeschaltet)\b|(?:so|sehr|zu|nie) heiß\b",
        r"harm (?:you|your|the|anyone|anybody|children|people|pets)\b",
        r"(?:could|can|may|will|would) (?:not )?(?:harm|hurt|burn)\b|out of (?:the )?reach of (?:children|kids)\b",
        r"(?:suitable|fine|okay|ok) for (?:children|kids|babies|pets|toddlers)\b|fumes\b|smoke\b",
        r"leak(?:s|ed|ing|age)?\b",
        r"schaden (?:kann|könnte|können|könnten|würde)\b|schadet\b|außer reichweite\b",
        r"für (?:kinder|babys|kleinkinder|haustiere|säuglinge) (?:\w+ )?(?:geeignet|kein problem)\b|dämpfe\b",
        r"rauchentwicklung\w*|ausgelaufen\b|ausläuft\b|risik(?:o|en) (?:für|von|besteht|sind)\b",
        r"safe (?:to|for|in|near|with|even|enough)\b|(?:is|are|perfectly|completely|absolutely|totally) safe\b",
        r"safely (?:use|be used|touch|plug|wash|mix|drink|eat|connect|burn)\w*|unsafe\b",
        r"safety (?:standard|requirement|test|certificat|warning|instruction|notice|risk|issue|hazard|regulation)\w*",
        r"(?:non-?)?toxic\w*|poison(?:ous|ed|ing)?\b|hazard\w*|dangerous\w*|dangers?\b|harmless\b|harmful\b",
        r"recall(?:ed|s)\b|product recall\b|(?:a|the) recall\b|(?:in)?flammab\w+|fire ?proof\b",
        r"fire (?:hazard|risk)s?\b|(?:catch|caught|catches|on) fire\b|electr(?:ic|ical) shocks?\b|electrocut\w*",
        r"explo(?:de|des|ded|ding|sion|sions|sive)\b",
        r"suffocat\w+|chok(?:e|es|ed|ing)\b|child-?(?:safe|proof)\w*|injur(?:e|y|ies|ed|ing)\b",
        r"burn (?:yourself|yourselves|your|you)\b|water ?proof\b|shatter\w*|cut (?:yourself|you)\b",
        r"without (?:any )?risk\b|overheat\w*",
        r"ungefährlich\w*|gefährlich\w*|gefahrlos\w*|\w*gefahr(?:en)?\b|gefährd\w*|ungiftig\w*|giftig\w*",
        r"unbedenklich\w*|bedenkenlos\w*|\w*schadstoff\w*|schädlich\w*|(?:un|gesundheits)schädlich\w*",
        r"entzünd\w+|brennbar\w*|feuerfest\w*|feuer (?:fangen|fängt|gefangen)\b|in brand\b",
        r"strom(?:schlag\w*|schläge\w*)|explo(?:dier\w*|sion\w*|siv\w*)|erstick\w+",
        r"rückruf(?:e|aktion\w*)?\b|produktrückruf\w*|zurückgerufen\b|kindersicher\w*|verletz(?:t|en|ung|ungen)\b",
        r"verbrenn(?:en|t)\b|wasserdicht\w*|splitter(?:n|t)\b|ohne (?:jedes )?risiko\b|überhitz\w*",
        r"sicherheits(?:norm|standard|hinweis|risik|prüf|zertifi|mang|mäng)\w*",
        r"(?:nicht|absolut|völlig|vollkommen|ganz) sicher (?:für|bei|im|in)\b|nähe von (?:gas|feuer|benzin)\b",
    ),
    unless=(
        r"in a safe place\b|safe (?:journey|trip|travels|deposit|place|side)\b|(?:side|sind) safe\b",
        r"is safe and sound\b|as i recall\b|(?:i|you|we|may) recall\b|poison-green\b|safe for now\b",
        r"no risk of missing\b|giftgrün\w*",
        r"(?:auf|um|für|bitten um|ihren|einen) (?:ihren |einen |ihre )?rückruf (?:freuen|unter|bitten|warten)\w*",
        r"(?:auf|um) (?:ihren |einen )?rückruf\b|rückruf unter\b",
        r"gefühle (?:nicht )?verletz\w*|(?:rechte|regeln|regel|pflichten) (?:\w+ )?verletz\w*",
    ),
    mail=(
        r"smok(?:e|ing)\b|burn(?:t|ed|ing|s)?\b|fire\b|shock\b|bleed\w*|melt(?:ed|ing)?\b|sparks?\b",
        r"(?:child|son|daughter|baby|dog|cat|kid|he|she) (?:has |have |had )?swallowed\b|hurt\b",
        r"(?:an|the) accident\b",
        r"rauch\w*|qualm\w*|gebrannt\b|brennt\b|verbrannt\b|feuer\b|blut\w*|geschmolzen\b|funken\b|verschluckt\b",
        r"unfall\b|kokel\w*|schmor\w*",
    ),
)


def safety(answer: Answer) -> Iterator[str]:
    """The draft says that something is dangerous or harmless, speaks of a recall, of fire, shock, poison or injuries.

    "In a safe place", "as I recall" and "um Rückruf bitten" do not count.
    """
    return SAFETY.in_answer(answer.own)


def in_mail(answer: Answer) -> Iterator[str]:
    """The customer tells of fire, smoke, a shock, an injury, or asks whether something is safe."""
    return SAFETY.in_mail(answer.theirs)
