"""A host's agent in this process, beside a small control plane, for tests of what comes to it."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.envoy.identities import now_s
from tests.unit.agent.control_plane import ControlPlane

from tulle.agent import events
from tulle.agent.agent import Agent
from tulle.agent.host.agent import Going, HostAgent
from tulle.agent.host.client import HostsAgent, Introduction
from tulle.agent.host.settings import HostSettings
from tulle.settings import AgentSettings, find_envoy

ENVOY = find_envoy(os.environ)
assert isinstance(ENVOY, Path)


@dataclass
class OnHost:
    """The agent, what it said, and how it went."""

    settings: HostSettings
    agent: HostAgent
    said: list[tuple[str, str]] = field(default_factory=list)
    went: Going | None = None


def settings(folder: Path, **more) -> HostSettings:
    return HostSettings(
        socket=folder / "agent.sock",
        state_dir=folder / "agent",
        workloads=folder / "workloads.d",
        envoy=ENVOY,
        **more,
    )


@asynccontextmanager
async def on_host(chosen: HostSettings) -> AsyncIterator[OnHost]:
    """An agent for the length of the block; at its end it drains everything."""
    ready = asyncio.Event()
    said: list[tuple[str, str]] = []
    agent = HostAgent(chosen, now_s, lambda *words: said.append(words), ready.set)
    host = OnHost(chosen, agent, said)

    async def run() -> None:
        host.went = await agent.run()

    async with asyncio.TaskGroup() as group:
        group.create_task(run())
        await asyncio.wait_for(ready.wait(), 20)
        try:
            yield host
        finally:
            agent.go(Going.ENDED)


def words(plane: ControlPlane) -> dict[str, str]:
    return {"server": str(plane.join), "namespace": "shop", "service_account": "web"}


def workload(plane: ControlPlane, folder: Path, **more) -> AgentSettings:
    """What `tulle run` knows of its workload."""
    return AgentSettings(
        server=plane.join,
        state_dir=folder / "state",
        envoy=ENVOY,
        namespace="shop",
        service_account="web",
        **{"drain_s": 5.0, "token_file": plane.token(), **more},
    )


class Run:
    """A `tulle run` that joins the agent, and everything it told."""

    def __init__(self, plane: ControlPlane, chosen: AgentSettings, socket: Path, **more) -> None:
        self.events: list[events.AgentEvent] = []
        self._changed = asyncio.Event()
        said = Introduction(
            words={**words(plane), **more},
            state_dir=chosen.state_dir,
            chose_folder=False,
            token_file=chosen.token_file,
        )
        self.host = HostsAgent(socket, said, must_answer=True)
        self.agent = Agent(chosen, now_s, os.environ, self._hear, lines=True, host=self.host)

    def _hear(self, event: events.AgentEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def wait_for(self, kind: type):
        async with asyncio.timeout(30):
            while not (found := [event for event in self.events if isinstance(event, kind)]):
                self._changed.clear()
                await self._changed.wait()
        return found[0]

    @property
    def output(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, events.Output)]
