"""The Envoys of one workload that run now: one serves, others may be leaving; and their record on disk."""

import asyncio
import secrets
from collections.abc import Sequence

from tulle.agent.proxy.life import generation, record
from tulle.agent.proxy.life.generation import EnvoyStart, Generation
from tulle.agent.proxy.life.place import EnvoyPlace, has_memory, release_memory
from tulle.agent.proxy.life.record import Life

_LARGEST_BASE_ID = 200_000_000
"""Envoy multiplies it by ten, and prints the product as a number of 32 bits with a sign."""


class Succession:
    """`current` serves, or will; `leaving` have been replaced. What ended is buried: nothing of it is left."""

    def __init__(self, place: EnvoyPlace) -> None:
        self.place = place
        self.current: Generation | None = None
        self.leaving: list[Generation] = []
        self.alone = asyncio.Event()
        """Set while nobody is leaving."""
        self.alone.set()
        self._last_number = 0

    def inherit(self, running: Sequence[Generation]) -> None:
        """Go on with what an earlier agent left, oldest first."""
        *self.leaving, self.current = running
        self._last_number = self.current.life.number
        self.place.point_at(self.current.life.number)
        self._write()

    def next_number(self) -> int:
        """Of the next Envoy: no two of a workload have the same."""
        self._last_number += 1
        return self._last_number

    async def start(self, wanted: EnvoyStart, life: Life, parent: Life | None = None) -> Generation:
        """Start one more. It has no part in the succession before it is crowned."""
        self._write(life)
        made = await generation.start(self.place, wanted, life, parent)
        self._write(made.life)
        return made

    def crown(self, heir: Generation) -> None:
        """It serves; the one before leaves."""
        if self.current:
            self.leaving.append(self.current)
        self.current = heir
        self.place.point_at(heir.life.number)
        self._write()

    async def see_off(self, leaving: Generation, limit_s: float) -> None:
        """Wait until a replaced one has gone; one that does not go by itself is ended."""
        try:
            async with asyncio.timeout(limit_s):
                await leaving.wait()
        except TimeoutError:
            await leaving.end()
        self.bury(leaving)

    def bury(self, ended: Generation) -> None:
        """Take away what it left, and forget it."""
        self.place.clean(ended.life)
        if self.current is ended:
            self.current = None
        self.leaving = [other for other in self.leaving if other is not ended]
        if ended.life.base_id not in {other.life.base_id for other in self._running()}:
            release_memory(ended.life.base_id)
        self._write()

    async def end(self) -> None:
        """End all of them."""
        for running in reversed(self._running()):
            await running.end()
            self.bury(running)

    def _running(self) -> list[Generation]:
        return [*self.leaving, *([self.current] if self.current else [])]

    def _write(self, *newest: Life) -> None:
        if self.leaving:
            self.alone.clear()
        else:
            self.alone.set()
        lives = (running.life for running in self._running())
        record.save(self.place.folder, (*lives, *newest))


def free_base_id() -> int:
    """One nobody on this host has: it names shared memory, which all Envoys of all users share."""
    while has_memory(found := 1 + secrets.randbelow(_LARGEST_BASE_ID - 1)):
        pass
    return found
