"""The store's SQL: resources, their log and tokens as rows of the tables in `schema`, in transactions."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType

import msgspec

from tulle.codec.decode import resource_from_json
from tulle.codec.encode import to_json
from tulle.model.kinds import BY_KIND
from tulle.model.names import ResourceKey
from tulle.model.resources import Resource
from tulle.model.worlds import World
from tulle.pki.tokens import TokenRecord, same_hash
from tulle.store import files
from tulle.store.contract import Batch, check_watchable
from tulle.store.errors import StoreCorrupt, StoreTooNew, StoreUnusable
from tulle.store.tail import LogSizes

_READ_AT_ONCE = 256
"""Revisions a watch reads in one go, and the rest of a transaction: bounds the memory of one that is far behind."""

_JOURNAL_MODES = slice(18, 20)
"""Where a database file says how it is journalled: 2 is WAL, 1 is none besides itself."""


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    """All of the block, or nothing."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some errors have ended it already
            connection.execute("ROLLBACK")
        raise


def load(connection: sqlite3.Connection) -> World:
    """Everything, at the newest revision."""
    revision, _ = meta(connection)
    found = connection.execute("SELECT kind, doc FROM obj")
    return World((decode(kind, doc) for kind, doc in found), revision)


def log_sizes(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """The transactions of the log by their last revision, oldest first, and the bytes of their documents."""
    return connection.execute(
        "SELECT batch, coalesce(sum(length(doc)), 0) FROM log GROUP BY batch ORDER BY batch"
    ).fetchall()


def commit(connection: sqlite3.Connection, batch: Batch, sizes: LogSizes) -> None:
    """Write what a transaction of ours changed, and let go of revisions that are too old."""
    changes = [
        (number, *_names(key), None if resource is None else to_json(resource))
        for number, key, resource in batch.numbered()
    ]
    puts = [change for change in changes if change[-1] is not None]
    revision, size = batch.revision, sum(len(doc) for *_, doc in changes if doc is not None)
    compacted = sizes.compacted_with(revision, size)
    with transaction(connection, "BEGIN IMMEDIATE"):
        before, _ = meta(connection)
        if before != batch.before:
            raise StoreUnusable(
                f"another program has written to the store: it is at revision {before}, not {batch.before}",
                "restart the server; only one may use a store",
            )
        connection.executemany(
            "DELETE FROM obj WHERE (kind, namespace, name) = (?, ?, ?)", map(_names, batch.removed)
        )
        connection.executemany(
            "INSERT OR REPLACE INTO obj (revision, kind, namespace, name, doc) VALUES (?, ?, ?, ?, ?)",
            puts,
        )
        connection.executemany(
            "INSERT INTO log (batch, revision, kind, namespace, name, doc) VALUES (?, ?, ?, ?, ?, ?)",
            [(revision, *change) for change in changes],
        )
        connection.execute("DELETE FROM log WHERE revision <= ?", (compacted,))
        connection.execute(
            "UPDATE meta SET revision = ?, compacted = max(compacted, ?)", (revision, compacted)
        )
    sizes.add(revision, size, compacted)


def read_log(connection: sqlite3.Connection, after: int) -> tuple[Batch, ...]:
    """The next revisions after one, not all at once, up to where a transaction ends."""
    # One transaction: what is compacted and what is there are read of the same moment.
    with transaction(connection, "BEGIN"):
        revision, compacted = meta(connection)
        check_watchable(after, compacted, revision)
        rows = connection.execute(
            "SELECT batch, kind, namespace, name, doc FROM log WHERE revision > ? AND revision <= "
            "(SELECT batch FROM log WHERE revision <= ? ORDER BY revision DESC LIMIT 1) "
            "ORDER BY revision, kind, namespace, name",
            (after, after + _READ_AT_ONCE),
        ).fetchall()
    return tuple(_batch(revision, list(group)) for revision, group in groupby(rows, itemgetter(0)))


def meta(connection: sqlite3.Connection) -> tuple[int, int]:
    """The newest revision, and the newest one that is no longer in the log."""
    revision, compacted = connection.execute("SELECT revision, compacted FROM meta").fetchone()
    return revision, compacted


def image(connection: sqlite3.Connection) -> bytes:
    """The database as one file holds it, with what is still in the WAL."""
    found = bytearray(connection.serialize())
    found[_JOURNAL_MODES] = b"\x01\x01"  # there is no WAL beside it
    return bytes(found)


def decode(kind: str, doc: bytes) -> Resource:
    """A stored document."""
    if kind not in BY_KIND:
        raise StoreTooNew(
            f"the store holds a {kind}, a kind this Tulle does not know", "upgrade Tulle"
        )
    try:
        return resource_from_json(BY_KIND[kind], doc)
    except (msgspec.MsgspecError, TypeError) as error:
        # Without the document: it may be a Secret.
        raise StoreCorrupt(f"a {kind} in the store cannot be read", files.RESTORE) from error


def save_token(connection: sqlite3.Connection, record: TokenRecord, now: float) -> None:
    """Remember a token, forget expired ones (Unix seconds)."""
    with transaction(connection, "BEGIN IMMEDIATE"):
        connection.execute("DELETE FROM tokens WHERE expires_at <= ?", (now,))
        connection.execute(
            "INSERT OR REPLACE INTO tokens "
            "(id, secret_hash, namespace, service_account, labels, expires_at, name) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                record.id,
                record.secret_hash,
                record.namespace,
                record.service_account,
                json.dumps(dict(record.labels)),
                record.expires_at,
                record.name,
            ),
        )


def take_token(
    connection: sqlite3.Connection, token_id: str, secret_hash: str
) -> TokenRecord | None:
    """Use a token up, also one that has expired."""
    row = connection.execute(
        "SELECT id, secret_hash, namespace, service_account, labels, expires_at, name "
        "FROM tokens WHERE id = ?",
        (token_id,),
    ).fetchone()
    if row is None or not same_hash(row[1], secret_hash):
        return None
    # Nobody comes between: one thread writes.
    connection.execute("DELETE FROM tokens WHERE id = ?", (token_id,))
    stored_id, stored_hash, namespace, account, labels, expires_at, name = row
    return TokenRecord(
        id=stored_id,
        secret_hash=stored_hash,
        namespace=namespace,
        service_account=account,
        labels=MappingProxyType(json.loads(labels)),
        expires_at=expires_at,
        name=name,
    )


def _batch(revision: int, rows: list[tuple[int, str, str, str, bytes | None]]) -> Batch:
    changed = [decode(kind, doc) for _, kind, _, _, doc in rows if doc is not None]
    removed = [ResourceKey(*names) for _, *names, doc in rows if doc is None]
    return Batch(revision, tuple(changed), tuple(removed))


def _names(key: ResourceKey) -> tuple[str, str, str]:
    return key.kind, key.namespace, key.name
