"""The agent: one workload's identity, proxy and program, from joining to leaving.

`Agent._live` is the table of contents. An agent keeps nothing outside itself and its state folder and
installs no signal handlers: `tulle run` has one in its process, `tulle up` has many.
"""

import asyncio
import signal
from collections.abc import Coroutine, Mapping
from functools import partial

from tulle.agent import drain, ports
from tulle.agent.control.identity import Clock, IdentityKeeper
from tulle.agent.drain import Deadline
from tulle.agent.errors import first_agent_error
from tulle.agent.events import (
    AgentEvent,
    Exited,
    HealthChanged,
    Joined,
    Notice,
    Observer,
    Output,
    ProxyReady,
    Started,
)
from tulle.agent.ports import PortBook
from tulle.agent.programs import health, program
from tulle.agent.programs.program import Program
from tulle.agent.proxy.envoy import proxy_version
from tulle.agent.sidecar import Sidecar
from tulle.agent.state import StateDir
from tulle.model import durations
from tulle.model.names import WorkloadRef
from tulle.model.wire import Register
from tulle.settings import AgentSettings

_LEAST_GRACE_S = 2.0
"""A program gets so long to end even where callers used up the deadline."""
_OWN_EXIT_S = 2.0
"""A program that ended by itself takes no calls: its callers are told, and that must not take long."""


def _ignore(_: AgentEvent) -> None:
    """For who does not want to know."""


