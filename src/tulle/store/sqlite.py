"""The embedded store: one SQLite file, one server, every acknowledged write on disk.

One thread writes, so commits have one order, and revisions are numbered in it; another thread reads for the
watches. The world is kept in memory too and is exactly what the file holds: it changes after a commit, never
before. A watch reads the log from the file, so what it gives is what a restart would find.
"""

import asyncio
import json
import os
import sqlite3
import uuid
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import Self, TypeVar

import msgspec

from tulle.codec.decode import resource_from_json
from tulle.codec.encode import to_json
from tulle.model.kinds import BY_KIND
from tulle.model.names import ResourceKey
from tulle.model.resources import Resource
from tulle.model.worlds import World
from tulle.pki.tokens import TokenRecord, same_hash
from tulle.store import files, schema
from tulle.store.contract import KEPT_REVISIONS, Batch, Change, Stamp, check_watchable, plan
from tulle.store.errors import StoreClosed, StoreCorrupt, StoreTooNew, StoreUnusable

T = TypeVar("T")

_READ_AT_ONCE = 256
"""Revisions a watch reads in one go: bounds the memory of one that is far behind."""


class SqliteStore:
    """Made by `open`. `clock` gives Unix seconds."""

    def __init__(
        self, path: Path, clock: Callable[[], float], keep: int, lock: int, world: World
    ) -> None:
        self._path = path
        self._clock = clock
        self._keep = keep
        self._lock = lock
        self._world = world
        self._writer = _Thread("store-writer", _connect(path))
        self._reader = _Thread("store-reader", _connect(path))
        self._news = asyncio.Event()
        self._closed = False

    @classmethod
    def open(cls, path: Path, clock: Callable[[], float], keep: int = KEPT_REVISIONS) -> Self:
        """The store in a file, made if it is missing. Raises StoreUnusable with the reason if it cannot be."""
        with files.store_errors(path):
            lock = files.prepare(path)
            try:
                return cls(path, clock, keep, lock, _load(path))
            except BaseException:
                os.close(lock)
                raise

    async def world(self) -> World:
        """Everything, at the newest revision."""
        self._check_open()
        return self._world

    async def write(self, changes: Iterable[Change], dry_run: bool = False) -> Batch:
        """Make all changes or none; see `contract.Store.write`."""
        loop, wanted = asyncio.get_running_loop(), tuple(changes)

        def work(connection: sqlite3.Connection) -> Batch:
            world = self._world
            batch = plan(world, wanted, Stamp(world.revision + 1, self._clock(), _new_uid))
            if batch and not dry_run:
                _commit(connection, batch, self._keep)
                self._world = world.changed(batch.changed, batch.removed, batch.revision)
                # From here, not from the coroutine: that one may have been cancelled meanwhile.
                with suppress(RuntimeError):  # the loop has ended, and its watches with it
                    loop.call_soon_threadsafe(self._wake)
            return batch

        return await self._run(self._writer, work)

    async def watch(self, after: int) -> AsyncGenerator[Batch, None]:
        """Every revision after one, in order; see `contract.Store.watch`."""
        self._check_open()
        while not self._closed:
            news = self._news  # taken before reading, so that no commit falls in between
            batches = await self._run(self._reader, partial(_read_log, after=after))
            for batch in batches:
                after = batch.revision
                yield batch
            if not batches:
                await news.wait()

    async def save_token(self, record: TokenRecord) -> None:
        """Remember a join token, forget expired ones."""
        now = self._clock()
        await self._run(self._writer, lambda connection: _save_token(connection, record, now))

    async def take_token(self, token_id: str, secret_hash: str, now: float) -> TokenRecord | None:
        """Use a token up; see `contract.Store.take_token`."""
        record = await self._run(
            self._writer, lambda connection: _take_token(connection, token_id, secret_hash)
        )
        return record if record is not None and now < record.expires_at else None

    async def close(self) -> None:
        """Finish the writes that have begun, end the watches, let go of the file."""
        if self._closed:
            return
        self._closed = True
        self._wake()
        await asyncio.to_thread(self._release)

    def _release(self) -> None:
        self._reader.close()
        self._writer.close()
        os.close(self._lock)

    async def _run(self, thread: "_Thread", work: Callable[[sqlite3.Connection], T]) -> T:
        self._check_open()
        with files.store_errors(self._path):
            return await thread.run(work)

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed("the store is closed")


