"""Replacing an Envoy that serves by another one, so that nothing is lost, and nothing changes if that fails.

The heir gets its configuration from the agent while the old one still serves. Only when the heir serves is the
old one told to drain: by the heir itself in a hot restart, by us where they cannot speak with each other.
"""

import asyncio
from dataclasses import dataclass

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

READY_LIMIT_S = 30.0
"""An heir that does not serve by then never will."""
_LAST_MOMENT_S = 5.0
"""A hot-restarted Envoy ends its parent itself; we only end one that was forgotten."""


@dataclass(frozen=True, slots=True)
class Handover:
    """From the Envoy that serves to the one that is wanted."""

    line: Succession
    old: Generation
    wanted: EnvoyStart
    recipe: Recipe

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
        heir = await self._start(way)
        if await _serves(heir):
            self.line.crown(heir)
            return ""
        await heir.kill()  # asked to end, it would take the one before it along
        if isinstance(way, HotRestart):
            self.old.life = msgspec.structs.replace(self.old.life, barren=True)
        self.line.bury(heir)
        return f"the new Envoy did not become ready:\n{last_lines(self.line.place.log)}"

    @property
    def limit_s(self) -> float:
        """How long the old one may take to leave."""
        drain_s = max(self.old.life.recipe.drain_s, self.recipe.drain_s)
        return shutdown_s(drain_s) + _LAST_MOMENT_S

    async def _start(self, way: HotRestart | Beside) -> Generation:
        life, parent = self._life(way)
        return await self.line.start(self.wanted, life, parent)

    def _life(self, way: HotRestart | Beside) -> tuple[Life, Life | None]:
        number = self.line.next_number()
        if isinstance(way, HotRestart):
            return next_life(self.old.life, number, self.recipe), self.old.life
        return first_life(number, free_base_id(), self.recipe), None


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
