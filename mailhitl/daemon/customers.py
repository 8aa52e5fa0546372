"""The customer directory: who is writing, from a CSV file that is read again when it changes."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import structlog

from mailhitl.errors import ConfigError
from mailhitl.mail.message import Address

log = structlog.get_logger(__name__)

NOBODY: Mapping[str, str] = MappingProxyType({})


class Directory:
    """Rows keyed by address, or by domain where a row has no address."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._changed: float = -1.0
        self._rows: dict[str, Mapping[str, str]] = {}

    def row(self, address: Address) -> Mapping[str, str]:
        """The customer's row, by address first, then by domain; empty for a stranger."""
        self._refresh()
        return self._rows.get(address.key) or self._rows.get(address.domain) or NOBODY

    def _refresh(self) -> None:
        if self._path is None:
            return
        try:
            changed = self._path.stat().st_mtime
            if changed != self._changed:
                self._rows = read(self._path)
                self._changed = changed
        except (OSError, ConfigError) as problem:
            # Half-written or gone for a moment: the last good one stays.
            log.warning("the customer directory cannot be read; the last one stays", problem=str(problem))


def read(path: Path) -> dict[str, Mapping[str, str]]:
    """Read the whole file. Raises ConfigError naming file and line, OSError when it cannot be opened."""
    rows: dict[str, Mapping[str, str]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        columns = [column.strip().lower() for column in reader.fieldnames or ()]
        if not {"address", "domain"} & set(columns):
            raise ConfigError([f"{path}:1: a customer directory needs a column “address” or “domain”"])
        for row in reader:
            values = {str(k).strip().lower(): (v or "").strip() for k, v in row.items() if isinstance(v, str | None)}
            key = values.get("address", "") or values.get("domain", "")
            if key:
                rows[key.lower()] = MappingProxyType(values)
    return rows
