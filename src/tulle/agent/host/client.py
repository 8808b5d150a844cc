"""`tulle run` where the host has an agent: that carries the workload, this process has the program.

`HostedCarrier.carry` does for a tenant what `carrier.Carrier.carry` does, over the agent's socket. It imports
neither gRPC nor keys: what stays beside the program is small. When the agent goes, program and proxy go on, and
this waits for the next agent and says to it what it said before.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from tulle.agent.deadline import Deadline, Stop
from tulle.agent.errors import AgentError, first_agent_error
from tulle.agent.events import HealthChanged, Joined, Notice, Observer, ProxyReady
from tulle.agent.host import frames, peers
from tulle.agent.host.frames import (
    VERSION,
    Denied,
    Dismissed,
    FromHost,
    Goodbye,
    HandingOver,
    HasLeft,
    Health,
    HostFrame,
    Hurry,
    Join,
    JoinedMesh,
    Leave,
    ProxyRuns,
    Ready,
    Report,
    Told,
    Welcome,
)
from tulle.agent.host.line import Line, connect
from tulle.agent.tenants import Given, Tenant
from tulle.agent.token_file import read_token_file
from tulle.model.names import WorkloadRef

_AGAIN_S = (0.05, 0.5)
"""The first and the longest pause between looking for an agent that went."""
_SAY_AFTER_S = 2.0
"""An agent that is replaced is back before anybody need know."""
_LAST_WORD_S = 1.0
_AFTER_A_NO_S = 5.0
_PATIENCE_S = 5.0
"""How long a new `tulle run` waits for an agent whose socket is there and does not answer."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """What is said of the workload. `chose_folder`: the user named `state_dir`, it was not derived."""

    words: Mapping[str, str | tuple[str, ...]]
    state_dir: Path
    chose_folder: bool
    token_file: Path | None


class NoAgentError(Exception):
    """There is none at the socket, or it is of another network (`is_final`): the text says which."""

    def __init__(self, why: str, *, is_final: bool = False) -> None:
        self.is_final = is_final
        super().__init__(why)


class HostsAgent:
    """The agent at a socket, as one workload knows it."""

    def __init__(self, socket: Path, introduction: Introduction, *, must_answer: bool) -> None:
        self._socket = socket
        self._introduction = introduction
        self._must_answer = must_answer
        self._first: Line[FromHost] | None = None

    async def answers(self, tell: Callable[[str], None]) -> bool:
        """Find it; False, said by `tell`, if it does not carry this. An agent that restarts gets a moment.

        Raises AgentError where there is one that cannot, or somebody named it and it is not there.
        """
        try:
            self._first = await self._open_soon()
        except NoAgentError as error:
            if self._must_answer:
                raise AgentError(
                    "agent-unreachable",
                    f"there is no agent at {self._socket}: {error}",
                    "start it with `tulle agent`, or leave --agent out",
                ) from error
            tell(f"the host's agent at {self._socket} does not carry this ({error})")
            return False
        return True

    async def line(self, tell: Callable[[Notice], None]) -> Line[FromHost]:
        """A new line, introduced. Raises as `connect` does."""
        line, self._first = self._first or await self._open(), None
        said = self._introduction
        token = read_token_file(said.token_file, tell, needed=False) if said.token_file else ""
        folder = str(said.state_dir)
        line.send(Join(version=VERSION, words=said.words, state_dir=folder, token=token))
        return line

    async def _open_soon(self) -> Line[FromHost]:
        pause, longest = _AGAIN_S
        give_up = asyncio.get_running_loop().time() + _PATIENCE_S
        while True:
            try:
                return await self._open()
            except NoAgentError as error:
                if error.is_final or asyncio.get_running_loop().time() > give_up:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, longest)

    async def _open(self) -> Line[FromHost]:
        try:
            line: Line[FromHost] = await connect(str(self._socket), frames.read_from_host)
        except OSError as error:
            raise NoAgentError(error.strerror or str(error)) from error
        try:
            async with asyncio.timeout(_PATIENCE_S):
                self._check(await line.receive())
        except TimeoutError as error:
            await line.closed()
            raise NoAgentError("it does not answer") from error
        except BaseException:
            await line.closed()
            raise
        return line

    def _check(self, welcome: FromHost | None) -> None:
        if not isinstance(welcome, Welcome):
            raise NoAgentError("it hung up")
        if welcome.network != peers.network():
            raise NoAgentError("it is of another network namespace", is_final=True)
        if not frames.is_compatible(welcome.version):
            raise AgentError(
                "agent-version",
                f"the host's agent speaks version {welcome.version}, this tulle speaks {VERSION}",
                "upgrade the older one, or use --no-agent",
            )
        if self._introduction.chose_folder and welcome.uid != os.getuid():
            raise AgentError(
                "state-dir-elsewhere",
                f"the host's agent (user {welcome.uid}) keeps the state of workloads itself",
                "leave --state-dir out, or use --no-agent",
            )


class HostedCarrier:
    """Carries one workload by the host's agent."""

    def __init__(self, agent: HostsAgent, observe: Observer, stop: Stop) -> None:
        self._agent = agent
        self._observe = observe
        self._stop = stop
        self._line: Line[FromHost] | None = None
        self._carried = _Through(self._say, observe)

    async def carry(self, tenant: Tenant) -> int:
        """What the tenant returned. Raises AgentError."""
        tenant.check()
        ready: asyncio.Future[Given] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.TaskGroup() as group:
                talking = group.create_task(self._talk(ready), name="host-agent")
                code = await self._live(tenant, ready)
                talking.cancel()
        except BaseExceptionGroup as error:
            raise first_agent_error(error) or error from error
        return code

    def reload(self) -> None:
        """The proxy is the host's agent's, and that has a SIGHUP of its own."""

    async def _live(self, tenant: Tenant, ready: "asyncio.Future[Given]") -> int:
        async def until_ready() -> None:
            await ready

        if not await self._stop.before(until_ready()):
            self._say(Goodbye())
            return self._stop.code
        self._carried.given = ready.result()
        code = await tenant.live(self._carried)
        self._say(Goodbye())
        return code

    async def _talk(self, ready: "asyncio.Future[Given]") -> None:
        """Listen to the agent, and to the next one, until cancelled.

        What one says no to before the program runs is final. A program that runs is not ended by the no of an agent
        that came later: an older one, perhaps, in the place of a newer.
        """
        told = ""
        while True:
            try:
                await self._talk_to_one(ready)
            except AgentError as error:
                if not ready.done():
                    raise
                if str(error) != told:
                    told = str(error)
                    self._observe(Notice(f"the host's agent: {told}; the program goes on"))
                await asyncio.sleep(_AFTER_A_NO_S)

    async def _talk_to_one(self, ready: "asyncio.Future[Given]") -> None:
        line = self._line = await self._find_again()
        try:
            for told in self._carried.said_before():
                line.send(told)
            while (frame := await line.receive()) is not None:
                self._on_frame(frame, ready)
        finally:
            self._line = None
            await line.closed()

    async def _find_again(self) -> Line[FromHost]:
        pause, longest = _AGAIN_S
        loop = asyncio.get_running_loop()
        began, said = loop.time(), False
        while True:
            with suppress(NoAgentError):
                line = await self._agent.line(self._observe)
                if said:
                    self._observe(Notice("the host's agent is back"))
                return line
            if not said and loop.time() - began > _SAY_AFTER_S:
                said = True
                self._observe(Notice("the host's agent is away; program and proxy go on"))
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, longest)

    def _on_frame(self, frame: FromHost, ready: "asyncio.Future[Given]") -> None:
        match frame:
            case Told(text=text):
                self._observe(Notice(text))
            case JoinedMesh() if not ready.done():
                ref = WorkloadRef(frame.namespace, frame.workload)
                self._observe(Joined(ref, frame.cached))
            case Ready(given=given) if not ready.done():
                self._observe(ProxyReady(given.upstreams, given.http_proxy_port))
                ready.set_result(given)
            case ProxyRuns(runs=runs):
                self._carried.proxy_runs = runs
            case HasLeft():
                self._carried.left.set()
            case Dismissed():
                self._stop.ask()
            case Denied():
                raise AgentError(frame.code, frame.message, frame.hint, frame.exit_code)
            case JoinedMesh() | Ready() | Welcome() | HandingOver() | Report():
                pass  # known already, or not meant for us
            case _:
                assert_never(frame)

    def _say(self, frame: HostFrame) -> None:
        """To the agent there is; one that comes later is told what still matters."""
        if self._line:
            self._line.send(frame)


