"""Several people at work in one mailbox: whatever they do meanwhile, we never touch the wrong mail."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contract.accounts import account_name, settings
from tests.contract.conftest import BARE
from tests.contract.hands import at_work
from tests.servers import Dovecot, DovecotOptions

#: ``make bench ONLY=hands`` takes ten thousand.
STEPS = 1_000


@pytest.mark.servers
@pytest.mark.parametrize("options", [DovecotOptions(), BARE], ids=["full", "bare"])
def test_no_wrong_mail_is_moved_removed_or_read(
    dovecot: Callable[[DovecotOptions], Dovecot], options: DovecotOptions
) -> None:
    history = at_work(settings(dovecot(options).port, account_name()), STEPS)
    assert history.wrong == []
    assert history.ours > STEPS / 10
    assert history.others > STEPS / 10
