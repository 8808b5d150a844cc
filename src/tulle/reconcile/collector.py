"""The loop that takes away what `ownership` finds due: after every revision that may have left something behind."""

import asyncio
import logging
from contextlib import aclosing

from tulle.reconcile.ownership import due, matters
from tulle.store.contract import Store
from tulle.store.errors import Compacted, ConflictError, NotFound, StoreClosed, StoreError

log = logging.getLogger(__name__)

RETRY_S = 1.0
"""Wait this long after the store failed."""

GATHER_S = 0.01
"""What happens within this time is looked at together."""


class Collector:
    """Deletes what has no owner or no namespace left. One for each store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self) -> None:
        """Work until cancelled, or until the store is closed."""
        while True:
            try:
                await self._follow(await self.sweep())
            except StoreClosed:
                return
            except StoreError as error:
                log.warning("what has no owner stays for now", extra={"error": str(error)})
                await asyncio.sleep(RETRY_S)

    async def sweep(self) -> int:
        """Do what is due, until nothing is; the revision at which nothing was."""
        while True:
            world = await self._store.world()
            changes = due(world)
            if not changes:
                return world.revision
            try:
                await self._store.write(changes)
            except (ConflictError, NotFound):
                continue  # somebody was faster: look again

    async def _follow(self, after: int) -> None:
        """Return when something may be due."""
        try:
            async with aclosing(self._store.watch(after)) as batches:
                async for batch in batches:
                    if matters(batch):
                        await asyncio.sleep(GATHER_S)
                        return
        except Compacted:
            return
