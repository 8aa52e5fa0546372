"""The demo's IMAP server: pymap's in-memory backend with what a review by mail client needs on top.

Added by subclassing: keywords that STORE keeps (``PERMANENTFLAGS \\*``), SPECIAL-USE (RFC 6154), folders that exist and
are subscribed from the start, IDLE that misses nothing, and one write per response, because a line split over two
packets makes IMAPClient give up its IDLE.
"""

from __future__ import annotations

import asyncio
import io
import ssl
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, closing, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config, Login, Session
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxData, MailboxSet, Message
from pymap.concurrent import Event, Subsystem
from pymap.config import BackendCapability
from pymap.context import connection_exit
from pymap.exceptions import NotAllowedError
from pymap.imap import IMAPConnection
from pymap.imap.state import ConnectionState
from pymap.listtree import ListEntry, ListTree
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials.flag import Flag, Wildcard
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext

from mailhitl.demo.loop_thread import HOST, LoopThread

if TYPE_CHECKING:
    from pymap.flags import FlagOp
    from pymap.interfaces.message import CachedMessage
    from pymap.parsing.response import Response
    from pymap.parsing.specials import ObjectId
    from pymap.selected import SelectedMailbox

SPECIAL_USE = {name: name.encode() for name in ("Drafts", "Sent", "Trash", "Junk", "Archive")}
#: A command line holds whole lists of UIDs; literals do not count.
LONGEST_LINE = 2**20


class ImapServer(LoopThread):
    """An IMAP server for these users (name → password), in the clear, on 127.0.0.1, everything in memory.

    Every user has an INBOX and ``folders``; the separator is ``/``. ``port`` 0 takes a free one.
    """

    def __init__(
        self,
        users: Mapping[str, str],
        folders: Sequence[str] = ("Drafts", "Sent", "Trash", "Junk"),
        port: int = 0,
    ) -> None:
        super().__init__(port)
        self.users = dict(users)
        self._folders = tuple(folders)
        self._config = _Config()
        self._login = Login(self._config)
        self._connections: set[asyncio.Task[None]] = set()

    def deliver(self, user: str, raw: bytes, folder: str = "INBOX") -> None:
        """Put a mail into a user's folder, as a delivery agent does. Raises KeyError for an unknown user or folder."""
        self._call(self._append(user, raw, folder))

    async def _append(self, user: str, raw: bytes, folder: str) -> None:
        folders, filters = self._config.set_cache[user]
        await folders.get_mailbox(folder)  # the session would raise an error that names no folder
        session = Session(user, self._config, folders, filters)
        await session.append_messages(folder, [AppendMessage(raw, datetime.now(UTC))])

    async def _listen(self) -> asyncio.Server:
        for user, password in self.users.items():
            if user not in self._config.set_cache:
                self._login.users_dict[user] = UserMetadata(self._config, user, password=password)
                self._config.set_cache[user] = (await _new_folders(self._folders), FilterSet())
        return await asyncio.start_server(self._converse, HOST, self.port, limit=LONGEST_LINE)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        connection = _Connection(self._config.commands, self._config, reader, writer, SocketInfo.get(writer, None))
        # Only ``stop`` cancels; a cancelled connection is one that has ended.
        with suppress(ConnectionError, asyncio.CancelledError):
            async with AsyncExitStack() as stack:
                connection_exit.set(stack)
                stack.enter_context(closing(connection))
                await connection.run(ConnectionState(self._login, self._config))
            await writer.wait_closed()
        self._connections.discard(task)

    async def _close_connections(self) -> None:
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)


class _Config(Config):
    """pymap's settings for a server that is only ever reached from this machine."""

    def __init__(self) -> None:
        super().__init__(
            Namespace(passlib_cfg=None, proxy_protocol=None),
            host=HOST,
            port=0,
            demo_data=False,
            demo_user="",
            demo_password="",
            tls_enabled=False,
            # pymap would load the system's certificates for a TLS that is never offered.
            ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
            # The passwords are printed on the screen; hashing them would cost each login 0.2 s.
            hash_context=Cleartext(),
            cpu_subsystem=Subsystem.for_asyncio(),
        )

    @property
    def backend_capability(self) -> BackendCapability:
        return BackendCapability(idle=True, object_id=True, multi_append=True, custom=[b"SPECIAL-USE"])

    @property
    def greeting(self) -> bytes:
        return b"mailhitl demo ready"  # pymap asks the DNS for this machine's name, which may take seconds


class _Connection(IMAPConnection):
    async def write_response(self, resp: Response) -> None:
        whole = io.BytesIO()
        await resp.async_write(whole)
        with suppress(ConnectionError):
            self.writer.write(whole.getvalue())
            await self.writer.drain()


class _Folder(MailboxData):
    @property
    def permanent_flags(self) -> frozenset[Flag]:
        return super().permanent_flags | {Wildcard}

    async def update(self, uid: int, cached_msg: CachedMessage, flag_set: frozenset[Flag], mode: FlagOp) -> Message:
        # neomutt glues ``\\Draft`` and a keyword together; real servers refuse such a flag, and so its user is asked.
        if any(flag.is_system and flag not in self.permanent_flags for flag in flag_set):
            raise NotAllowedError("Invalid system flag.")
        return await super().update(uid, cached_msg, flag_set, mode)

    async def update_selected(self, selected: SelectedMailbox, *, wait_on: Event | None = None) -> SelectedMailbox:
        # pymap waits for the *next* change, even when one came while it was writing out the last.
        if selected.mod_sequence is not None and selected.mod_sequence < self._mod_sequences.highest:
            wait_on = None
        return await super().update_selected(selected, wait_on=wait_on)


class _Folders(MailboxSet):
    def __init__(self) -> None:
        super().__init__()
        self._inbox = self._new_folder()

    async def add_mailbox(self, name: str) -> ObjectId:
        if name in self._set:
            raise ValueError(name)
        async with self._set_lock.write_lock():
            self._set[name] = folder = self._new_folder()
        return folder.mailbox_id

    async def list_mailboxes(self) -> ListTree:
        return _SpecialUseTree(self.delimiter).update("INBOX", *self._set)

    def _new_folder(self) -> _Folder:
        return _Folder(self._content_cache, self._thread_cache)


class _SpecialUseTree(ListTree):
    def list_matching(self, ref_name: str, filter_: str) -> Iterable[ListEntry]:
        for entry in super().list_matching(ref_name, filter_):
            yield _SpecialUseEntry(entry.name, entry.exists, entry.marked, entry.has_children)


class _SpecialUseEntry(ListEntry):
    @property
    def attributes(self) -> Sequence[bytes]:
        special = SPECIAL_USE.get(self.name)
        return [*super().attributes, special] if special else super().attributes


async def _new_folders(names: Sequence[str]) -> _Folders:
    folders = _Folders()
    for name in names:
        await folders.add_mailbox(name)
        await folders.set_subscribed(name, True)
    return folders
