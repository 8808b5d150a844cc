"""All the workloads an agent carries, each a task of its own: added, found, reported, ended together.

`agent` decides when; what one of them suffers stops none of the others.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tulle.agent.deadline import Stop
from tulle.agent.events import AgentEvent
from tulle.agent.host.book import Record
from tulle.agent.host.frames import Denied
from tulle.agent.host.hosted import Hosted, Means
from tulle.agent.host.lodging import Lodging, Send
from tulle.agent.programs.tenant import StandingTenant
from tulle.settings import AgentSettings

_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
"""What commands that probe a declared program find."""
_TRY_AGAIN_S = 10.0
_PATIENCE_S = 10.0
"""How much longer than its callers may take a `tulle run` gets to end its program, when all are to end."""


@dataclass(slots=True)
class Entry:
    """A workload on the roster. `lodging` None: a file declares it."""

    hosted: Hosted
    settings: AgentSettings
    stop: Stop
    lodging: Lodging | None
    task: "asyncio.Task[None] | None" = None


class Roster:
    """Keyed by the folder of their state: there is one carrier for a folder."""

    def __init__(self, means: Means, group: asyncio.TaskGroup) -> None:
        self._means = means
        self._group = group
        self._entries: dict[Path, Entry] = {}

    def __iter__(self) -> Iterator[Entry]:
        return iter(sorted(self._entries.values(), key=lambda entry: entry.hosted.name))

    def get(self, folder: Path) -> Entry | None:
        """What is carried from that folder, or still leaves it."""
        return self._entries.get(folder)

    def lodge(self, record: Record, settings: AgentSettings, send: Send | None = None) -> Lodging:
        """Carry a workload for a `tulle run`; `send` None: of an earlier agent, its `tulle run` comes yet."""
        assert record.owner
        stop = Stop()
        lodging = Lodging(record.owner, stop, healthy=record.healthy)
        if send is not None:
            lodging.attach(record.owner, send)
        hosted = Hosted(record, settings, self._means, stop, lodging.observe)
        self._start(Entry(hosted, settings, stop, lodging))
        return lodging

    def declare(self, record: Record, settings: AgentSettings) -> None:
        """Carry what a file declares until that is asked to stop; what fails is tried again."""
        stop = Stop()
        hosted = Hosted(record, settings, self._means, stop, _ignore)
        self._start(Entry(hosted, settings, stop, None))

    async def until_gone(self, folder: Path) -> None:
        """Return when nothing is carried from that folder any more."""
        entry = self._entries.get(folder)
        if entry and entry.task:
            await asyncio.wait({entry.task})

    async def dismiss_all(self) -> None:
        """Drain everything; return when nothing is left."""
        for entry in list(self._entries.values()):
            if entry.lodging:
                entry.lodging.dismiss()
            else:
                entry.stop.ask()
        longest = max((entry.settings.drain_s for entry in self._entries.values()), default=0.0)
        try:
            async with asyncio.timeout(longest + _PATIENCE_S):
                await self._all_ended()
        except TimeoutError:
            for entry in self._entries.values():
                if entry.lodging:
                    entry.lodging.give_up()
            await self._all_ended()

    async def abandon_all(self) -> None:
        """Leave everything running, for the next agent; return when all is left."""
        for entry in self._entries.values():
            if entry.task:
                entry.task.cancel()
        await self._all_ended()

    async def _all_ended(self) -> None:
        if tasks := {entry.task for entry in self._entries.values() if entry.task}:
            await asyncio.wait(tasks)

    def _start(self, entry: Entry) -> None:
        folder = entry.settings.state_dir
        self._entries[folder] = entry
        entry.task = self._group.create_task(self._run(folder, entry), name=folder.name)

    async def _run(self, folder: Path, entry: Entry) -> None:
        try:
            if entry.lodging:
                await self._carry_lodging(entry, entry.lodging)
            else:
                await self._carry_declared(entry)
        finally:
            if self._entries.get(folder) is entry:
                del self._entries[folder]

    async def _carry_lodging(self, entry: Entry, lodging: Lodging) -> None:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(lodging.watch_owner(), name="owner")
            await entry.hosted.run(lodging)
            watching.cancel()
        if error := entry.hosted.error:
            problem = error.problem
            lodging.deny(
                Denied(
                    code=problem.code,
                    message=problem.message,
                    hint=problem.hint,
                    exit_code=error.exit_code,
                )
            )

    async def _carry_declared(self, entry: Entry) -> None:
        while True:
            tenant = StandingTenant(entry.settings, _ENVIRONMENT, entry.stop)
            await entry.hosted.run(tenant)
            if entry.hosted.error is None or await _asked_within(entry.stop, _TRY_AGAIN_S):
                return
            entry.hosted = Hosted(
                entry.hosted.record, entry.settings, self._means, entry.stop, _ignore
            )


async def _asked_within(stop: Stop, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.asked.wait()
    return stop.asked.is_set()


def _ignore(_: AgentEvent) -> None:
    """Nobody beside the agent itself wants to know."""
