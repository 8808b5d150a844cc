"""Replacing an Envoy that serves by another one, so that nothing is lost, and nothing changes if that fails.

The heir gets its configuration from the agent while the old one still serves. Only when the heir serves is the
old one told to drain: by the heir itself in a hot restart, by us where they cannot speak with each other.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import msgspec

from tulle.agent.proxy.admin import Admin
from tulle.agent.proxy.life import binary
from tulle.agent.proxy.life.generation import EnvoyStart, Generation
from tulle.agent.proxy.life.logs import last_lines
from tulle.agent.proxy.life.moves import (
    Beside,
    HotRestart,
    first_life,
    next_life,
    shutdown_s,
)
from tulle.agent.proxy.life.record import Life, Recipe
from tulle.agent.proxy.life.succession import Succession, free_base_id
from tulle.agent.proxy.relay import Stance

READY_LIMIT_S = 30.0
"""An heir that does not serve by then never will."""
_LOOK_EVERY_S = 0.005
_LAST_MOMENT_S = 5.0
"""A hot-restarted Envoy ends its parent itself; we only end one that was forgotten."""


class Listeners(Protocol):
    """Who tells Envoys where to listen (`exchange`)."""

    def withhold(self, number: int) -> None:
        """Have an Envoy that comes wait for its listeners."""
        ...

    def release(self, number: int) -> None:
        """Let it have them; those it could not take, once more."""
        ...

    def retire(self, number: int, *, retired: bool = True) -> None:
        """Have one let go of its listeners and drain; or give them back to it."""
        ...

    def stance(self, number: int) -> Stance:
        """How far one has come with its listeners."""
        ...


@dataclass(frozen=True, slots=True)
class Handover:
    """From the Envoy that serves to the one that is wanted."""

    line: Succession
    old: Generation
    wanted: EnvoyStart
    recipe: Recipe
    listeners: Listeners

    async def objection(self) -> str:
        """Why the heir would not even start, known without hurting anybody; "" if nothing speaks against it."""
        place, number = self.line.place, self.old.life.number
        draft = place.folder / "envoy-draft.json"
        draft.write_bytes(self.wanted.bootstrap.content(str(place.admin(number + 1))))
        try:
            return await binary.objection(self.wanted.binary, draft)
        finally:
            draft.unlink()

    async def by(self, way: HotRestart | Beside) -> str:
        """Hand over; why it failed, "" if it did not. After a failure the old one goes on."""
        return await (self._beside() if isinstance(way, Beside) else self._by_hot_restart())

    async def _by_hot_restart(self) -> str:
        """Envoys do it themselves: the heir gets the sockets, and tells the old one to drain when it serves."""
        heir = await self._start(next_life(self.old.life, self.line.next_number(), self.recipe))
        if await _serves(heir):
            self.line.crown(heir)
            return ""
        self.old.life = msgspec.structs.replace(self.old.life, barren=True)
        return await self._give_up(heir)

    async def _beside(self) -> str:
        """We do it: the heir has all but its listeners, the old one lets go of them, the heir takes them.

        For the milliseconds in between nobody listens. What is connected goes on and is drained.
        """
        number, old = self.line.next_number(), self.old.life.number
        self.listeners.withhold(number)
        heir = await self._start(first_life(number, free_base_id(), self.recipe), parent=False)
        if not await self._until(number, Stance.ASKS):
            return await self._give_up(heir)
        self.listeners.retire(old)
        await self._until(old, Stance.HAS_NONE, Stance.AWAY)
        self.listeners.release(number)
        if await self._until(number, Stance.HAS_ALL) and await _serves(heir):
            self.line.crown(heir)
            return ""
        failure = await self._give_up(heir)
        self.listeners.retire(old, retired=False)
        return failure

    async def _until(self, number: int, *wanted: Stance) -> bool:
        """Wait for an Envoy; False if it does not get there. A port may be free only a moment later."""
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_LIMIT_S):
                while (stance := self.listeners.stance(number)) not in wanted:
                    await asyncio.sleep(_LOOK_EVERY_S)
                    if stance is Stance.REFUSES:
                        self.listeners.release(number)
                return True
        return False

    async def _give_up(self, heir: Generation) -> str:
        await heir.kill()  # asked to end, it would take the one before it along
        self.line.bury(heir)
        return f"the new Envoy did not become ready:\n{last_lines(self.line.place.log)}"

    @property
    def limit_s(self) -> float:
        """How long the old one may take to leave."""
        drain_s = max(self.old.life.recipe.drain_s, self.recipe.drain_s)
        return shutdown_s(drain_s) + _LAST_MOMENT_S

    async def _start(self, life: Life, *, parent: bool = True) -> Generation:
        return await self.line.start(self.wanted, life, self.old.life if parent else None)


async def become_ready(admin: Admin) -> None:
    """Return once it serves."""
    wait_s = 0.02
    while not await admin.is_ready():
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 1.3, 0.25)


async def _serves(heir: Generation) -> bool:
    """Wait until it does, or never will."""
    async with asyncio.TaskGroup() as group:
        ready = group.create_task(become_ready(heir.admin))
        ended = group.create_task(heir.wait())
        await asyncio.wait(
            {ready, ended}, timeout=READY_LIMIT_S, return_when=asyncio.FIRST_COMPLETED
        )
        serves = ready.done() and not ended.done()
        ready.cancel()
        ended.cancel()
    return serves
