"""A workload of the host's agent whose program runs below a `tulle run`: the tenant its carrier gets.

Wires a `Tenancy` to what is outside: the line to that `tulle run`, the process itself, the carrier.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import assert_never

from tulle.agent.deadline import Deadline, Stop
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
from tulle.agent.host.frames import Denied, HostFrame
from tulle.agent.host.tenancy import (
    BeginLeave,
    CutShort,
    Do,
    Finish,
    FromRun,
    ReportHealth,
    Say,
    Tenancy,
)
from tulle.agent.programs.processes import Mark, adopt
from tulle.agent.tenants import Carried

_LOOK_EVERY_S = 0.5

Send = Callable[[HostFrame], None]
"""Puts a frame on the line; never waits."""


class Lodging:
    """One of them, from the moment its `tulle run` came, or an earlier agent's book was read, to its end."""

    def __init__(self, owner: Mark, stop: Stop, *, healthy: bool) -> None:
        self.owner = owner
        self.tenancy = Tenancy()
        self.tenancy.healthy = healthy
        self._stop = stop
        self._send: Send | None = None
        self._carried: Carried | None = None
        self._deadline: Deadline | None = None
        self._finished = asyncio.Event()
        self._leave: asyncio.Queue[BeginLeave] = asyncio.Queue()
        self._back, self._hung_up = asyncio.Event(), asyncio.Event()
        self._hung_up.set()

    # The line.

    def attach(self, owner: Mark, send: Send) -> None:
        """Its `tulle run` came; whoever was there before is gone."""
        self.owner, self._send = owner, send
        self._hung_up.clear()
        self._back.set()
        self._do(self.tenancy.attach())

    def detach(self, send: Send) -> None:
        """It hung up; nobody listens to one that was replaced."""
        if send == self._send:
            self._send = None
            self.tenancy.detach()
            self._back.clear()
            self._hung_up.set()

    def said(self, frame: FromRun) -> None:
        """It said something."""
        self._do(self.tenancy.said(frame))

    @property
    def is_here(self) -> bool:
        """Whether somebody is on the line."""
        return self._send is not None

    def deny(self, denied: Denied) -> None:
        """It cannot be carried (any more)."""
        if self._send:
            self._send(denied)

    def dismiss(self) -> None:
        """The agent shall carry nothing any more."""
        self._do(self.tenancy.dismiss())

    def give_up(self) -> None:
        """Who runs the program does not end it (it is stopped, perhaps): the workload ends without it."""
        self.tenancy.detach()
        self._do(self.tenancy.owner_died())

    # The carrier.

    def check(self) -> None:
        """The program is its `tulle run`'s to check."""

    def observe(self, event: AgentEvent) -> None:
        """What the carrier tells."""
        match event:
            case Notice(text=text):
                self._do(self.tenancy.told(text))
            case Joined(workload=ref, cached=cached):
                self._do(self.tenancy.joined(ref.namespace, ref.name, cached))
            case ProxyReady() | HealthChanged() | Started() | Output() | Exited():
                pass  # said with more by `live`, or none of the agent's business
            case _:
                assert_never(event)

    async def live(self, carried: Carried) -> int:
        """Until the program has ended, however that comes."""
        self._carried = carried
        self._do(self.tenancy.ready(carried.given))
        async with asyncio.TaskGroup() as group:
            leaving = group.create_task(self._leave_when_asked(carried), name="lodging-leave")
            looking = group.create_task(self._watch_proxy(carried), name="lodging-proxy")
            await self._finished.wait()
            leaving.cancel()
            looking.cancel()
        return 0

    async def watch_owner(self) -> None:
        """Notice the death of who runs the program, for as long as the workload is carried."""
        while True:
            await self._hung_up.wait()
            process = adopt(self.owner)
            if process is not None:
                async with asyncio.TaskGroup() as group:
                    dying = group.create_task(process.wait())
                    back = group.create_task(self._back.wait())
                    await asyncio.wait({dying, back}, return_when=asyncio.FIRST_COMPLETED)
                    dying.cancel()
                    back.cancel()
                process.close()
            if self._hung_up.is_set():
                self._do(self.tenancy.owner_died())
                return

    async def _leave_when_asked(self, carried: Carried) -> None:
        while True:
            begin = await self._leave.get()
            self._deadline = deadline = self._stop.by(begin.deadline_s)
            await (carried.drain(deadline) if begin.drain else carried.leave(deadline))
            self._do(self.tenancy.left())

    async def _watch_proxy(self, carried: Carried) -> None:
        while True:
            self._do(self.tenancy.proxy(carried.proxy_runs))
            await asyncio.sleep(_LOOK_EVERY_S)

    def _do(self, decided: Iterable[Do]) -> None:
        for one in decided:
            match one:
                case Say(frame=frame):
                    if self._send:
                        self._send(frame)
                case ReportHealth(healthy=healthy, reason=reason):
                    if self._carried:
                        self._carried.report_health(healthy, reason)
                case BeginLeave():
                    self._leave.put_nowait(one)
                case CutShort():
                    if self._deadline:
                        self._deadline.hurry()
                case Finish():
                    self._finished.set()
                    self._stop.ask()
                case _:
                    assert_never(one)
