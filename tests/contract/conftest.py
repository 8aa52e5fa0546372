"""What the contract tests share: certificates, and the accounts that the contracts are held against.

Servers are started when first asked for, one process each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from mailhitl.demo.servers import ImapServer
from tests.contract.accounts import Account, ImapAccount, MemoryAccount, account_name
from tests.servers import HOST, PASSWORD, Authority, Certificate, Dovecot, DovecotOptions

#: Without MOVE, UIDPLUS, IDLE, CONDSTORE, LITERAL+, NAMESPACE, SPECIAL-USE: what RFC 3501 alone demands.
BARE = DovecotOptions(capability="IMAP4rev1 AUTH=PLAIN")
DOVECOTS = {
    "dovecot": DovecotOptions(),
    "dovecot-dot": DovecotOptions(separator="."),
    "dovecot-inbox-prefix": DovecotOptions(separator=".", prefix="INBOX."),
    "dovecot-bare": BARE,
}


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def ca_file(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a client must trust to accept the authority's certificates."""
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    path.write_bytes(authority.ca_pem)
    return str(path)


@pytest.fixture(scope="session")
def certificate(authority: Authority) -> Certificate:
    """For a server on 127.0.0.1."""
    return authority.issue(HOST)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Callable[[DovecotOptions], Dovecot]]:
    """Give the running Dovecot with these options."""
    running: dict[DovecotOptions, Dovecot] = {}

    def give(options: DovecotOptions) -> Dovecot:
        if options not in running:
            running[options] = Dovecot(options).__enter__()
        return running[options]

    yield give
    # Each takes a second to end, so all at once.
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda server: server.__exit__(), running.values()))


@pytest.fixture(params=["memory", "pymap", *(pytest.param(name, marks=pytest.mark.servers) for name in DOVECOTS)])
def account(request: pytest.FixtureRequest, dovecot: Callable[[DovecotOptions], Dovecot]) -> Iterator[Account]:
    """A fresh account with INBOX, Drafts, Sent and Trash on each kind of server in turn."""
    with ExitStack() as stack:
        if request.param == "memory":
            yield MemoryAccount()
            return
        if request.param == "pymap":
            user = account_name()
            port = stack.enter_context(ImapServer({user: PASSWORD})).port
            account = ImapAccount(HOST, port, user)
        else:
            options = DOVECOTS[request.param]
            account = ImapAccount(HOST, dovecot(options).port, account_name(), prefix=options.prefix)
        stack.callback(account.close)
        yield account
