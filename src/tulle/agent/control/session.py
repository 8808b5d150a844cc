"""The agent's talk with the control plane beside xDS: I am here, I am well, this is what I counted, I leave.

One stream of JSON frames (`model.wire`). When it breaks it is opened again and the workload says anew where
its proxy listens and how it is: the control plane may be another one by then.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import assert_never, cast

import grpc
import msgspec

from tulle.agent.control.backoff import Backoff
from tulle.agent.control.channels import (
    RefusedError,
    RenewedError,
    UnreachableError,
    Uplink,
    grpc_errors,
    version_of,
)
from tulle.agent.errors import AgentError
from tulle.agent.events import Notice
from tulle.model.kinds.workload import UsedService
from tulle.model.skew import FROM_SERVER, OURS
from tulle.model.wire import (
    METHOD_SESSION,
    WORKLOAD_UNKNOWN,
    Draining,
    EdgeReport,
    FromAgent,
    FromServer,
    HealthReport,
    Left,
    LogLevels,
    ProxySettings,
    ProxyState,
    Refused,
    Register,
    Registered,
    ReplaceProxy,
    SetLogLevels,
    Used,
    encode,
)

log = logging.getLogger(__name__)

REPORT_EVERY_S = 2.0
_BACK_IN_S = 1.0

SetLevels = Callable[[Mapping[str, str]], Awaitable[Mapping[str, str]]]
"""Changes log levels of agent and proxy, and gives all of them. Raises LevelsError, nothing changed then."""

CountEdges = Callable[[], Awaitable[EdgeReport | None]]
"""What the proxy counted, or None while it cannot be asked."""


class LevelsError(Exception):
    """Log levels were not changed; the text says why."""


@dataclass(frozen=True, slots=True)
class Local:
    """What the control plane may ask of this side."""

    count_edges: CountEdges
    set_levels: SetLevels


@dataclass(slots=True)
class _Told:
    """What the control plane has to know, however often the stream breaks."""

    register: Register
    reason: str = ""
    draining: Draining | None = None
    proxy: ProxyState | None = None


@dataclass(slots=True)
class _Outbox:
    """Frames of one stream that wait to be written."""

    frames: list[FromAgent] = field(default_factory=list)
    filled: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, frame: FromAgent) -> None:
        self.frames.append(frame)
        self.filled.set()

    async def take(self) -> list[FromAgent]:
        await self.filled.wait()
        self.filled.clear()
        frames, self.frames = self.frames, []
        return frames


class Session:
    """Keeps the stream open. `registered` is set while the control plane knows the workload is here.

    `come_back` is asked when the mesh has forgotten the workload: True if it has a new certificate by now.
    """

    def __init__(
        self,
        uplink: Uplink,
        register: Register,
        local: Local,
        come_back: Callable[[], Awaitable[bool]],
        tell: Callable[[Notice], None],
    ) -> None:
        self.registered = asyncio.Event()
        self.orders: asyncio.Queue[ProxySettings | ReplaceProxy] = asyncio.Queue()
        """What the control plane wants of the proxy, for whoever has it."""
        self._speaks_of_proxies = False
        self._uplink = uplink
        self._told = _Told(register)
        self._local = local
        self._come_back = come_back
        self._tell = tell
        self._outbox: _Outbox | None = None
        self._left: asyncio.Future[Left | None] | None = None
        self._backoff = Backoff(0.1, most_s=5.0)
        self._ever_registered = False
        self._silent = False

    def report_health(self, healthy: bool, reason: str) -> None:
        """The program can take traffic from now on, or cannot."""
        self._told.register = msgspec.structs.replace(self._told.register, healthy=healthy)
        self._say(HealthReport(healthy=healthy, reason=reason))

    def report_proxy(self, state: ProxyState) -> None:
        """Another Envoy serves, or one that was wanted does not."""
        self._told.register = msgspec.structs.replace(
            self._told.register, proxy_version=state.version
        )
        self._told.proxy = state
        if self._speaks_of_proxies:
            self._say(state)

    def report_used(self, used: tuple[UsedService, ...]) -> None:
        """The program has asked for the names of these services."""
        self._told.register = msgspec.structs.replace(self._told.register, used=used)
        if self._speaks_of_proxies:
            self._say(Used(services=used))

    async def leave(self, deadline_s: float) -> Left | None:
        """Have the endpoint taken away everywhere. None: the control plane is away, or did not answer in time."""
        self._told.draining = Draining(deadline_s=deadline_s)
        self._left = asyncio.get_running_loop().create_future()
        self._say(self._told.draining)
        if not self.registered.is_set():
            self._expect_back()
        try:
            async with asyncio.timeout(deadline_s):
                return await self._left
        except TimeoutError:
            return None

    async def run(self) -> None:
        """Open the stream whenever there is none, until cancelled."""
        while True:
            error: Exception | None = None
            try:
                await self._live()
            except* RenewedError:
                pass
            except* (UnreachableError, RefusedError, AgentError) as group:
                error = group.exceptions[0]
            if error is not None and not await self._has_come_back(error):
                self._explain(error)
                await asyncio.sleep(self._backoff.next_s())

    async def _has_come_back(self, error: Exception) -> bool:
        """Whether a workload the mesh forgot, because it left, has been let in again."""
        forgotten = isinstance(error, RefusedError) and error.refused.code == WORKLOAD_UNKNOWN
        return forgotten and await self._come_back()

    def _explain(self, error: Exception) -> None:
        """Say once that the control plane is away. What it refuses at the first word is final."""
        if not self._ever_registered and isinstance(error, RefusedError):
            raise error.as_agent_error() from error
        if not self._ever_registered and isinstance(error, AgentError):
            raise error
        if not self._silent:
            self._silent = True
            what = "refuses" if isinstance(error, RefusedError) else "is away"
            self._tell(Notice(f"the control plane {what} ({error}); trying again"))

    async def _live(self) -> None:
        """One stream, from Register to its end, which is always an error."""
        async with self._uplink.lease() as channel, asyncio.TaskGroup() as group:
            stream = channel.stream_stream(METHOD_SESSION)(metadata=OURS)
            self._outbox = outbox = _Outbox()
            outbox.put(self._told.register)
            if self._told.draining:
                outbox.put(self._told.draining)
            try:
                group.create_task(self._write(stream, outbox), name="session-write")
                group.create_task(self._report_edges(), name="session-edges")
                group.create_task(self._uplink.until_renewed(), name="session-renewed")
                await self._read(stream)
            finally:
                self._outbox = None
                self._speaks_of_proxies = False
                self.registered.clear()
                stream.cancel()
                self._expect_back()

    async def _read(self, stream: grpc.aio.StreamStreamCall) -> None:
        with grpc_errors():
            data = await stream.read()
            theirs = version_of(await stream.initial_metadata())
            while data is not grpc.aio.EOF:
                frame = _decode(cast("bytes", data), theirs)
                if isinstance(frame, SetLogLevels):
                    await self._set_levels(frame)
                elif frame is not None:
                    self._on_frame(frame)
                data = await stream.read()
        raise UnreachableError("it ended the session")

    async def _set_levels(self, asked: SetLogLevels) -> None:
        try:
            levels = await self._local.set_levels(asked.levels)
        except LevelsError as error:
            self._say(LogLevels(number=asked.number, problem=str(error)))
            return
        if asked.levels:
            log.info("log levels were changed", extra={"levels": dict(asked.levels)})
        self._say(LogLevels(number=asked.number, levels=levels))

    def _on_frame(self, frame: Registered | Left | ProxySettings | ReplaceProxy | Refused) -> None:
        log.debug("the control plane speaks", extra={"frame": type(frame).__name__})
        match frame:
            case Registered():
                self._backoff.reset()
                if self._silent:
                    self._tell(Notice("the control plane is back"))
                self._ever_registered, self._silent = True, False
                self.registered.set()
            case Left():
                if self._left and not self._left.done():
                    self._left.set_result(frame)
            case ProxySettings():
                self._speaks_of_proxies = True
                self.orders.put_nowait(frame)
                if used := self._told.register.used:  # some of it since the stream began, perhaps
                    self._say(Used(services=used))
                if self._told.proxy:
                    self._say(msgspec.structs.replace(self._told.proxy, answers=0))
            case ReplaceProxy():
                self.orders.put_nowait(frame)
            case Refused():
                raise RefusedError(frame)
            case _:
                assert_never(frame)

    async def _write(self, stream: grpc.aio.StreamStreamCall, outbox: _Outbox) -> None:
        # Errors are the reader's to tell: it learns of them with their reason.
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            while True:
                for frame in await outbox.take():
                    await stream.write(encode(frame))

    async def _report_edges(self) -> None:
        await self.registered.wait()
        while True:
            report = await self._local.count_edges()
            if report is not None:
                self._say(report)
            await asyncio.sleep(REPORT_EVERY_S)

    def _expect_back(self) -> None:
        """Whoever waits to leave waits a moment for a control plane that restarts, and no longer."""

        def give_up() -> None:
            if self._left and not self._left.done() and not self.registered.is_set():
                self._left.set_result(None)

        asyncio.get_running_loop().call_later(_BACK_IN_S, give_up)

    def _say(self, frame: FromAgent) -> None:
        """To whoever listens; who comes later is told everything at the start of its stream."""
        if self._outbox:
            self._outbox.put(frame)


def _decode(data: bytes, theirs: int) -> FromServer | None:
    """A frame; None for one that only later versions know."""
    try:
        return FROM_SERVER.read(data, theirs)
    except msgspec.MsgspecError as error:
        raise RefusedError(
            Refused(
                code="server-answers-strangely",
                message=f"the control plane said what this agent does not understand: {error}",
                hint="agent and control plane are of different versions: `tulle version`",
            )
        ) from error