class _Thread:
    """A connection, and the only thread that uses it."""

    def __init__(self, name: str, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something with the connection, after everything asked for earlier."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, work, self._connection)

    def close(self) -> None:
        """Finish what was asked for."""
        self._pool.submit(self._connection.close).result()
        self._pool.shutdown()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        # FULL: a commit is on the disk before it is acknowledged, also through a power cut.
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _load(path: Path) -> World:
    with closing(_connect(path)) as connection:
        schema.check(connection)
        if (verdict := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise StoreCorrupt(f"the store {path} is damaged: {verdict}", files.RESTORE)
        connection.execute("PRAGMA journal_mode = WAL")
        schema.migrate(connection)
        revision, _ = _meta(connection)
        rows = connection.execute("SELECT kind, doc FROM obj")
        return World((_decode(kind, doc) for kind, doc in rows), revision)


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some errors have ended it already
            connection.execute("ROLLBACK")
        raise


def _commit(connection: sqlite3.Connection, batch: Batch, keep: int) -> None:
    puts = [(*_names(resource.key), to_json(resource)) for resource in batch.changed]
    gone = [_names(key) for key in batch.removed]
    revision = batch.revision
    with _transaction(connection, "BEGIN IMMEDIATE"):
        before, _ = _meta(connection)
        if before != revision - 1:
            raise StoreUnusable(
                f"another program has written to the store: it is at revision {before}, not {revision - 1}",
                "restart the server; only one may use a store",
            )
        connection.executemany(
            "INSERT OR REPLACE INTO obj (kind, namespace, name, doc, revision) VALUES (?, ?, ?, ?, ?)",
            [(*put, revision) for put in puts],
        )
        connection.executemany("DELETE FROM obj WHERE (kind, namespace, name) = (?, ?, ?)", gone)
        connection.executemany(
            "INSERT INTO log (kind, namespace, name, doc, revision) VALUES (?, ?, ?, ?, ?)",
            [(*put, revision) for put in puts] + [(*names, None, revision) for names in gone],
        )
        compacted = max(0, revision - keep)
        connection.execute("DELETE FROM log WHERE revision <= ?", (compacted,))
        connection.execute("UPDATE meta SET revision = ?, compacted = ?", (revision, compacted))


def _read_log(connection: sqlite3.Connection, after: int) -> list[Batch]:
    # One transaction: what is compacted and what is there are read of the same moment.
    with _transaction(connection, "BEGIN"):
        revision, compacted = _meta(connection)
        check_watchable(after, compacted, revision)
        rows = connection.execute(
            "SELECT revision, kind, namespace, name, doc FROM log "
            "WHERE revision > ? AND revision <= ? ORDER BY revision, kind, namespace, name",
            (after, after + _READ_AT_ONCE),
        ).fetchall()
    return [_batch(revision, list(group)) for revision, group in groupby(rows, itemgetter(0))]


def _batch(revision: int, rows: list[tuple[int, str, str, str, bytes | None]]) -> Batch:
    changed = [_decode(kind, doc) for _, kind, _, _, doc in rows if doc is not None]
    removed = [ResourceKey(*names) for _, *names, doc in rows if doc is None]
    return Batch(revision, tuple(changed), tuple(removed))


def _meta(connection: sqlite3.Connection) -> tuple[int, int]:
    revision, compacted = connection.execute("SELECT revision, compacted FROM meta").fetchone()
    return revision, compacted


def _names(key: ResourceKey) -> tuple[str, str, str]:
    return key.kind, key.namespace, key.name


def _decode(kind: str, doc: bytes) -> Resource:
    if kind not in BY_KIND:
        raise StoreTooNew(
            f"the store holds a {kind}, a kind this Tulle does not know", "upgrade Tulle"
        )
    try:
        return resource_from_json(BY_KIND[kind], doc)
    except msgspec.MsgspecError as error:
        # Without the document: it may be a Secret.
        raise StoreCorrupt(f"a {kind} in the store cannot be read", files.RESTORE) from error


def _save_token(connection: sqlite3.Connection, record: TokenRecord, now: float) -> None:
    with _transaction(connection, "BEGIN IMMEDIATE"):
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


def _take_token(
    connection: sqlite3.Connection, token_id: str, secret_hash: str
) -> TokenRecord | None:
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


def _new_uid() -> str:
    return str(uuid.uuid4())
