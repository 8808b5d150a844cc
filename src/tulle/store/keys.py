"""Files with keys: a folder only we may enter, files only we may read, replaced whole or not at all.

Beside the store because they are memory too, but apart from it: who copies the database has no keys.
"""

import errno
import os
import stat
from pathlib import Path

from tulle.model.problems import system_words
from tulle.store.errors import StoreExposed, StoreFull, StoreReadOnly, StoreUnusable
from tulle.store.files import make_folder, sync_folder

ROOT_FILE = "root.pem"
INTERMEDIATE_FILE = "intermediate.pem"
"""The mesh's authorities."""

MAX_FILE_BYTES = 1024 * 1024
MOST_FILES = 100


class KeyFiles:
    """Small secret files by name in one folder (0700), each 0600."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Where a file is, or would be."""
        return self._folder / name

    def read(self, name: str) -> bytes | None:
        """What the file holds, None if there is none. A file others may read is refused: its keys are burnt."""
        path = self.path(name)
        try:
            with path.open("rb") as file:
                _check_private(path, os.fstat(file.fileno()))
                return file.read(MAX_FILE_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable("read", path, error) from error

    def read_all(self) -> dict[str, bytes]:
        """Every file by name, those half written left out."""
        try:
            names = sorted(path.name for path in self._folder.iterdir() if path.is_file())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise _unusable("listed", self._folder, error) from error
        found = {name: self.read(name) for name in names[:MOST_FILES] if not name.startswith(".")}
        return {name: content for name, content in found.items() if content is not None}

    def write(self, name: str, content: bytes) -> None:
        """Put it there, durably. Whoever reads meanwhile sees the old content or the new, never half of it."""
        path = self.path(name)
        fresh = path.with_name(f".{name}.new")
        try:
            make_folder(self._folder)
            fresh.unlink(missing_ok=True)
            _write_new(fresh, content)
            fresh.replace(path)
            sync_folder(self._folder)
        except OSError as error:
            raise _unusable("written", path, error) from error


def _write_new(path: Path, content: bytes) -> None:
    # Made with its mode, not changed afterwards: there is no moment in which others could open it.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _check_private(path: Path, found: os.stat_result) -> None:
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise StoreExposed(
            f"{path} holds keys, and other users may read or write it",
            f"if nobody did: chmod 600 {path}",
        )


def _unusable(what: str, path: Path, error: OSError) -> StoreUnusable:
    message = f"the key file {path} cannot be {what}: {system_words(error)}"
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return StoreReadOnly(message, "the server's user must own its data directory")
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StoreFull(message, "make room; nothing was lost")
    return StoreUnusable(message, "restore it from a backup, or choose another --data-dir")
