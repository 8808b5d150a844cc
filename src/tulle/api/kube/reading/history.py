"""The latest revisions, each with what was before: what watches are told, and lists of earlier moments.

The store says what a revision made, a watch has to say also what it unmade: whether a deleted resource was
wanted, what it was last. So one task follows the store for all watches of all clients and remembers both. A
watch is a place in this memory, no queue of its own: a slow one costs nothing, and is told to begin anew
when what it wants next is forgotten.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Self

import msgspec

from tulle.model.names import ResourceKey
from tulle.model.resources import Resource
from tulle.model.worlds import World
from tulle.store.contract import Batch, Store
from tulle.store.errors import Compacted, StoreClosed, StoreError

log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder(enc_hook=dict).encode  # labels may be read-only mappings

KEPT_MOVES = 4096
"""How many revisions are remembered; those of the newest write always are."""


KEPT_BYTES = 32 * 1024 * 1024
"""How much they may be together, as JSON: few large ones weigh as much as many small ones."""

RETRY_S = 1.0
REACH_S = 5.0


@dataclass(frozen=True, slots=True)
class Move:
    """What became of one resource at a revision; None where it was not, or is not."""

    revision: int
    key: ResourceKey
    before: Resource | None
    after: Resource | None


class History:
    """Made by `open`; follows the store while `run` runs, and ends all waiting with `close`."""

    def __init__(self, store: Store, world: World, kept: int = KEPT_MOVES) -> None:
        self._store = store
        self._world = world
        self._kept = kept
        self._moves: deque[Move] = deque()
        self._weights: deque[int] = deque()
        self._bytes = 0
        self._news = asyncio.Event()
        self.closed = False

    @classmethod
    async def open(cls, store: Store, kept: int = KEPT_MOVES) -> Self:
        """A memory that begins with the store as it is."""
        return cls(store, await store.world(), kept)

    @property
    def oldest(self) -> int:
        """The revision a watch may begin after at the earliest."""
        return self._world.revision - len(self._moves)  # revisions have no gaps

    @property
    def revision(self) -> int:
        """The newest that is known."""
        return self._world.revision

    async def run(self) -> None:
        """Follow the store until it is closed. Where that fails, go on from how it is by then."""
        with suppress(StoreClosed):
            while not await self._follow():
                self._begin_anew(await self._store.world())

    async def _follow(self) -> bool:
        """Until the store is closed; False if what comes next cannot be had."""
        try:
            async with aclosing(self._store.watch(self._world.revision)) as batches:
                async for batch in batches:
                    self._add(batch)
        except StoreClosed:
            raise
        except Compacted:
            log.warning("the API fell behind the store: watches begin anew")
            return False
        except StoreError as error:
            log.warning("the API cannot follow the store", extra={"error": str(error)})
            await asyncio.sleep(RETRY_S)
            return False
        return True

    def after(self, revision: int) -> list[Move] | None:
        """Every revision after one, as far as known; None if some of them are forgotten."""
        if not self.oldest <= revision <= self._world.revision:
            return None
        return [self._moves[at] for at in range(revision - self.oldest, len(self._moves))]

    def world_at(self, revision: int, newest: World) -> World | None:
        """The world as it was at a revision, None if that is forgotten or has not been.

        `newest` is the store's, which may be ahead of this memory.
        """
        if revision == newest.revision:
            return newest
        later = self.after(revision)
        if later is None:
            return None
        before: dict[ResourceKey, Resource | None] = {}
        for move in later:
            before.setdefault(move.key, move.before)
        put = [resource for resource in before.values() if resource is not None]
        gone = [key for key, resource in before.items() if resource is None]
        return self._world.changed(put, gone, revision)

    async def reach(self, revision: int) -> None:
        """Until a revision of the store is known here too: it is on its way, this follows a moment behind.

        Gives up in the end: then `after` and `world_at` do not know it.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(REACH_S):
                while self._world.revision < revision and not self.closed:
                    await self._news.wait()

    async def wait(self, revision: int, timeout_s: float) -> None:
        """Until a revision after this one is known, the memory is closed, or the time is up."""
        news = self._news
        if self._world.revision > revision or self.closed:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await news.wait()
        except TimeoutError:
            return

    def close(self) -> None:
        """End all waiting: watches end."""
        self.closed = True
        self._wake()

    def _add(self, batch: Batch) -> None:
        if batch.before != self._world.revision:
            # Places are counted: with a gap all of them would be wrong.
            self._begin_anew(self._world.changed(batch.changed, batch.removed, batch.revision))
            return
        for move in _moves(batch, self._world):
            weight = len(_encode(move.after)) if move.after else 0
            self._moves.append(move)
            self._weights.append(weight)
            self._bytes += weight
        self._world = self._world.changed(batch.changed, batch.removed, batch.revision)
        while len(self._moves) > len(batch) and (
            len(self._moves) > self._kept or self._bytes > KEPT_BYTES
        ):
            self._moves.popleft()
            self._bytes -= self._weights.popleft()
        self._wake()

    def _begin_anew(self, world: World) -> None:
        self._world, self._bytes = world, 0
        self._moves.clear()
        self._weights.clear()
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


def _moves(batch: Batch, before: World) -> Iterator[Move]:
    gone = frozenset(batch.removed)
    for revision, key, after in batch.numbered():
        # What is removed and made anew in one write was gone when it was made.
        yield Move(revision, key, None if after and key in gone else before.find(key), after)
