"""What the contract tests share."""

from __future__ import annotations

import pytest

from tests.servers import Authority


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def ca_file(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a client must trust to accept the authority's certificates."""
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    path.write_bytes(authority.ca_pem)
    return str(path)