class _Through:
    """The workload whose sidecar runs in the agent."""

    def __init__(self, say: Callable[[HostFrame], None], observe: Observer) -> None:
        self.given = Given()
        self.proxy_runs = True
        self.left = asyncio.Event()
        self._say = say
        self._observe = observe
        self._health: Health | None = None
        self._leaving: tuple[Deadline, bool] | None = None

    def said_before(self) -> list[HostFrame]:
        """What an agent that is new to this has to know."""
        told: list[HostFrame] = [self._health] if self._health else []
        if self._leaving and not self.left.is_set():
            told.append(self._leave())
        return told

    def report_health(self, healthy: bool, reason: str) -> None:
        self._health = Health(healthy=healthy, reason=reason)
        self._say(self._health)
        self._observe(HealthChanged(healthy, reason))

    async def leave(self, deadline: Deadline) -> None:
        await self._go(deadline, drain=False)

    async def drain(self, deadline: Deadline) -> None:
        await self._go(deadline, drain=True)

    async def _go(self, deadline: Deadline, drain: bool) -> None:
        self._leaving = (deadline, drain)
        self._say(self._leave())

        async def until_left() -> bool:
            return await self.left.wait()

        if not await deadline.within(until_left()):
            self._say(Hurry())
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORD_S):
                    await self.left.wait()

    def _leave(self) -> Leave:
        assert self._leaving
        deadline, drain = self._leaving
        return Leave(deadline_s=deadline.left_s, drain=drain)


async def ask(socket: Path, question: HostFrame) -> FromHost | None:
    """One question to the agent at a socket, and its answer; None if it hung up. Raises OSError, also a TimeoutError
    where it does not say who it is; what it is asked may take as long as it takes."""
    line: Line[FromHost] = await connect(str(socket), frames.read_from_host)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await line.receive()
        line.send(question)
        return await line.receive()
    finally:
        await line.closed()
