"""What is kept for good: files and names that a power loss neither tears nor takes away.

Closing or renaming a file writes nothing to the disk. The bytes are there when the file was synced, its name when its
folder was.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, content: bytes, *, mode: int) -> None:
    """Put ``content`` in the file's place: whatever happens, there is the old one or the new one, whole.

    ``mode`` from the first moment on, less the umask. Raises OSError.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    _sync(path.parent)


def keep_name(path: Path) -> None:
    """Keep its name and those of all folders on the way to it: who has made them, and when, nobody knows."""
    for folder in path.resolve().parents:
        _sync(folder)


def _sync(folder: Path) -> None:
    # Not every folder on the way may be read, and not every file system can do it: then it keeps names by itself.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
