"""Who lives behind a proxy and is of our own making: the user's program, or nobody.

`agent` gives one to its `carrier`. A program's end is what this is about: it takes no calls any more before
it hears of that.
"""

import asyncio
from collections.abc import Mapping

from tulle.agent import ports
from tulle.agent.capture.namespaces import network_of
from tulle.agent.deadline import Stop
from tulle.agent.errors import AgentError
from tulle.agent.events import Exited, Observer, Output, Started
from tulle.agent.programs import health, program
from tulle.agent.programs.health import Where
from tulle.agent.programs.program import Program
from tulle.agent.tenants import Carried, Given
from tulle.capture.wishes import Mode
from tulle.model import durations
from tulle.settings import AgentSettings

_LEAST_GRACE_S = 2.0
"""A program gets so long to end even where callers used up the deadline."""
_OWN_EXIT_S = 2.0
"""A program that ended by itself takes no calls: its callers are told, and that must not take long."""


class ProgramTenant:
    """The command of the settings, run as a child. `environ` is what its environment is based on."""

    def __init__(
        self,
        settings: AgentSettings,
        environ: Mapping[str, str],
        observe: Observer,
        stop: Stop,
        *,
        lines: bool = False,
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._observe = observe
        self._stop = stop
        self._lines = lines
        self._program: Program | None = None

    def check(self) -> None:
        """Whether the command can be run and its ports are free."""
        env = {**self._environ, **self._settings.env}
        program.check_command(self._settings.command, env, self._working_dir())
        with network_of(self._settings.capture):
            ports.check_program_ports(self._settings.ports)

    def forward(self, signum: int) -> None:
        """Pass a signal to the program that means nothing to the agent."""
        if self._program:
            self._program.signal(signum)

    async def live(self, carried: Carried) -> int:
        """The program's exit code."""
        env = self._environment(carried.given)
        sink = self._on_line if self._lines else None
        command = self._settings.command
        inside = carried.given.inside
        self._program = process = Program(command, env, self._working_dir(), sink, inside)
        async with asyncio.TaskGroup() as group:
            ending = group.create_task(process.run(self._on_start), name="program")
            watching = group.create_task(watch_health(self._settings, carried, env), name="health")
            stopping = group.create_task(self._stop.asked.wait(), name="stop")
            await asyncio.wait({ending, stopping}, return_when=asyncio.FIRST_COMPLETED)
            watching.cancel()
            stopping.cancel()
            if ending.done():
                await carried.leave(self._stop.by(min(self._settings.drain_s, _OWN_EXIT_S)))
            else:
                deadline = self._stop.by(self._settings.drain_s)
                await carried.drain(deadline)
                await process.end(self._stop.signum, deadline.patience(_LEAST_GRACE_S))
            code = await ending
        self._observe(Exited(code))
        return code

    def _environment(self, given: Given) -> Mapping[str, str]:
        meshed = program.environment(self._environ, self._settings.ports, given.upstreams)
        if given.http_proxy_port:
            meshed = program.with_http_proxy(meshed, given.http_proxy_port)
        return program.with_own(meshed, self._settings.env)

    def _on_start(self, pid: int) -> None:
        self._observe(Started(pid))

    def _on_line(self, stream: str, text: str) -> None:
        self._observe(Output(stream, text))

    def _working_dir(self) -> str | None:
        return str(self._settings.working_dir) if self._settings.working_dir else None


class NoTenant:
    """Nobody: the proxy is a door into the mesh until it is asked to stop."""

    def __init__(self, drain_s: float, stop: Stop) -> None:
        self._drain_s = drain_s
        self._stop = stop

    def check(self) -> None:
        """There is nothing that could fail."""

    async def live(self, carried: Carried) -> int:
        """Without a program there is nothing to be ill or to wait for."""
        carried.report_health(True, "")
        await self._stop.asked.wait()
        await carried.drain(self._stop.by(self._drain_s))
        return 0


class StandingTenant:
    """A program that runs already, whoever started it: nothing of it is ours but to know whether it is well."""

    def __init__(self, settings: AgentSettings, environ: Mapping[str, str], stop: Stop) -> None:
        self._settings = settings
        self._environ = environ
        self._stop = stop

    def check(self) -> None:
        """It may come and go as it likes."""

    async def live(self, carried: Carried) -> int:
        """Until asked to stop. The program runs on."""
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(
                watch_health(self._settings, carried, self._environ), name="health"
            )
            await self._stop.asked.wait()
            watching.cancel()
            await carried.drain(self._stop.by(self._settings.drain_s))
        return 0


async def watch_health(settings: AgentSettings, carried: Carried, env: Mapping[str, str]) -> None:
    """Report whether the program can take traffic whenever that changes, until cancelled."""
    wanted = health.effective(settings.health, settings.ports)
    if wanted is None:
        carried.report_health(True, "")
        return
    cwd = str(settings.working_dir) if settings.working_dir else None
    where = Where(settings.ports, env, cwd, carried.given.inside, carried.given.mark)

    async def ask() -> str:
        if not carried.proxy_runs:
            return "the proxy restarts"
        return await health.probe(wanted, where)

    await health.monitor(ask, durations.seconds(wanted.interval), carried.report_health)


def tenant_of(
    settings: AgentSettings,
    environ: Mapping[str, str],
    observe: Observer,
    stop: Stop,
    *,
    lines: bool,
) -> ProgramTenant | StandingTenant | NoTenant:
    """The program the settings name, what runs already in the place they name, or nobody. Raises AgentError."""
    if settings.command and settings.capture.cgroup:
        raise AgentError(
            "cgroup-with-program",
            f"--cgroup {settings.capture.cgroup} is of a program that runs already, and a command is named too",
            "leave out one of them: a program that is started here gets a control group by itself",
        )
    if settings.command:
        return ProgramTenant(settings, environ, observe, stop, lines=lines)
    if settings.capture.mode is Mode.NETNS or settings.capture.cgroup:
        return StandingTenant(settings, environ, stop)
    if settings.capture.mode is Mode.CGROUP:
        raise AgentError(
            "capture-without-program",
            "capturing by control group takes a program to start in it",
            "name a command; for one that runs already, --cgroup or --capture netns",
        )
    return NoTenant(settings.drain_s, stop)
