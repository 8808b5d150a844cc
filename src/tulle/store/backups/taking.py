"""Takes what a backup holds: from a data directory no server uses, or from what a server has read of its own."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tulle.store import files, rows, schema
from tulle.store.backups.archive import Contents, Head, Lock, pack
from tulle.store.backups.inspection import revision_of, trust_domain_of
from tulle.store.backups.restoring import finish
from tulle.store.errors import StoreUnusable
from tulle.store.keys import KeyFiles


@dataclass(frozen=True, slots=True)
class Seal:
    """A key and how it came from a passphrase. Made where the passphrase is, so that it stays there."""

    lock: Lock
    key: bytes = field(repr=False)

    @classmethod
    def of(cls, passphrase: str, lock: Lock) -> "Seal":
        """Takes its time: see `Lock`."""
        return cls(lock, lock.key(passphrase))


def from_folder(data_dir: Path, *, with_keys: bool) -> Contents:
    """Store and keys of a data directory. Raises StoreInUse if a server runs on it, StoreUnusable if there is none."""
    path = data_dir / files.STORE_FILE
    if not path.exists():
        hint = "say where it is with --data-dir, or start the server and leave the flag out"
        raise StoreUnusable(f"there is no store: {path}", hint)
    with files.held(path), files.store_errors(path):
        finish(data_dir)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            schema.check(connection)
            image = rows.image(connection)
        keys = KeyFiles(data_dir / files.KEYS_FOLDER).read_all() if with_keys else {}
        return Contents(image, keys)


def packed(contents: Contents, tulle: str, created_at: str, seal: Seal | None) -> bytes:
    """The file: `tulle` is the version that writes it, `created_at` the time in RFC 3339."""
    head = Head(
        tulle=tulle,
        created_at=created_at,
        revision=revision_of(contents.image),
        trust_domain=trust_domain_of(contents.image),
        lock=seal.lock if seal else None,
    )
    return pack(contents, head, seal.key if seal else None)
