"""Where well-known mail providers have their servers: a guess that `init` offers, never more."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provider:
    """Hosts as ``host:port``; ``note`` is what an admin has to know before the first login.

    ``sent_copy`` is False where the server itself puts what is sent into Sent.
    """

    imap: str
    smtp: str
    note: str = ""
    sent_copy: bool = True


GOOGLE = Provider(
    "imap.gmail.com:993",
    "smtp.gmail.com:465",
    "Google wants an app password (Google account, security) instead of the usual one.",
    sent_copy=False,
)
MICROSOFT = Provider(
    "outlook.office365.com:993",
    "smtp.office365.com:587",
    "Microsoft takes no password: replace it by token_command, a program that prints an OAuth2 access token.",
    sent_copy=False,
)
FASTMAIL = Provider("imap.fastmail.com:993", "smtp.fastmail.com:465", "Fastmail wants an app password.")
GMX = Provider("imap.gmx.net:993", "mail.gmx.net:587", "Allow IMAP in the web mail's settings first.")
IONOS = Provider("imap.ionos.de:993", "smtp.ionos.de:465")
APPLE = Provider("imap.mail.me.com:993", "smtp.mail.me.com:587", "Apple wants an app-specific password.")
YAHOO = Provider("imap.mail.yahoo.com:993", "smtp.mail.yahoo.com:465", "Yahoo wants an app password.")

PROVIDERS: dict[str, Provider] = {
    "gmail.com": GOOGLE,
    "googlemail.com": GOOGLE,
    "outlook.com": MICROSOFT,
    "outlook.de": MICROSOFT,
    "hotmail.com": MICROSOFT,
    "live.com": MICROSOFT,
    "office365.com": MICROSOFT,
    "fastmail.com": FASTMAIL,
    "fastmail.fm": FASTMAIL,
    "gmx.de": GMX,
    "gmx.net": GMX,
    "gmx.at": GMX,
    "gmx.ch": GMX,
    "gmx.com": Provider("imap.gmx.com:993", "mail.gmx.com:587", GMX.note),
    "web.de": Provider("imap.web.de:993", "smtp.web.de:587", GMX.note),
    "mailbox.org": Provider("imap.mailbox.org:993", "smtp.mailbox.org:465"),
    "posteo.de": Provider("posteo.de:993", "posteo.de:465"),
    "ionos.de": IONOS,
    "ionos.com": Provider("imap.ionos.com:993", "smtp.ionos.com:465"),
    "1und1.de": IONOS,
    "ovh.net": Provider("ssl0.ovh.net:993", "ssl0.ovh.net:465"),
    "ovh.com": Provider("ssl0.ovh.net:993", "ssl0.ovh.net:465"),
    "icloud.com": APPLE,
    "me.com": APPLE,
    "yahoo.com": YAHOO,
    "yahoo.de": YAHOO,
    "t-online.de": Provider("secureimap.t-online.de:993", "securesmtp.t-online.de:465"),
    "zoho.com": Provider("imap.zoho.com:993", "smtp.zoho.com:465"),
}


def provider(domain: str) -> Provider:
    """The servers of this domain: as known, else by the usual names."""
    return PROVIDERS.get(domain.lower(), Provider(f"imap.{domain}:993", f"smtp.{domain}:465"))
