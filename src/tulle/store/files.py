"""The store's file: made private, held by one server, and refused with a reason when it cannot serve.

Whoever opens it holds a lock file beside it; the kernel lets go of the lock when the process ends, however it
ends. SQLite gives its own two side files (-wal, -shm) the mode of the file.
"""

import errno
import fcntl
import os
import sqlite3
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from tulle.model.problems import system_words
from tulle.store.errors import (
    StoreCorrupt,
    StoreError,
    StoreExposed,
    StoreFull,
    StoreInUse,
    StoreReadOnly,
    StoreUnusable,
)

CHOOSE = "choose another --data-dir: a folder of yours, on a disk of this machine"

RESTORE = "move it away to begin anew, or restore a backup"

_GIVE_ACCESS = "give this user the file and its folder, or choose another --data-dir"

_SIDE_FILES = ("", "-wal", "-shm")


@contextmanager
def store_errors(path: Path) -> Generator[None]:
    """Errors of SQLite and the system, as ours: what happened to which file, and the way out."""
    try:
        yield
    except StoreError:
        raise
    except sqlite3.Error as error:
        raise _from_sqlite(path, error) from error
    except OSError as error:
        raise _from_system(path, error) from error


def prepare(path: Path) -> int:
    """Make folder and file if they are missing, and take the lock; gives the descriptor that holds it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_folder(path.parent)
    lock = _lock(path)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        _check_private(path)
    except BaseException:
        os.close(lock)
        raise
    return lock


def _lock(path: Path) -> int:
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise StoreInUse(
            f"another server (process {holder}) uses the store {path}",
            "stop that one, or start this one with another --data-dir",
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def _check_folder(folder: Path) -> None:
    mode = folder.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise StoreExposed(
            f"every user may replace files in {folder}, and the store holds secrets",
            f"chmod 700 {folder}",
        )


def _check_private(path: Path) -> None:
    for side in _SIDE_FILES:
        file = path.with_name(path.name + side)
        with suppress(FileNotFoundError):
            mode = file.stat().st_mode & 0o777
            if mode & 0o077:
                raise StoreExposed(
                    f"other users may open {file} (its mode is {mode:o}), and it holds secrets",
                    f"chmod 600 {file}",
                )


_BY_CODE: dict[int, tuple[type[StoreUnusable], str, str]] = {
    sqlite3.SQLITE_NOTADB: (
        StoreCorrupt,
        "is no Tulle store, or its beginning is damaged",
        RESTORE,
    ),
    sqlite3.SQLITE_CORRUPT: (
        StoreCorrupt,
        "is damaged",
        RESTORE,
    ),
    sqlite3.SQLITE_FULL: (
        StoreFull,
        "cannot grow: the disk is full",
        "make room; nothing was lost",
    ),
    sqlite3.SQLITE_READONLY: (
        StoreReadOnly,
        "may not be written by this user",
        _GIVE_ACCESS,
    ),
    sqlite3.SQLITE_CANTOPEN: (
        StoreReadOnly,
        "cannot be opened",
        _GIVE_ACCESS,
    ),
}


def _from_sqlite(path: Path, error: sqlite3.Error) -> StoreError:
    # The low byte is the kind of error, the rest its details.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    kind, what, hint = _BY_CODE.get(code, (StoreUnusable, f"does not work: {error}", CHOOSE))
    return kind(f"the store {path} {what}", hint)


def _from_system(path: Path, error: OSError) -> StoreError:
    message = f"the store {path} cannot be opened: {system_words(error)}"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StoreFull(message, "make room; nothing was lost")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return StoreReadOnly(message, _GIVE_ACCESS)
    return StoreUnusable(message, CHOOSE)
