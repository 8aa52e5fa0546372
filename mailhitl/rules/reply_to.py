"""Whether Reply-To names somebody else than the sender: another organisation, or another person at a mail provider."""

from __future__ import annotations

from mailhitl.mail.lookalike import letters
from mailhitl.mail.message import Address, Message

_PROVIDERS = (
    "gmail.com outlook.com hotmail.com hotmail.de live.com msn.com yahoo.com yahoo.de yahoo.co.uk ymail.com "
    "icloud.com me.com mac.com aol.com proton.me protonmail.com gmx.de gmx.at gmx.ch gmx.com web.de t-online.de "
    "freenet.de posteo.de mailbox.org mail.de arcor.de mail.com zoho.com fastmail.com yandex.com mail.ru qq.com "
    "163.com orange.fr wanadoo.fr free.fr laposte.net libero.it bluewin.ch hey.com tutanota.com tuta.io online.de "
    "vodafone.de 1und1.de"
)
#: Under these a stranger is one registration away: who writes is the whole address, not the domain.
PROVIDERS = frozenset(_PROVIDERS.split())
#: One provider, two names.
SAME = {"googlemail.com": "gmail.com", "gmx.net": "gmx.de"}
#: "shop.co.uk" is an organisation, "co.uk" is none.
SECOND_LEVEL = frozenset({"co", "com", "org", "net", "ac", "gov", "edu", "or", "ne", "gv", "ltd", "plc"})

#: What is drawn alike within ASCII.
_DRAWN_ALIKE = (("rn", "m"), ("vv", "w"), ("0", "o"), ("1", "l"), ("5", "s"), ("-", ""))


def elsewhere(message: Message) -> str:
    """Return in words where answers would go instead of to the sender; "" when they go to the sender's own side."""
    sender = message.sender
    strange = [each for each in message.reply_to if each.spec and _side(each) != _side(sender)]
    if not strange:
        return ""
    shown = ", ".join(each.spec for each in strange)
    alike = any(_drawn(each.domain) == _drawn(sender.domain) != "" for each in strange)
    trick = " The two look alike." if alike and strange[0].domain != sender.domain else ""
    author = sender.spec or "nobody in particular"
    return f"Answers to this mail would go to {shown}, but it comes from {author}.{trick}"


def _side(address: Address) -> str:
    """The organisation; at a provider the person."""
    domain = SAME.get(address.domain, address.domain)
    if domain not in PROVIDERS:
        return _organisation(domain)
    local = address.key.rpartition("@")[0].partition("+")[0]
    return f"{local.replace('.', '') if domain == 'gmail.com' else local}@{domain}"


def _organisation(domain: str) -> str:
    labels = domain.split(".")
    nested = len(labels) > 2 and labels[-2] in SECOND_LEVEL and len(labels[-1]) == 2
    return ".".join(labels[-3:] if nested else labels[-2:])


def _drawn(domain: str) -> str:
    drawn = letters(domain.partition(".")[0])
    for written, seen in _DRAWN_ALIKE:
        drawn = drawn.replace(written, seen)
    return drawn
