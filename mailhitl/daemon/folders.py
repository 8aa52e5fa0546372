"""Which folders one mailbox works with: full names on this server, found or made up from what LIST says.

The review folders are children of the Drafts folder where the server allows it, because Thunderbird and Claws then let
a reviewer edit in place.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

from mailhitl.errors import ConfigError
from mailhitl.ports.mailbox import FolderInfo

AUTO = "auto"
#: The folders whose place follows from that of ``review``, and what they are called.
REVIEWERS = {
    "approve": "Approve",
    "reject": "Reject",
    "escalate": "Escalate",
    "outgoing": "Outgoing",
    "pause": "Pause",
}

#: RFC 6154 2.
SPECIAL_USE = {"drafts": "\\Drafts", "sent": "\\Sent", "trash": "\\Trash"}

#: What servers without SPECIAL-USE and mail clients call these folders; the first is what we create.
NAMES: dict[str, tuple[str, ...]] = {
    "drafts": (
        *("Drafts", "Draft", "Entwürfe", "Brouillons", "Borradores", "Bozze", "Concepten", "Rascunhos"),
        *(
            "Kopie robocze",
            "Szkice",
            "Robocze",
            "Utkast",
            "Kladder",
            "Luonnokset",
            "Koncepty",
            "Piszkozatok",
            "Taslaklar",
        ),
        *("Черновики", "Чернетки", "Πρόχειρα", "Ciorne", "下書き", "草稿", "草稿箱", "임시 보관함"),
    ),
    "sent": (
        *("Sent", "Sent Items", "Sent Mail", "Sent Messages", "Gesendet", "Gesendete Objekte", "Gesendete Elemente"),
        *("Gesendete Nachrichten", "Envoyés", "Éléments envoyés", "Messages envoyés", "Enviados", "Elementos enviados"),
        *(
            "Mensajes enviados",
            "Posta inviata",
            "Inviati",
            "Inviata",
            "Verzonden",
            "Verzonden items",
            "Verzonden berichten",
        ),
        *("Itens enviados", "Elementy wysłane", "Wysłane", "Skickat", "Skickade objekt", "Sendt", "Sendte elementer"),
        *("Lähetetyt", "Odeslané", "Odeslaná pošta", "Elküldött elemek", "Elküldött üzenetek", "Gönderilmiş Öğeler"),
        *(
            "Отправленные",
            "Надіслані",
            "Απεσταλμένα",
            "Trimise",
            "送信済み",
            "送信済みアイテム",
            "已发送",
            "已发送邮件",
        ),
        *("寄件備份", "보낸편지함"),
    ),
    "trash": (
        *("Trash", "Deleted Items", "Deleted Messages", "Deleted", "Bin", "Papierkorb", "Gelöschte Objekte"),
        *("Gelöschte Elemente", "Gelöscht", "Corbeille", "Éléments supprimés", "Papelera", "Elementos eliminados"),
        *("Cestino", "Posta eliminata", "Prullenbak", "Verwijderde items", "Lixeira", "Lixo", "Itens excluídos"),
        *("Itens eliminados", "Kosz", "Elementy usunięte", "Papperskorgen", "Borttaget", "Slettet", "Papirkurv"),
        *("Roskakori", "Koš", "Odstraněná pošta", "Lomtár", "Törölt elemek", "Çöp Kutusu", "Silinmiş Öğeler"),
        *(
            "Корзина",
            "Кошик",
            "Κάδος",
            "Coș de gunoi",
            "ゴミ箱",
            "削除済みアイテム",
            "已删除",
            "已删除邮件",
            "垃圾桶",
            "휴지통",
        ),
    ),
}

#: Children of these are labels that no mail client shows as folders: Gmail refuses them, or worse, takes them.
CHILDLESS_ROOTS = frozenset({"[gmail]", "[google mail]"})


@dataclass(frozen=True, slots=True)
class Folders:
    """Full names, decoded, with the server's own separator."""

    inbox: str
    drafts: str
    sent: str
    trash: str
    review: str
    approve: str
    reject: str
    escalate: str
    outgoing: str
    pause: str


