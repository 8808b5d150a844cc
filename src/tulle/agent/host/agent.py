"""The host's agent: one process that carries many workloads, and can be replaced while they run.

`HostAgent.run` is the table of contents. Workloads come through the door (`tulle run`), from files, and from the
book of an earlier agent. Told to go, it leaves everything running; told to end, it drains everything first.
"""

import asyncio
import enum
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from tulle import __version__
from tulle.agent.control.identity import Clock
from tulle.agent.host.book import Book, Record
from tulle.agent.host.declared import Declared, read_folder
from tulle.agent.host.door import Door
from tulle.agent.host.hosted import Means
from tulle.agent.host.memory import private_bytes
from tulle.agent.host.peers import Peer, may_see
from tulle.agent.host.reports import HostReport
from tulle.agent.host.roster import Entry, Roster
from tulle.agent.host.seat import Seat
from tulle.agent.host.settings import HostSettings
from tulle.agent.host.words import settings_of
from tulle.model.problems import Problem
from tulle.settings import AgentSettings

_LOOK_EVERY_S = 2.0
"""How often the folder of declared workloads is looked at."""

Say = Callable[[str, str], None]
"""The agent's log: about whom ("" the agent itself), and what."""


class Going(enum.Enum):
    """Why an agent ends."""

    HANDED_OVER = enum.auto()
    """Another one goes on: proxies and programs run."""

    ENDED = enum.auto()
    """Everything was drained."""


class HostAgent:
    """`ready` is called once workloads may come."""

    def __init__(
        self, settings: HostSettings, clock: Clock, say: Say, ready: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._say = say
        self._ready = ready
        self._began = clock()
        self._going: asyncio.Future[Going] | None = None
        self._look_again = asyncio.Event()
        self._roster: Roster | None = None
        self._complained: tuple[Problem, ...] = ()

    def go(self, how: Going) -> None:
        """End, this way."""
        if self._going and not self._going.done():
            self._going.set_result(how)

    def reload(self) -> None:
        """Look at the files now, Envoy's too: where that is another one, it takes over."""
        self._look_again.set()
        for entry in self._roster or ():
            entry.hosted.reload()

    async def run(self) -> Going:
        """From taking the seat to leaving it. Raises AgentError, perhaps within a group."""
        self._going = asyncio.get_running_loop().create_future()
        seat = Seat(self._settings)
        await seat.take()
        try:
            async with asyncio.TaskGroup() as group:
                how = await self._carry(seat, group, self._going)
        finally:
            seat.leave()
        return how

    async def _carry(
        self, seat: Seat, group: asyncio.TaskGroup, going: "asyncio.Future[Going]"
    ) -> Going:
        book = Book(self._settings.state_dir / "book")
        means = Means(self._settings.envoy, book, self._clock, self._say)
        self._roster = roster = Roster(means, group)
        self._take_over(book, roster)
        door = Door(self._settings, roster, self)
        await door.open(seat.listen())
        looking = group.create_task(self._keep_declared(roster), name="declared")
        self._ready()
        how = await going
        looking.cancel()
        if how is Going.ENDED:
            await roster.dismiss_all()
            seat.vanish()
            await door.close()
        else:
            await door.close()
            await roster.abandon_all()
        return how

    def _take_over(self, book: Book, roster: Roster) -> None:
        """Go on with what an earlier agent carried; its proxies, and most programs, still run."""
        for record in book.records():
            folder = Path(record.state_dir)
            token = Path(record.token_file) if record.token_file else None
            settings = settings_of(record.words, folder, self._settings.envoy, token)
            if not isinstance(settings, AgentSettings):
                self._say("", f"{folder} cannot be carried on: {settings[0]}")
            elif record.source:
                roster.declare(record, settings)
            else:
                roster.lodge(record, settings)

    async def _keep_declared(self, roster: Roster) -> None:
        while True:
            found = await asyncio.to_thread(
                read_folder, self._settings.workloads, self._settings.server
            )
            problems = list(found.problems)
            wanted = {self._folder_of(name): declared for name, declared in found.declared.items()}
            for folder, declared in wanted.items():
                problems += self._declare(roster, folder, declared)
            kept = {*wanted, *map(self._folder_of, found.broken)}
            if found.complete:
                _let_go(entry for entry in roster if entry.settings.state_dir not in kept)
            self._complain(tuple(problems))
            self._look_again.clear()
            await _wait_at_most(self._look_again, _LOOK_EVERY_S)

    def _declare(self, roster: Roster, folder: Path, declared: Declared) -> tuple[Problem, ...]:
        record = Record(
            words=declared.words,
            uid=os.getuid(),
            state_dir=str(folder),
            source=str(declared.file),
            token_file=str(declared.token_file or ""),
        )
        settings = settings_of(declared.words, folder, self._settings.envoy, declared.token_file)
        if not isinstance(settings, AgentSettings):
            return tuple(
                replace(problem, path=f"{declared.file}: {problem.path}") for problem in settings
            )
        entry = roster.get(folder)
        if entry is None:
            roster.declare(record, settings)
        elif entry.settings != settings:
            _let_go([entry])  # it comes back as it is wanted now when it has left
        return ()

    def _folder_of(self, name: str) -> Path:
        return self._settings.state_dir / "declared" / name

    def _complain(self, problems: tuple[Problem, ...]) -> None:
        """Say what is wrong with files once, until it is something else."""
        if problems != self._complained:
            self._complained = problems
            for problem in problems:
                self._say("", str(problem))

    # What the door asks.

    def hand_over(self) -> None:
        """Another agent goes on."""
        self.go(Going.HANDED_OVER)

    def end(self) -> None:
        """Drain everything, then go."""
        self.go(Going.ENDED)

    def report(self, roster: Roster, peer: Peer) -> HostReport:
        """What this peer may see of what is carried."""
        own = os.getuid()
        return HostReport(
            version=__version__,
            pid=os.getpid(),
            uid=own,
            socket=str(self._settings.socket),
            since=self._began,
            memory=private_bytes(),
            workloads=tuple(
                entry.hosted.report()
                for entry in roster
                if may_see(peer, own, entry.hosted.record.uid)
            ),
        )


def _let_go(entries: Iterable[Entry]) -> None:
    """Have declared workloads leave. Once: who is asked again does not wait for callers."""
    for entry in entries:
        if entry.lodging is None and not entry.stop.asked.is_set():
            entry.stop.ask()


async def _wait_at_most(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
