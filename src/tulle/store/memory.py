"""A store in memory: for tests and for meshes that may forget. It keeps every promise but durability."""

import asyncio
import uuid
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from operator import attrgetter

from tulle.model.worlds import World
from tulle.pki.tokens import TokenRecord, same_hash
from tulle.store.contract import KEPT_REVISIONS, Batch, Change, Stamp, check_watchable, plan
from tulle.store.errors import StoreClosed


class MemoryStore:
    """All of it in one process, gone when it ends. `clock` gives Unix seconds."""

    def __init__(self, clock: Callable[[], float], keep: int = KEPT_REVISIONS) -> None:
        self._clock = clock
        self._world = World()
        self._log: deque[Batch] = deque()
        self._keep = keep
        self._tokens: dict[str, TokenRecord] = {}
        self._news = asyncio.Event()
        self._closed = False

    async def world(self) -> World:
        """Everything, at the newest revision."""
        self._check_open()
        return self._world

    async def write(self, changes: Iterable[Change], dry_run: bool = False) -> Batch:
        """Make all changes or none; see `contract.Store.write`."""
        self._check_open()
        batch = plan(self._world, changes, Stamp(self._clock(), _new_uid))
        if batch and not dry_run:
            self._world = self._world.changed(batch.changed, batch.removed, batch.revision)
            self._log.append(batch)
            while self._log[0].revision <= batch.revision - self._keep:
                self._log.popleft()
            self._wake()
        return batch

    async def watch(self, after: int) -> AsyncGenerator[Batch, None]:
        """Every revision after one, in order; see `contract.Store.watch`."""
        self._check_open()
        while not self._closed:
            news = self._news
            check_watchable(after, self._compacted, self._world.revision)
            if after == self._world.revision:
                await news.wait()
                continue
            place = bisect_right(self._log, after, key=attrgetter("revision"))
            batch = self._log[place].after(after)
            after = batch.revision
            yield batch

    async def save_token(self, record: TokenRecord) -> None:
        """Remember a join token, forget expired ones."""
        self._check_open()
        now = self._clock()
        alive = {key: token for key, token in self._tokens.items() if token.expires_at > now}
        self._tokens = alive | {record.id: record}

    async def take_token(self, token_id: str, secret_hash: str, now: float) -> TokenRecord | None:
        """Use a token up; see `contract.Store.take_token`."""
        self._check_open()
        record = self._tokens.get(token_id)
        if record is None or not same_hash(record.secret_hash, secret_hash):
            return None
        del self._tokens[token_id]
        return record if now < record.expires_at else None

    async def close(self) -> None:
        """End the watches and refuse everything else."""
        self._closed = True
        self._wake()

    @property
    def _compacted(self) -> int:
        return self._log[0].before if self._log else self._world.revision

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed("the store is closed")


def _new_uid() -> str:
    return str(uuid.uuid4())
