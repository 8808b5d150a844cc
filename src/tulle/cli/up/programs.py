"""The programs of a run, each with its agent in this process: started together, ended callers first.

Tells `mesh` what happens by sentences (`say`) and lines (`output`), and knows who is well.
"""

import asyncio
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from tulle.agent.agent import Agent
from tulle.agent.errors import AgentError
from tulle.agent.events import (
    AgentEvent,
    Exited,
    HealthChanged,
    Joined,
    Notice,
    Output,
    ProxyReady,
    Started,
)
from tulle.cli.up.plan import Launch
from tulle.cli.up.screen import Screen
from tulle.model.kinds.workload import BoundUpstream
from tulle.settings import AgentSettings

LAST_LINES = 12
"""How much of a program's output is kept, to show why it did not start."""


@dataclass(slots=True)
class Running:
    """One replica on its way: what it reported so far."""

    launch: Launch
    healthy: bool = False
    was_healthy: bool = False
    reason: str = "joining the mesh"
    upstreams: tuple[BoundUpstream, ...] = ()
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))
    error: AgentError | None = None
    exit_code: int | None = None
    ended: bool = False
    agent: Agent | None = None

    @property
    def name(self) -> str:
        """As commands take it: NAMESPACE/NAME."""
        return str(self.launch.replica.ref)

    @property
    def failed(self) -> bool:
        """Whether it ended without ever having been well."""
        return self.ended and not self.was_healthy


class Programs:
    """All of them. `changed` is set whenever somebody's state is another one."""

    def __init__(self, screen: Screen, environ: Mapping[str, str], *, logs: bool) -> None:
        self.all: list[Running] = []
        self.changed = asyncio.Event()
        self.stopping = False
        self._screen = screen
        self._environ = program_environment(environ)
        self._logs = logs

    def add(self, launch: Launch) -> Running:
        """One more, not started yet."""
        self.all.append(Running(launch))
        return self.all[-1]

    async def run(self, running: Running, settings: AgentSettings) -> None:
        """One program from joining to its end; errors stay with it and stop nobody else."""
        agent = Agent(
            settings,
            time.time,  # noqa: TID251 - here a clock is chosen
            self._environ,
            lambda event: self._on_event(running, event),
            lines=True,
        )
        running.agent = agent
        try:
            running.exit_code = await agent.run()
        except AgentError as error:
            running.error = error
        finally:
            running.ended, running.healthy = True, False
            self._ended(running)

    def stop(self, programs: Sequence[Running]) -> None:
        """Let these leave the mesh, then end. Asked again: without waiting for their callers."""
        for running in programs:
            if running.agent and not running.ended:
                running.agent.stop()

    def kill(self) -> None:
        """No more waiting, for callers or for programs that do not listen."""
        self.stop(self.all)
        for running in self.all:
            if running.agent and not running.ended:
                running.agent.forward(signal.SIGKILL)

    async def wait(self, done: Callable[[], bool]) -> None:
        """Return when `done` says so; it is asked whenever something changed."""
        while not done():
            await self.changed.wait()
            self.changed.clear()

    async def ended(self, programs: Sequence[Running]) -> None:
        """Return when all of these are gone."""
        await self.wait(lambda: all(running.ended for running in programs))

    def _on_event(self, running: Running, event: AgentEvent) -> None:
        match event:
            case Notice(text=text):
                self._screen.say(f"{running.name}: {text}")
            case Output(text=text):
                running.last_lines.append(text)
                if self._logs:
                    self._screen.output(running.name, text)
            case Joined():
                running.reason = "waiting for its proxy"
            case ProxyReady(upstreams=upstreams):
                running.reason, running.upstreams = "starting", upstreams
            case Started():
                running.reason = "starting"
            case HealthChanged(healthy=healthy, reason=reason):
                self._on_health(running, healthy, reason)
            case Exited(code=code):
                running.exit_code = code
            case _:
                assert_never(event)
        self.changed.set()

    def _on_health(self, running: Running, healthy: bool, reason: str) -> None:
        if running.was_healthy and not self.stopping:
            state = "is well again" if healthy else f"is not well: {reason}"
            self._screen.say(f"{running.name} {state}")
        running.healthy, running.reason = healthy, reason
        running.was_healthy = running.was_healthy or healthy

    def _ended(self, running: Running) -> None:
        self.changed.set()
        if self.stopping or not running.was_healthy:
            return
        self._screen.say(f"{running.name} ended by itself, with exit code {running.exit_code}")
        if running.exit_code and not self._logs:
            for text in running.last_lines:
                self._screen.output(running.name, text)


def program_environment(base: Mapping[str, str]) -> dict[str, str]:
    """What programs get of this terminal. Python's are asked to write lines as they come."""
    return {"PYTHONUNBUFFERED": "1", **base}