def resolve(
    infos: Sequence[FolderInfo], wanted: Mapping[str, str], refused: Collection[str] = (), prefix: str = ""
) -> Folders:
    """Return the folders to work with; some may have to be created.

    ``wanted`` are the names the admin gave, by field of Folders, with ``review`` possibly "auto"; written with the
    server's separator or with ``/``, with or without the prefix. ``refused`` are folders under which the server would
    create no child. ``prefix`` is ``Mailbox.prefix()``. Raises ConfigError when two of them are the same folder.
    """
    server = _Server(infos, prefix)
    given = {field: name for field, name in wanted.items() if name and not (field == "review" and name == AUTO)}
    names = {"inbox": "INBOX"}
    for field in SPECIAL_USE:
        names[field] = server.full(given[field]) if field in given else server.special(field)
    takes_children = server.takes_children(names["drafts"]) and names["drafts"] not in refused
    if "review" in given:
        parent = names["review"] = server.full(given["review"])
    elif takes_children:
        parent = names["drafts"]
        names["review"] = server.child(parent, "Review")
    else:
        parent = names["review"] = server.full("Review")
    for field, name in REVIEWERS.items():
        names[field] = server.full(given[field]) if field in given else server.child(parent, name)
    if "inbox" in given:
        names["inbox"] = server.full(given["inbox"])
    _refuse_doubles(folders := Folders(**names))
    return folders


class _Server:
    """How this server names folders."""

    def __init__(self, infos: Sequence[FolderInfo], prefix: str) -> None:
        self._infos = {info.name: info for info in infos}
        self._separator = next((info.separator for info in infos if info.separator), "/")
        self._prefix = prefix or self._common_prefix()

    def full(self, name: str) -> str:
        """The name of an admin's folder on this server."""
        if name in self._infos:
            return name
        if name.upper() == "INBOX":
            return "INBOX"
        if self._separator not in name:
            name = name.replace("/", self._separator)
        return name if name.lower().startswith(self._prefix.lower()) else self._prefix + name

    def child(self, parent: str, name: str) -> str:
        return f"{parent}{self._separator}{name}"

    def special(self, field: str) -> str:
        """The Drafts, Sent or Trash folder: as the server marks it, else by name, else the name to create."""
        use = SPECIAL_USE[field].lower()
        marked = [info for info in self._usable() if use in {special.lower() for special in info.special}]
        known = [_fold(name) for name in NAMES[field]]
        named = [info for info in self._usable() if _fold(self._last(info.name)) in known]
        # The user's own one rather than one deep in an archive or in somebody else's shared folders.
        own = sorted(marked or named, key=lambda info: (info.name.count(self._separator), self._rank(info, known)))
        return own[0].name if own else self._prefix + NAMES[field][0]

    def takes_children(self, name: str) -> bool:
        info = self._infos.get(name)
        root = name.partition(self._separator)[0]
        return root.lower() not in CHILDLESS_ROOTS and (info is None or info.inferiors)

    def _usable(self) -> list[FolderInfo]:
        return [info for info in self._infos.values() if info.selectable]

    def _rank(self, info: FolderInfo, known: Sequence[str]) -> int:
        """An English name first, as the table has it; what the table doesn't know last."""
        last = _fold(self._last(info.name))
        return known.index(last) if last in known else len(known)

    def _last(self, name: str) -> str:
        return name.rpartition(self._separator)[2]

    def _common_prefix(self) -> str:
        """``INBOX.`` where every other folder stands below INBOX, as on Courier, for servers without NAMESPACE."""
        prefix = f"INBOX{self._separator}"
        others = [name for name in self._infos if name.upper() != "INBOX"]
        return prefix if others and all(name.startswith(prefix) for name in others) else ""


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _refuse_doubles(folders: Folders) -> None:
    fields = asdict(folders)
    twice = [name for name, count in Counter(fields.values()).items() if count > 1]
    problems = [
        f"folders: {' and '.join(field for field, name in fields.items() if name == double)} are one folder, {double}"
        for double in twice
    ]
    if problems:
        raise ConfigError(problems)
