"""The tables of the SQLite store, and how a file of an older Tulle becomes one of today's.

`user_version` counts the migrations a file has seen; each runs in one transaction with its count. `obj` is what
is now, `log` what happened (no `doc`: removed; `batch`: the last revision of its transaction), `meta` the one row
that orders revisions, `tokens` hashes only.
"""

import sqlite3
from collections.abc import Sequence

from tulle.store.errors import StoreForeign, StoreTooNew

APPLICATION_ID = 0x54756C6C
"""`Tull`: what tells our files from other SQLite databases."""

_FIRST = """
CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    compacted INTEGER NOT NULL
);
INSERT INTO meta VALUES (1, 0, 0);
CREATE TABLE obj (
    kind TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    doc BLOB NOT NULL,
    PRIMARY KEY (kind, namespace, name)
) WITHOUT ROWID;
CREATE TABLE log (
    revision INTEGER NOT NULL,
    kind TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    doc BLOB,
    PRIMARY KEY (revision, kind, namespace, name)
) WITHOUT ROWID;
CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    secret_hash TEXT NOT NULL,
    namespace TEXT NOT NULL,
    service_account TEXT NOT NULL,
    labels TEXT NOT NULL,
    expires_at REAL NOT NULL,
    name TEXT NOT NULL
) WITHOUT ROWID;
"""

# Until here the changes of a transaction had one revision together.
_NUMBERED = """
ALTER TABLE log ADD COLUMN batch INTEGER NOT NULL DEFAULT 0;
UPDATE log SET batch = revision;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _NUMBERED)
"""Only ever appended to: files in the field have run the others."""


def check(connection: sqlite3.Connection) -> None:
    """Refuse a file that is not ours or is from the future, before anything of it is touched."""
    version, mark = _pragma(connection, "user_version"), _pragma(connection, "application_id")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    is_empty = version == 0 and tables == 0 and mark == 0
    if mark != APPLICATION_ID and not is_empty:
        raise StoreForeign(
            f"{_file(connection)} is a database of another program",
            "choose another --data-dir, or move the file away",
        )
    if version > len(MIGRATIONS):
        raise StoreTooNew(
            f"the store {_file(connection)} was written by a newer Tulle "
            f"(schema {version}; this one knows {len(MIGRATIONS)})",
            "upgrade Tulle here, or restore the backup made before the upgrade",
        )


def migrate(connection: sqlite3.Connection, scripts: Sequence[str] = MIGRATIONS) -> None:
    """Bring a file that passed `check` to today's tables: each step whole, or not at all."""
    version = _pragma(connection, "user_version")
    for number, script in enumerate(scripts[version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {script} PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {number}; COMMIT;"
        )


def _file(connection: sqlite3.Connection) -> str:
    """The path a connection was opened with."""
    return str(connection.execute("PRAGMA database_list").fetchone()[2])


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
