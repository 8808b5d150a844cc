"""Puts a backup in place of a data directory's store and keys: all of it or nothing, whenever it is cut off.

Everything is laid out and synced in a folder beside, which is then renamed `restore.ready`: from that moment the
restore counts, and who opens the directory next (`finish`, which the server calls first) does what is left of it.
What was there before is moved into a folder of its own, never overwritten.
"""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tulle.store import files, rows, schema
from tulle.store.backups.archive import Contents
from tulle.store.backups.inspection import database
from tulle.store.errors import BackupDamaged, RestoreRefused
from tulle.store.keys import ROOT_FILE, KeyFiles

GAP = 1_000_000_000
"""How far the revision jumps: beyond whatever was written, and watched, after the backup was taken."""

_STAGING, _READY = "restore.new", "restore.ready"
_SIDES = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: the store's revision now, and where the earlier files are, if there were any."""

    revision: int
    moved_to: Path | None


def restore(data_dir: Path, contents: Contents, *, replace: bool) -> Restored:
    """Make a data directory what a backup holds. Raises StoreError, and nothing has changed then.

    Join tokens are not restored: some of them were used since. Without keys in the backup those of the directory
    stay; there must be some.
    """
    with files.held(data_dir / files.STORE_FILE):
        finish(data_dir)
        _check(data_dir, contents, replace=replace)
        revision = max(_revision(contents.image), _highest(data_dir)) + GAP
        with files.store_errors(data_dir / files.STORE_FILE):
            _stage(data_dir, _continued(contents.image, revision), contents)
            return Restored(revision, finish(data_dir))


def finish(data_dir: Path) -> Path | None:
    """Do what is left of a restore that was cut off; where the earlier files are now. The caller holds the store."""
    ready = data_dir / _READY
    if not ready.is_dir():
        return None
    try:
        old = data_dir / (ready / "moved-to").read_text()
    except FileNotFoundError:  # all was done but the tidying up
        shutil.rmtree(ready)
        return None
    old.mkdir(mode=0o700, exist_ok=True)
    if (ready / files.STORE_FILE).exists():
        for side in _SIDES:  # the old store's: beside the new one they would be taken for its own
            _move(data_dir / (files.STORE_FILE + side), old)
    for name in (files.STORE_FILE, files.KEYS_FOLDER):
        if (ready / name).exists():
            _move(data_dir / name, old)
            (ready / name).rename(data_dir / name)
    files.sync_folder(data_dir)
    shutil.rmtree(ready)
    with contextlib.suppress(OSError):
        old.rmdir()  # nothing was there before
    return old if old.exists() else None


def finish_if_cut_off(data_dir: Path) -> None:
    """What a server does before it opens its store."""
    if (data_dir / _READY).is_dir():
        with files.held(data_dir / files.STORE_FILE), files.store_errors(data_dir):
            finish(data_dir)


def _check(data_dir: Path, contents: Contents, *, replace: bool) -> None:
    store = data_dir / files.STORE_FILE
    if store.exists() and store.stat().st_size and not replace:
        raise RestoreRefused(
            f"there is a store already: {store}",
            "--replace moves it, and the keys, into a folder beside; or choose another --data-dir",
        )
    has_root = ROOT_FILE in contents.keys
    if not has_root and not (data_dir / files.KEYS_FOLDER / ROOT_FILE).exists():
        raise RestoreRefused(
            "the backup has no keys, and the data directory has none either: no workload would trust it",
            f"put {ROOT_FILE} into {data_dir / files.KEYS_FOLDER} (0600) first, or take a backup with keys",
        )


def _revision(image: bytes) -> int:
    try:
        with database(image) as connection:
            schema.check(connection)
            return rows.meta(connection)[0]
    except sqlite3.Error as error:
        raise BackupDamaged(
            f"the backup holds no store that can be read: {error}", "use an earlier backup"
        ) from error


def _highest(data_dir: Path) -> int:
    """The revision of the store that is replaced, 0 where that cannot be told."""
    path = data_dir / files.STORE_FILE
    if not path.exists():
        return 0
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            return rows.meta(connection)[0]
    except (sqlite3.Error, TypeError):  # damaged, or another program's: that may be why we are here
        return 0


def _continued(image: bytes, revision: int) -> bytes:
    """The store at a revision nobody has seen: every watch from before is told to read anew."""
    with database(image) as connection:
        schema.migrate(connection)
        with rows.transaction(connection, "BEGIN"):
            connection.execute("DELETE FROM log")
            connection.execute("DELETE FROM tokens")
            connection.execute("UPDATE meta SET revision = ?, compacted = ?", (revision, revision))
        connection.execute("VACUUM")
        return rows.image(connection)


def _stage(data_dir: Path, image: bytes, contents: Contents) -> None:
    """Lay everything out, durably, and make it count."""
    staging = data_dir / _STAGING
    shutil.rmtree(staging, ignore_errors=True)
    layout = KeyFiles(staging)
    layout.write(files.STORE_FILE, image)
    layout.write("moved-to", _unused(data_dir).name.encode())
    keys = KeyFiles(staging / files.KEYS_FOLDER)
    for name, content in contents.keys.items():
        keys.write(_plain(name), content)
    staging.rename(data_dir / _READY)
    files.sync_folder(data_dir)


def _plain(name: str) -> str:
    """A file name from a backup: it must stay in the folder it is written to."""
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise BackupDamaged(f"the backup names a key file {name!r}", "use an earlier backup")
    return name


def _unused(data_dir: Path) -> Path:
    return next(path for path in _names(data_dir) if not path.exists())


def _names(data_dir: Path) -> Iterator[Path]:
    number = 1
    while True:
        yield data_dir / f"replaced-{number}"
        number += 1


def _move(path: Path, folder: Path) -> None:
    if os.path.lexists(path):
        path.rename(folder / path.name)
