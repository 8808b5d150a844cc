"""The Envoy of a workload, for as long as the workload lives: one process after another, each watched.

What happens to them, and what this does about it:

- It ends, or is killed: the next one is started at once (later, if that goes on).
- It hangs: it is killed after a bounded patience, which is an end.
- Another one is wanted (a new binary, other flags, another bootstrap; or somebody asks): the next one takes over
  its sockets, and only when that one serves does it drain and end. If the next one never serves, it goes on.
- The agent ends: it ends too, unless it is `independent`; then the next agent adopts it.

It gets its configuration from the agent's socket (`door`), so none of these needs the control plane.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tulle.agent.control.backoff import Backoff
from tulle.agent.errors import AgentError
from tulle.agent.events import Notice
from tulle.agent.proxy.admin import Admin, Pulse
from tulle.agent.proxy.life import binary
from tulle.agent.proxy.life.generation import EnvoyStart, Generation
from tulle.agent.proxy.life.handover import Handover, Listeners
from tulle.agent.proxy.life.logs import keep_last, last_lines
from tulle.agent.proxy.life.moves import (
    Beside,
    HotRestart,
    Keep,
    Move,
    first_life,
    move,
    shutdown_s,
)
from tulle.agent.proxy.life.place import EnvoyPlace, has_memory
from tulle.agent.proxy.life.predecessors import predecessors
from tulle.agent.proxy.life.record import Binary
from tulle.agent.proxy.life.succession import Succession, free_base_id

_STABLE_S = 30.0
"""An Envoy that ran so long had no trouble starting: the next trouble is a new one."""
_HOPELESS_STARTS = 3
"""So many that never became ready and went by themselves: waiting mends nothing. One that was ready once
serves a program that runs, and is tried for ever."""
_FIRST_LOOK_S, _STARTING_LOOK_S, _LOOK_EVERY_S = 0.02, 0.25, 1.0
"""How often Envoy is asked how it is: in its first moment, until it serves, and from then on."""
_ANSWER_S = 3.0
_SILENT_LOOKS = 3
"""An Envoy that answers nothing for this many looks in a row hangs. Together about 12 s: a busy host is slow too."""


class Around(Protocol):
    """What is beside an Envoy, and has a part in its replacement (`sidecar`)."""

    async def prepared(self) -> str:
        """Called before an Envoy is replaced: returns when its heir will be told everything, or why it will not."""
        ...

    def concluded(self) -> None:
        """Another Envoy serves, or one that was wanted does not: `version` and `last_failure` say it."""
        ...


@dataclass(slots=True)
class _Wish:
    """What is wanted instead of what runs. `forced`: even if that is the same."""

    start: EnvoyStart
    forced: bool = False
    heard: list["asyncio.Future[str]"] = field(default_factory=list)

    def answer(self, text: str) -> None:
        for future in self.heard:
            if not future.done():
                future.set_result(text)


class Envoy:
    """Keeps one Envoy running. `ready` is set while it serves what it was told."""

    def __init__(
        self,
        start: EnvoyStart,
        place: EnvoyPlace,
        tell: Callable[[Notice], None],
        listeners: Listeners,
        around: Around,
    ) -> None:
        self.ready = asyncio.Event()
        self.last_failure = ""
        """Why the last wish for another Envoy was not fulfilled; "" if it was."""
        self._start = start
        self._line = Succession(place)
        self._tell = tell
        self._listeners = listeners
        self._around = around
        self._backoff = Backoff(first_s=0.1, most_s=2.0)
        self._starts = 0
        self._ever_ready = False
        self._outlives = start.independent
        self._wish: _Wish | None = None
        self._wished = asyncio.Event()

    @property
    def admin(self) -> Admin:
        """Of the Envoy that serves."""
        current = self._line.current
        return current.admin if current else Admin(self._line.place.admin(0))

    @property
    def lives(self) -> int:
        """The number of the Envoy that serves: each counts from zero. 0 while there is none."""
        return self._line.current.life.number if self._line.current else 0

    @property
    def version(self) -> str:
        """Of the Envoy that serves; "" while there is none."""
        current = self._line.current
        return current.life.recipe.binary.version if current else ""

    @property
    def pid(self) -> int | None:
        """The process of the Envoy that serves; None while there is none."""
        current = self._line.current
        return current.life.mark.pid if current and current.life.mark else None

    async def want(self, start: EnvoyStart) -> str:
        """Have it run so from now on; returns when it does, or why it does not. It serves either way."""
        return await self._ask_for(_Wish(start))

    async def restart(self) -> str:
        """The same, for another one of what runs now."""
        return await self._ask_for(_Wish(self._wish.start if self._wish else self._start, True))

    @property
    def wanted(self) -> EnvoyStart:
        """How it runs, or is to run soon."""
        return self._wish.start if self._wish else self._start

    def dismiss(self) -> None:
        """The workload ends: when this is cancelled, an independent Envoy ends too."""
        self._outlives = False

    async def run(self) -> None:
        """Start Envoy whenever it is not there, until cancelled; then end it, unless it outlives the agent."""
        try:
            async with asyncio.TaskGroup() as group:
                await self._take_over(group)
                while True:
                    await self._attend(self._line.current or await self._begin(), group)
        finally:
            self.ready.clear()
            if self._wish:
                self._wish.answer("the agent ends")
            if not self._outlives:
                await self._line.end()

    async def _take_over(self, group: asyncio.TaskGroup) -> None:
        """Go on with the Envoy that an earlier agent left, if it may outlive agents."""
        running = await predecessors(self._line.place, keep=self._start.independent)
        if not running:
            keep_last(self._line.place.log)
            return
        self._line.inherit(running)
        for leaving in self._line.leaving:
            limit_s = shutdown_s(leaving.life.recipe.drain_s)
            group.create_task(self._line.see_off(leaving, limit_s))
        if await self.admin.is_ready():
            self._ever_ready = True
            self.ready.set()
        self._put(_Wish(self._start))  # it may have been started otherwise than it would be now

    async def _begin(self) -> Generation:
        """Start one that takes over from nobody."""
        while (found := await self._binary()) is None:  # noqa: ASYNC110 - nobody tells us of it
            await asyncio.sleep(self._backoff.next_s())
        recipe = self._start.recipe(found)
        life = first_life(self._line.next_number(), free_base_id(), recipe)
        self._starts += 1
        self._line.crown(made := await self._line.start(self._start, life))
        return made

    async def _binary(self) -> Binary | None:
        """None while it is being replaced by another one, perhaps: a program that runs needs its Envoy back."""
        try:
            return await binary.look_at(self._start.binary)
        except AgentError as error:
            if not self._ever_ready:
                raise
            self._tell(Notice(f"Envoy cannot be started: {error}; trying again"))
            return None

    async def _attend(self, envoy: Generation, group: asyncio.TaskGroup) -> None:
        """Until it has ended, or another one is wanted, and then do what is due."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as looking:
            ending = looking.create_task(envoy.wait())
            watching = looking.create_task(self._look_after(envoy))
            wishing = looking.create_task(self._wished.wait())
            await asyncio.wait({ending, wishing}, return_when=asyncio.FIRST_COMPLETED)
            ended = ending.done()
            for task in (ending, watching, wishing):
                task.cancel()
        if not ended:
            await self._fulfil(envoy, group)
            return
        if loop.time() - began > _STABLE_S:
            self._backoff.reset()
        await self._mourn(envoy, ending.result())

    async def _look_after(self, envoy: Generation) -> None:
        """Know when it serves; kill it when it hangs: nobody else would, and it would not last for ever."""
        pause_s, silent = _FIRST_LOOK_S, 0
        while silent < _SILENT_LOOKS:
            pulse = await envoy.admin.pulse(_ANSWER_S)
            silent = silent + 1 if pulse is Pulse.SILENT else 0
            if pulse is Pulse.READY:
                pause_s = _LOOK_EVERY_S
                self._ever_ready = True
                self.ready.set()
            elif not self.ready.is_set():
                pause_s = min(pause_s * 1.3, _STARTING_LOOK_S)
            if silent:
                self.ready.clear()
            await asyncio.sleep(0 if silent else pause_s)
        self._tell(Notice(f"Envoy answers nothing for {silent * _ANSWER_S:g} s; killing it"))
        await envoy.kill()

    async def _mourn(self, envoy: Generation, code: int | None) -> None:
        """It ended, and nobody wanted that."""
        self.ready.clear()
        self._line.bury(envoy)
        if not self._ever_ready and self._starts >= _HOPELESS_STARTS and code != 0:
            log = self._line.place.log
            raise AgentError(
                "envoy-fails",
                f"Envoy does not start{_with_code(code)}:\n{last_lines(log)}",
                f"all of its log: {log}",
            )
        how = "" if code is None else f" with {code}"
        self._tell(Notice(f"Envoy ended{how}; starting it again"))
        await asyncio.sleep(self._backoff.next_s())

    async def _fulfil(self, envoy: Generation, group: asyncio.TaskGroup) -> None:
        """Have the wished-for Envoy take over, if it is another one and can."""
        wish, self._wish = self._wish, None
        self._wished.clear()
        if wish is None:
            return
        failure = "the agent ends"
        try:
            failure = await self._replace(envoy, wish, group)
        except AgentError as error:
            failure = str(error.problem)
        finally:
            self.last_failure = failure
            wish.answer(failure)
            self._around.concluded()
        if failure:
            self._tell(Notice(f"Envoy is not replaced and goes on as it was: {failure}"))

    async def _replace(self, envoy: Generation, wish: _Wish, group: asyncio.TaskGroup) -> str:
        """Why it was not replaced; "" where that was done, or not needed."""
        handover, way = await self._plan(envoy, wish)
        if isinstance(way, Keep):
            self._start = wish.start
            return ""
        if objection := await handover.objection():
            return objection
        if not self.ready.is_set() and not await envoy.admin.is_ready():
            # Nobody is served: there is nothing to hand over.
            self._start = wish.start
            await envoy.kill()
            self._line.bury(envoy)
            return ""
        if obstacle := await self._obstacle(envoy):
            return obstacle
        failure = await self._hand_over(handover, way, group)
        if failure and await envoy.admin.pulse() is Pulse.AWAY:
            failure += await self._restore(envoy, group)
        return failure

    async def _plan(self, envoy: Generation, wish: _Wish) -> tuple[Handover, Move]:
        recipe = wish.start.recipe(await binary.look_at(wish.start.binary))
        memory = has_memory(envoy.life.base_id)
        way = move(envoy.life, recipe, forced=wish.forced, has_memory=memory)
        return Handover(self._line, envoy, wish.start, recipe, self._listeners), way

    async def _obstacle(self, envoy: Generation) -> str:
        """Wait for what must be before an heir may start; why it may not.

        Two that leave at once are one too many: Envoy ends the older of them before its connections are drained.
        """
        async with asyncio.TaskGroup() as group:
            ending = group.create_task(envoy.wait())
            waiting = group.create_task(self._prepared())
            await asyncio.wait({ending, waiting}, return_when=asyncio.FIRST_COMPLETED)
            obstacle = waiting.result() if waiting.done() else "it ended meanwhile"
            ending.cancel()
            waiting.cancel()
        return obstacle

    async def _prepared(self) -> str:
        await self._line.alone.wait()
        return await self._around.prepared()

    async def _hand_over(
        self, handover: Handover, way: HotRestart | Beside, group: asyncio.TaskGroup
    ) -> str:
        failure = await handover.by(way)
        if not failure:
            self._start = handover.wanted
            self._backoff.reset()
            group.create_task(self._line.see_off(handover.old, handover.limit_s))
            how = (
                f", for some milliseconds nobody listened: {way.why}"
                if isinstance(way, Beside)
                else ""
            )
            self._tell(Notice(f"Envoy is replaced by its heir and drains its connections{how}"))
        return failure

    async def _restore(self, envoy: Generation, group: asyncio.TaskGroup) -> str:
        """An heir that failed has closed the admin socket of the one that goes on: have an equal heir instead."""
        handover, way = await self._plan(envoy, _Wish(self._start, forced=True))
        if isinstance(way, Keep) or handover.recipe != envoy.life.recipe:
            return "\nits admin socket is closed until it is replaced"
        return await self._hand_over(handover, way, group)

    async def _ask_for(self, wish: _Wish) -> str:
        heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        wish.heard.append(heard)
        self._put(wish)
        return await heard

    def _put(self, wish: _Wish) -> None:
        """The latest wish counts; who wished before hears of it too."""
        if self._wish:
            wish.heard += self._wish.heard
            wish.forced = wish.forced or self._wish.forced
        self._wish = wish
        self._wished.set()


def _with_code(code: int | None) -> str:
    return "" if code is None else f" (exit code {code})"
