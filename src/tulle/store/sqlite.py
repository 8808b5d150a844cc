"""The embedded store: one SQLite file, one server, every acknowledged write on disk.

One thread uses the one connection, so commits have one order, and revisions are numbered in it. The world is
kept in memory too and is exactly what the file holds: it changes after a commit, never before. Watches read the
newest revisions from memory and older ones from the file; both are written by the same commit.
"""

import asyncio
import os
import sqlite3
import uuid
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from tulle.model.worlds import World
from tulle.pki.tokens import TokenRecord
from tulle.store import files, rows, schema
from tulle.store.contract import KEPT_REVISIONS, Batch, Change, Stamp, plan
from tulle.store.errors import StoreClosed, StoreCorrupt
from tulle.store.tail import LogSizes, Tail

T = TypeVar("T")

KEPT_LOG_BYTES = 64 * 1024 * 1024
"""How large the documents a watch can go back over may be together: few large changes weigh as many small ones."""


class SqliteStore:
    """Made by `open`. `clock` gives Unix seconds."""

    def __init__(
        self, path: Path, clock: Callable[[], float], lock: int, opened: "_Opened", sizes: LogSizes
    ) -> None:
        self._path = path
        self._clock = clock
        self._lock = lock
        self._world = opened.world
        self._sizes = sizes
        self._tail = Tail(opened.world.revision, most=sizes.keep)
        self._thread = _Thread("store", opened.connection, path)
        self._news = asyncio.Event()
        self._closed = False

    @classmethod
    def open(
        cls,
        path: Path,
        clock: Callable[[], float],
        keep: int = KEPT_REVISIONS,
        keep_bytes: int = KEPT_LOG_BYTES,
    ) -> Self:
        """The store in a file, made if it is missing. Raises StoreUnusable with the reason if it cannot be."""
        with files.store_errors(path):
            lock = files.prepare(path)
            try:
                opened = _Opened(path)
                sizes = LogSizes(rows.log_sizes(opened.connection), keep, keep_bytes)
                return cls(path, clock, lock, opened, sizes)
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
            batch = plan(world, wanted, Stamp(self._clock(), _new_uid))
            if batch and not dry_run:
                rows.commit(connection, batch, self._sizes)
                self._world = world.changed(batch.changed, batch.removed, batch.revision)
                # From here, not from the coroutine: that one may have been cancelled meanwhile.
                with suppress(RuntimeError):  # the loop has ended, and its watches with it
                    loop.call_soon_threadsafe(self._announce, batch)
            return batch

        return await self._run(work)

    async def watch(self, after: int) -> AsyncGenerator[Batch, None]:
        """Every revision after one, in order; see `contract.Store.watch`."""
        self._check_open()
        while not self._closed:
            news = self._news  # taken before reading, so that no commit falls in between
            batches = self._tail.after(after)
            if batches is None:
                batches = await self._run(partial(rows.read_log, after=after))
            for batch in batches:
                after = batch.revision
                yield batch
            if not batches:
                await news.wait()

    async def save_token(self, record: TokenRecord) -> None:
        """Remember a join token, forget expired ones."""
        now = self._clock()
        await self._run(lambda connection: rows.save_token(connection, record, now))

    async def take_token(self, token_id: str, secret_hash: str, now: float) -> TokenRecord | None:
        """Use a token up; see `contract.Store.take_token`."""
        record = await self._run(
            lambda connection: rows.take_token(connection, token_id, secret_hash)
        )
        return record if record is not None and now < record.expires_at else None

    async def image(self) -> bytes:
        """The whole store as a database file would hold it now; needs no room on the disk."""
        return await self._run(rows.image)

    async def close(self) -> None:
        """Finish the writes that have begun, end the watches, let go of the file."""
        if self._closed:
            return
        self._closed = True
        self._wake()
        await asyncio.to_thread(self._release)

    def _release(self) -> None:
        self._thread.close()
        os.close(self._lock)

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._check_open()
        return await self._thread.run(work)

    def _announce(self, batch: Batch) -> None:
        self._tail.add(batch)
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed("the store is closed")


class _Opened:
    """A file that was found good, and what it holds."""

    def __init__(self, path: Path) -> None:
        self.connection = _connect(path)
        try:
            self.world = _load(self.connection, path)
        except BaseException:
            self.connection.close()
            raise


class _Thread:
    """A connection, and the only thread that uses it."""

    def __init__(self, name: str, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something with the connection, after everything asked for earlier."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._do, work)

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        # Here and not in the loop: to find out why the disk refuses takes asking the disk.
        with files.store_errors(self._path):
            return work(self._connection)

    def close(self) -> None:
        """Finish what was asked for."""
        self._pool.submit(self._connection.close).result()
        self._pool.shutdown()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        # Alone with the file, SQLite keeps the index of its WAL in memory, and not in a mapped file: there a disk
        # that cannot be written any more would end the process with SIGBUS. Nor can a long reader keep the WAL
        # from being taken over into the database, so it stays small. First, for it counts from the first look on.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_size_limit = 16777216")
        # FULL: a commit is on the disk before it is acknowledged, also through a power cut.
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _load(connection: sqlite3.Connection, path: Path) -> World:
    schema.check(connection)
    if (verdict := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise StoreCorrupt(f"the store {path} is damaged: {verdict}", files.RESTORE)
    connection.execute("PRAGMA journal_mode = WAL")
    schema.migrate(connection)
    return rows.load(connection)


def _new_uid() -> str:
    return str(uuid.uuid4())