class Agent:
    """`environ` is what the program's environment is based on. With `lines`, its output comes as events."""

    def __init__(
        self,
        settings: AgentSettings,
        clock: Clock,
        environ: Mapping[str, str],
        observe: Observer = _ignore,
        *,
        lines: bool = False,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._environ = environ
        self._observe = observe
        self._lines = lines
        self._stopping = asyncio.Event()
        self._stop_signal: int = signal.SIGTERM
        self._deadline: Deadline | None = None
        self._program: Program | None = None

    def stop(self, signum: int = signal.SIGTERM) -> None:
        """Leave the mesh, then end the program with this signal. Asked again: do not wait for callers."""
        if self._stopping.is_set() and self._deadline:
            self._deadline.hurry()
        self._stop_signal = signum
        self._stopping.set()

    def forward(self, signum: int) -> None:
        """Pass a signal to the program that means nothing to the agent."""
        if self._program:
            self._program.signal(signum)

    async def run(self) -> int:
        """From joining to leaving: the program's exit code, as a shell would say it. Raises AgentError."""
        try:
            with StateDir(self._settings.state_dir) as state:
                return await self._live(state)
        except BaseExceptionGroup as group:
            error = first_agent_error(group)
            if error is None:
                raise
            raise error from group

    async def _live(self, state: StateDir) -> int:
        self._check()
        version = await proxy_version(self._settings.envoy)
        keeper = IdentityKeeper(self._settings, state, self._clock, self._tell)
        if not await self._unless_stopped(keeper.obtain()):
            return 128 + self._stop_signal
        self._observe(Joined(keeper.current.workload, keeper.from_disk))
        with PortBook(state, self._address(), self._program_ports()) as book:
            register = self._register(book, keeper.current.workload, version)
            sidecar = Sidecar(self._settings, state, keeper, register, self._tell)
            async with asyncio.TaskGroup() as group:
                running = group.create_task(sidecar.run(), name="sidecar")
                code = await self._serve(sidecar, register)
                running.cancel()
        return code

    def _check(self) -> None:
        """What would fail later and can be known now: a token is used up only when nothing of ours can fail."""
        ports.check_address(self._settings.address)
        ports.check_upstream_ports(self._settings.upstreams)
        ports.check_http_proxy_port(self._settings.http_proxy)
        if command := self._settings.command:
            env = {**self._environ, **self._settings.env}
            program.check_command(command, env, self._working_dir())
            ports.check_program_ports(self._settings.ports)

    def _register(self, book: PortBook, workload: WorkloadRef, version: str) -> Register:
        settings = self._settings
        register = Register(
            address=book.address,
            ports=settings.ports,
            upstreams=settings.upstreams,
            bound_upstreams=book.upstreams(settings.upstreams, workload.namespace),
            http_proxy=settings.http_proxy,
            http_proxy_port=book.http_proxy(settings.http_proxy),
            locality=settings.locality,
            mtls_port=book.mtls(),
            plaintext_ports=book.plaintext(settings.ports),
            proxy_version=version,
        )
        book.save()
        return register

    async def _serve(self, sidecar: Sidecar, register: Register) -> int:
        """What happens between a proxy that starts and one that may end."""
        if not await self._unless_stopped(sidecar.ready()):
            return 128 + self._stop_signal
        self._observe(
            ProxyReady(register.mtls_port, register.bound_upstreams, register.http_proxy_port)
        )
        if not self._settings.command:
            return await self._be_a_door(sidecar)
        meshed = program.environment(self._environ, register.ports, register.bound_upstreams)
        if register.http_proxy_port:
            meshed = program.with_http_proxy(meshed, register.http_proxy_port)
        env = program.with_own(meshed, self._settings.env)
        async with asyncio.TaskGroup() as group:
            return await self._run_program(sidecar, env, group)

    async def _be_a_door(self, sidecar: Sidecar) -> int:
        """Without a program there is nothing to be ill or to wait for."""
        self._on_health(sidecar, True, "")
        await self._stopping.wait()
        await self._drain(sidecar)
        return 0

    async def _run_program(
        self, sidecar: Sidecar, env: Mapping[str, str], group: asyncio.TaskGroup
    ) -> int:
        sink = self._on_line if self._lines else None
        command = self._settings.command
        self._program = process = Program(command, env, self._working_dir(), sink)
        ending = group.create_task(process.run(self._on_start), name="program")
        watching = group.create_task(self._watch_health(sidecar, env), name="health")
        stopping = group.create_task(self._stopping.wait(), name="stop")
        await asyncio.wait({ending, stopping}, return_when=asyncio.FIRST_COMPLETED)
        watching.cancel()
        stopping.cancel()
        if ending.done():
            self._deadline = Deadline(min(self._settings.drain_s, _OWN_EXIT_S))
            await self._leave(sidecar, self._deadline)
        else:
            deadline = await self._drain(sidecar)
            await process.end(self._stop_signal, deadline.patience(_LEAST_GRACE_S))
        code = await ending
        self._observe(Exited(code))
        return code

    async def _drain(self, sidecar: Sidecar) -> Deadline:
        """Leave, then wait for callers; what is left of the deadline is the program's."""
        self._deadline = deadline = Deadline(self._settings.drain_s)
        await self._leave(sidecar, deadline)
        await drain.wait_for_callers(sidecar.edges.open_connections, deadline, self._tell)
        return deadline

    async def _leave(self, sidecar: Sidecar, deadline: Deadline) -> None:
        if token := await drain.leave(sidecar.session, deadline, self._tell):
            sidecar.keep_return(token)

    async def _watch_health(self, sidecar: Sidecar, env: Mapping[str, str]) -> None:
        settings = self._settings
        wanted = health.effective(settings.health, settings.ports)
        changed = partial(self._on_health, sidecar)
        if wanted is None:
            changed(True, "")
            return

        async def ask() -> str:
            if not sidecar.envoy.ready.is_set():
                return "the proxy restarts"
            return await health.probe(wanted, settings.ports, env, self._working_dir())

        await health.monitor(ask, durations.seconds(wanted.interval), changed)

    async def _unless_stopped(self, work: Coroutine[None, None, None]) -> bool:
        """Do the work; False if the agent was asked to stop before it was done."""
        async with asyncio.TaskGroup() as group:
            working = group.create_task(work)
            stopping = group.create_task(self._stopping.wait())
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            finished = working.done()
            working.cancel()
            stopping.cancel()
        return finished

    def _on_start(self, pid: int) -> None:
        self._observe(Started(pid))

    def _on_line(self, stream: str, text: str) -> None:
        self._observe(Output(stream, text))

    def _on_health(self, sidecar: Sidecar, healthy: bool, reason: str) -> None:
        sidecar.session.report_health(healthy, reason)
        self._observe(HealthChanged(healthy, reason))

    def _tell(self, notice: Notice) -> None:
        self._observe(notice)

    def _address(self) -> str:
        return self._settings.address or ports.address_towards(self._settings.server.host)

    def _program_ports(self) -> list[int]:
        return [port.port for port in self._settings.ports]

    def _working_dir(self) -> str | None:
        return str(self._settings.working_dir) if self._settings.working_dir else None
