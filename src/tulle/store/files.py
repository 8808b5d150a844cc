"""The store's file: made private, held by one server, and refused with a reason when it cannot serve.

Whoever opens it holds a lock file beside it; the kernel lets go of the lock when the process ends, however it
ends. SQLite gives its own side files (-wal, and -shm in earlier versions of Tulle) the mode of the file.
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

STORE_FILE = "store.db"
KEYS_FOLDER = "pki"
"""What a data directory holds."""

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
    make_folder(path.parent)
    _check_folder(path.parent)
    lock = _lock(path)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        _check_private(path)
    except BaseException:
        os.close(lock)
        raise
    return lock


@contextmanager
def held(path: Path) -> Generator[None]:
    """Nobody else uses the store of a path meanwhile. Raises StoreInUse if somebody does."""
    with store_errors(path):
        make_folder(path.parent)
        _check_folder(path.parent)
        lock = _lock(path)
    try:
        yield
    finally:
        os.close(lock)


def make_folder(folder: Path) -> None:
    """Make it, 0700, if it is missing. It is there after a power cut too: SQLite sees to its files, not to this."""
    if folder.is_dir():
        return
    if not folder.parent.exists():
        make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    with suppress(PermissionError):  # who may write a folder need not be allowed to read it
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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


_ROOM = "make room; nothing was lost, and writing goes on by itself"
_WRITABLE = (
    "make it writable again (the kernel's log says why it is not); writing goes on by itself"
)

_DISK_CODES = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
"""Of what the system refused SQLite passes on only this much."""

_BY_CODE: dict[int, tuple[type[StoreUnusable], str, str]] = {
    sqlite3.SQLITE_NOTADB: (
        StoreCorrupt,
        "is no Tulle store, or its beginning is damaged",
        RESTORE,
    ),
    sqlite3.SQLITE_CORRUPT: (StoreCorrupt, "is damaged", RESTORE),
    sqlite3.SQLITE_FULL: (StoreFull, "cannot grow: the disk is full", _ROOM),
    sqlite3.SQLITE_READONLY: (StoreReadOnly, "may not be written by this user", _GIVE_ACCESS),
    sqlite3.SQLITE_CANTOPEN: (StoreReadOnly, "cannot be opened", _GIVE_ACCESS),
    sqlite3.SQLITE_BUSY: (
        StoreInUse,
        "is in use by another program",
        "end that one, for example a sqlite3 shell; a copy made by `tulle store backup` can be read freely",
    ),
}


def _from_sqlite(path: Path, error: sqlite3.Error) -> StoreError:
    # The low byte is the kind of error, the rest its details.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DISK_CODES and (reason := _refusal(path)) is not None:
        return _from_disk(path, reason)
    kind, what, hint = _BY_CODE.get(code, (StoreUnusable, f"does not work: {error}", CHOOSE))
    return kind(f"the store {path} {what}", hint)


def _refusal(path: Path) -> OSError | None:
    """Why the disk takes nothing, found out by trying; None if it does."""
    probe = path.with_name(f".{path.name}.probe")
    try:
        # Not opened: closing a database's file would drop the locks SQLite holds on it.
        for file in (path, path.with_name(f"{path.name}-wal"), path.parent):
            if file.exists() and not os.access(file, os.W_OK):
                return PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
        with probe.open("wb") as stream:
            stream.write(bytes(65536))
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        return error
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    return None


def _from_disk(path: Path, error: OSError) -> StoreError:
    message = f"the store {path} cannot be written: {system_words(error)}"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StoreFull(message, _ROOM)
    if error.errno == errno.EROFS:
        return StoreReadOnly(message, _WRITABLE)
    if error.errno in {errno.EACCES, errno.EPERM}:
        return StoreReadOnly(message, _GIVE_ACCESS)
    return StoreUnusable(
        message, "look at the kernel's log: the disk may be failing; have a backup"
    )


def _from_system(path: Path, error: OSError) -> StoreError:
    message = f"the store {path} cannot be opened: {system_words(error)}"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StoreFull(message, "make room; nothing was lost")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return StoreReadOnly(message, _GIVE_ACCESS)
    return StoreUnusable(message, CHOOSE)
