"""The gate ``strategy``: recommendations for somebody's business, and our own plans."""

from __future__ import annotations

from collections.abc import Iterator

from mailhitl.drafting.findings.answer import Answer
from mailhitl.drafting.findings.topic import Topic

_ADVISE = r"(?:recommend|suggest|advise|propose|urge)(?: that)?(?: you| to you)?(?: to| should)?"
_SHOULD = r"(?:you|your (?:company|firm|team|business)) (?:should|ought to|need to|must|had better|could)"
_BUSINESS = (
    r"(?:suppliers?|vendor|warehouse|sales team|departments?|factory|factories|product line|markets?|staff|engineers"
    r"|employees|branch|subsidiary|brand|business|company|competitor|workforce|headquarters|division)"
)
_ACT = (
    r"(?:switch|change|enter|leave|restructure|outsource|insource|merge|acquire|buy|sell|hire|lay off|invest|drop|close"
    r"|open|expand|cut|divest|rebrand|reorgani[sz]e|discontinue)"
)
_TRADE = (
    r"(?:lieferanten?|vertrieb\w*|lager|abteilungen?|werk|fabrik|produktlinie|markt|personal|ingenieure?|mitarbeiter\w*"
    r"|filialen?|tochter\w*|marke|geschäft|firma|unternehmen|wettbewerbers?|standort\w*|schicht|nachtschicht|einzelhandel)"
)
_TUN = (
    r"(?:wechseln|umbauen|umstrukturieren|auslagern|auszulagern|einstellen|einzustellen|schließen|zusammenlegen"
    r"|zusammenzulegen|aufgeben|aufzugeben|übernehmen|kaufen|verkaufen|entlassen|investieren|ausbauen|aussteigen"
    r"|verlagern|abstoßen)"
)

STRATEGY = Topic(
    says=(
        r"(?:centrali[sz]e|decentrali[sz]e|close|open|merge|bundle|restructure|consolidate"
        r"|sell off) (?:\w+ ){0,4}(?:purchasing|procurement|shops|stores|sites|offices|branches|plants"
        r"|warehouses)\b",
        r"for a (?:chain|company|business|firm|group) of your size\b|compan(?:y|ies) like yours (?:should|would)\b",
        r"(?:einkauf|vertrieb|läden|geschäfte|standorte|büros|filialen|werke"
        r"|abteilungen) (?:\w+ ){0,6}zu (?:schließen|bündeln|verkaufen|verkleinern|eröffnen|zentralisieren)\b",
        r"(?:kette|firma|unternehmen) ihrer größe\b|firmen wie ihre (?:sollten|würden)\b",
        r"(?:the|our) (?:management|board|ceo|owners?) (?:want|plan|decid|intend|is going|has|have|are going)\w*",
        r"(?:disappear|dropped|removed|taken) (?:from|out of) (?:the|our) (?:catalogue|catalog|range|line-?up"
        r"|portfolio)\b",
        r"between (?:us|you and me)\b|confidential\w*|not (?:yet )?(?:been )?(?:public|announced)\b",
        r"we(?:'re| are) (?:planning|going|thinking of|considering)(?: to)? (?:\w+ )?(?:open|clos|launch"
        r"|discontinu|mov|expand|replac|stop)\w*",
        r"for your (?:business|company|hotel|restaurant|firm)s? (?:i|we) would\b",
        r"order more for your (?:business|company|hotel|restaurant)\b",
        r"(?:die |unsere |der )?(?:geschäftsführung|geschäftsleitung|vorstand)\b",
        r"(?:aus dem|aus unserem) (?:sortiment|katalog|programm) (?:genommen|nehmen|verschwind|fall|gestrichen)\w*",
        r"verschwindet (?:\w+ ){0,5}aus (?:dem|unserem) (?:sortiment|katalog|programm)\b|unter uns\b|vertraulich\w*",
        r"im vertrauen\b|noch nicht öffentlich\b",
        r"wir (?:planen|überlegen|erwägen),? (?:[\w,]+ ){0,8}(?:zu )?(?:eröffnen|schließen|einzustellen|umzuziehen"
        r"|erweitern)\b",
        r"(?:eröffnen wir|wir eröffnen)\b",
        r"strategic(?:ally)?\b|business (?:model|plan|strategy)\b|road ?map\b|market share\b|go(?:ing)? public\b|ipo\b",
        r"merger\b|take-?over\b|outsourc\w+|restructur\w+|lay-?offs?\b|lay off\b",
        rf"{_ADVISE} (?:\w+ ){{0,4}}{_ACT} (?:\w+ ){{0,4}}{_BUSINESS}\b",
        rf"{_SHOULD} (?:\w+ ){{0,2}}{_ACT} (?:\w+ ){{0,4}}{_BUSINESS}\b",
        rf"(?:in your place|if i were you),? (?:i|we) would {_ACT}\b",
        r"(?:we|our company) (?:plan|intend|are going|are about|will|have decided"
        r"|want)(?: to)? (?:be )?(?:discontinu\w+|acquir\w+|launch\w*|merg\w+|expand\w*|clos\w+ (?:the|our)"
        r"|phas\w+ out|enter\w*)",
        r"partnership (?:between|of|with)\b",
        r"(?:the board|management|our ceo) (?:has|have) (?:\w+ )?(?:decided|approved|resolved)\b",
        r"(?:long|medium)-term (?:goal|plan|aim)s?\b|phase out\b",
        r"strategisch\w*|strategie\b|geschäftsmodell\w*|geschäftsplan\w*|roadmap\b|marktanteil\w*|börsengang\w*",
        r"fusion(?:ieren|iert)?\b|partnerschaft (?:unserer|zwischen|mit)\b",
        r"(?:die|der) übernahme (?:eines|einer|des|der|von)\b",
        rf"(?:empfehlen|raten|schlagen|sollten|täten|würde ich|würden wir|werden wir|wir werden|wollen wir"
        rf"|wir wollen|planen wir|wir planen|sollte|schließen wir),? (?:[\w,]+ ){{0,12}}{_TUN}\b",
        rf"{_TRADE} (?:\w+ ){{0,3}}schließen wir\b|(?:neue|eigene) marke auf den markt\b",
        r"(?:der vorstand|die geschäftsführung|die geschäftsleitung) hat\b|langfristig wollen wir\b",
    ),
    unless=(
        r"strateg(?:y|ic|ic board) (?:game|card)s?\b|strategiespiel\w*|the road map is in\b",
        r"road map (?:in|on) the (?:glove|car)\w*|roadmap application\b",
        r"(?:schlagen|sollten|empfehlen|raten) (?:[\w,]+ ){0,8}(?:app|fenster|akku|stecker|helligkeit|uhr|passwort"
        r"|birne|steckdose|kabel|deckel) (?:\w+ ){0,4}(?:wechseln|einstellen|einzustellen|schließen|umbauen"
        r"|kaufen)\b",
    ),
)


def strategy(answer: Answer) -> Iterator[str]:
    """The draft recommends a business decision, or speaks of our own plans: what we will launch, close, buy or give up.

    Recommending a bulb or reading the manual is none.
    """
    return STRATEGY.in_answer(answer.own)
