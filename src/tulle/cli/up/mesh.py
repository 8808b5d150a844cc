"""One run: a control plane and all programs in this process, from the first to the last moment.

Everything a user could do goes the way a user's would: resources and tokens through the API's socket. Ends by
Ctrl-C, by SIGTERM, when the time is over, or when a program cannot start; then callers end before those they
call, and nothing is left.
"""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tulle.capture.wishes import Mode, Wish
from tulle.cli.answers import Applied, Edge, Edges, NewToken
from tulle.cli.client import Client
from tulle.cli.errors import CliError, counted
from tulle.cli.up.edges import DeclaredEdge, called_workloads
from tulle.cli.up.entry import Entry, answers, entries
from tulle.cli.up.place import Place
from tulle.cli.up.plan import Launch, waves
from tulle.cli.up.ports import LOOPBACK, is_free
from tulle.cli.up.programs import Programs, Running
from tulle.cli.up.screen import Screen
from tulle.cli.up.verdict import complaints
from tulle.codec import encode
from tulle.dns.wishes import Dns, DnsMode
from tulle.graph.mesh import MeshGraph
from tulle.main import Running as ControlPlane
from tulle.main import run_control_plane
from tulle.model.names import ResourceKey
from tulle.model.resources import Resource
from tulle.settings import API_PORT, JOIN_PORT, XDS_PORT, Address, AgentSettings, ServerSettings

READY_LIMIT_S = 90.0
"""How long everything may take to start: many programs on a busy machine."""
REPORT_LAG_S = 8.0
"""Agents count every two seconds and Envoy's histograms move every five: the last numbers come that late."""
LOOK_EVERY_S = 1.0
DRAIN_S = 15.0
FORCE_S = 2.0
"""What programs get to end by themselves once somebody has no patience left."""
TOKEN_TTL_S = 600
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Job:
    """What to run. `graph` is the mesh as it will be; `for_s` None: until somebody ends it."""

    resources: Sequence[Resource]
    launches: Sequence[Launch]
    graph: MeshGraph
    declared: Sequence[DeclaredEdge]
    """The edges that have to carry traffic."""
    folders: Mapping[ResourceKey, Path]
    """Where a Process was read from: its program starts there."""
    data_dir: Path
    envoy: Path
    environ: Mapping[str, str]
    """What programs have in their environment, beside what the mesh and their manifest add."""
    for_s: float | None
    logs: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run saw last, and what was wrong with it."""

    edges: tuple[Edge, ...]
    complaints: tuple[str, ...]


class MeshRun:
    """One run; `hints` are lines shown once it is up."""

    def __init__(self, job: Job, place: Place, screen: Screen, hints: Sequence[str]) -> None:
        self._job = job
        self._place = place
        self._screen = screen
        self._hints = hints
        self._client = Client(str(place.api_socket))
        self._programs = Programs(screen, job.environ, logs=job.logs)
        self._stop = asyncio.Event()
        self._said_ready = -1

    async def run(self) -> Outcome:
        """From nothing to nothing; raises CliError if it did not get up."""
        # SIGHUP: the terminal was closed.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._asked_to_end)
        async with asyncio.TaskGroup() as group:
            started: asyncio.Future[ControlPlane] = asyncio.get_running_loop().create_future()
            settings = self._server_settings()
            control = group.create_task(
                run_control_plane(settings, started.set_result), name="control-plane"
            )
            plane = await started
            self._hints = [*self._hints, f"more workloads:  join at {plane.join_address}"]
            try:
                await self._fill()
                await self._start(plane, group)
                return await self._live()
            finally:
                await self._drain()
                control.cancel()

    def _asked_to_end(self) -> None:
        if self._stop.is_set():
            self._screen.say(f"not waiting any longer than {FORCE_S:g} s")
            self._programs.stop(self._programs.all)
            asyncio.get_running_loop().call_later(FORCE_S, self._programs.kill)
        self._stop.set()
        self._programs.changed.set()

    async def _fill(self) -> None:
        """Everything in the manifests, as `tulle apply` would."""
        objects = [encode.to_object(resource) for resource in self._job.resources]
        body = {"resources": objects}
        await asyncio.to_thread(self._client.post, "/tulle/v1/apply", body, Applied)

    async def _start(self, plane: ControlPlane, group: asyncio.TaskGroup) -> None:
        """Those that are called before their callers, so that no first call finds nobody."""
        deadline = asyncio.get_running_loop().time() + READY_LIMIT_S
        self._say_ready()
        for wave in reversed(self._waves()):
            for launch in wave:
                await self._launch(launch, plane, group)
            await self._wait_until_ready(deadline)
            if self._stop.is_set():
                return

    async def _launch(self, launch: Launch, plane: ControlPlane, group: asyncio.TaskGroup) -> None:
        index = len(self._programs.all)
        folder = self._place.of_workload(index)
        settings = self._agent_settings(launch, plane.join_address, folder)
        write_private(folder.with_suffix(".token"), await self._token(launch))
        running = self._programs.add(launch)
        group.create_task(self._programs.run(running, settings), name=f"agent-{index}")

    async def _token(self, launch: Launch) -> str:
        spec, ref = launch.process.spec, launch.replica.ref
        body = {
            "namespace": ref.namespace,
            "serviceAccount": spec.service_account_name,
            "labels": dict(spec.labels),
            "name": ref.name,
            "ttlSeconds": TOKEN_TTL_S,
        }
        made = await asyncio.to_thread(self._client.post, "/tulle/v1/tokens", body, NewToken)
        return made.token

    async def _live(self) -> Outcome:
        await self._show_the_way()
        loop = asyncio.get_running_loop()
        ends = None if self._job.for_s is None else loop.time() + self._job.for_s
        while not self._stop.is_set() and (ends is None or loop.time() < ends):
            self._screen.edges(await self._edges())
            await self._pause(
                LOOK_EVERY_S if ends is None else min(LOOK_EVERY_S, ends - loop.time())
            )
        return await self._judge()

    async def _wait_until_ready(self, deadline: float) -> None:
        """All that were started are well, or somebody asked to end; one that ended at its start ends the run."""
        programs = self._programs.all

        def done() -> bool:
            self._say_ready()
            return (
                all(running.was_healthy for running in programs)
                or any(running.failed for running in programs)
                or self._stop.is_set()
            )

        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await self._programs.wait(done)
        late = [running for running in programs if not running.was_healthy]
        if late and not self._stop.is_set():
            raise not_ready(late)

    def _say_ready(self) -> None:
        ready = sum(running.was_healthy for running in self._programs.all)
        if ready != self._said_ready:
            self._said_ready = ready
            self._screen.say(f"{ready} of {counted(len(self._job.launches), 'program')} ready")

    async def _show_the_way(self) -> None:
        """Say where to enter, once that leads somewhere."""
        if self._stop.is_set():
            return
        doors = (running for running in self._programs.all if running.launch.replica.is_door)
        found = entries(doors, self._job.graph)
        for entry in found:
            if not await answers(entry):
                self._screen.say(f"nothing behind {entry} answers yet")
        for line in (*way_in(found), *self._hints):
            self._screen.say(line)

    async def _edges(self) -> tuple[Edge, ...]:
        return (await asyncio.to_thread(self._client.get, "/tulle/v1/edges", Edges)).edges

    async def _judge(self) -> Outcome:
        """The last numbers; what is missing may still be on its way here, unless somebody is in a hurry."""
        loop = asyncio.get_running_loop()
        until = loop.time() + REPORT_LAG_S
        while True:
            edges = await self._edges()
            found = (*complaints(self._job.declared, edges), *self._gone())
            if not found or self._stop.is_set() or loop.time() > until:
                return Outcome(edges, found)
            await self._pause(LOOK_EVERY_S)

    def _gone(self) -> list[str]:
        return [
            f"{running.name} ended by itself, with exit code {running.exit_code}"
            for running in self._programs.all
            if running.ended
        ]

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._stop.wait()

    async def _drain(self) -> None:
        """End callers first, so that no call is cut off."""
        programs = self._programs
        if any(not running.ended for running in programs.all):
            self._screen.say("draining")
        programs.stopping = True
        for wave in self._waves():
            refs = {launch.replica.ref for launch in wave}
            leaving = [running for running in programs.all if running.launch.replica.ref in refs]
            programs.stop(leaving)
            await programs.ended(leaving)

    def _waves(self) -> list[list[Launch]]:
        """Callers, then those they call, and so on."""
        graph = self._job.graph
        return waves(self._job.launches, lambda x: called_workloads(graph, x.replica.ref))

    def _server_settings(self) -> ServerSettings:
        return ServerSettings(
            data_dir=self._job.data_dir,
            api_socket=self._place.api_socket,
            api_address=_usual(API_PORT),
            api_address_by_default=True,
            join_address=_usual(JOIN_PORT),
            xds_address=_usual(XDS_PORT),
            trust_domain=self._job.graph.settings.trust_domain,
        )

    def _agent_settings(self, launch: Launch, server: Address, folder: Path) -> AgentSettings:
        spec = launch.process.spec
        start = self._job.folders.get(launch.process.key, Path.cwd())
        capture = Mode(spec.capture)
        return AgentSettings(
            server=server,
            state_dir=folder,
            envoy=self._job.envoy,
            token_file=folder.with_suffix(".token"),
            namespace=launch.replica.ref.namespace,
            service_account=spec.service_account_name,
            labels=dict(spec.labels),
            ports=launch.ports,
            health=launch.health,
            upstreams=spec.upstreams,
            http_proxy=spec.http_proxy,
            capture=Wish(mode=capture),
            dns=None if capture is Mode.NONE else Dns(DnsMode.REDIRECT),
            command=spec.command,
            env={variable.name: variable.value for variable in spec.env},
            working_dir=start / spec.working_dir,
            locality=spec.locality,
            drain_s=DRAIN_S,
        )


def way_in(found: Sequence[Entry]) -> list[str]:
    """Where to enter, the first of all ways in its own line."""
    if not found:
        return [
            "the mesh runs; it has no door (a Process without a command), so programs are its only users"
        ]
    first, *others = found
    return [f"enter the mesh:  {first}", *(f"  also {entry.service}: {entry}" for entry in others)]


def not_ready(late: Sequence[Running]) -> CliError:
    """Why the mesh did not get up: each program that is not well, what it is at, and its last words."""
    lines = [f"{counted(len(late), 'program')} did not start:"]
    for running in late[:MOST_NAMED]:
        lines.append(f"  {running.name}: {_state(running)}")
        lines += [f"    | {text}" for text in list(running.last_lines)[-MOST_NAMED:]]
    if len(late) > MOST_NAMED:
        lines.append(f"  and {len(late) - MOST_NAMED} more")
    hints = (r.error.problem.hint for r in late if r.error)
    hint = next(filter(None, hints), "`tulle up --logs` shows everything programs write")
    return CliError("\n".join(lines), hint, "not-ready")


def _state(running: Running) -> str:
    if running.error:
        return f"{running.error.problem.message} [{running.error.problem.code}]"
    if running.ended:
        return f"ended with exit code {running.exit_code}"
    return f"is not well: {running.reason}"


def write_private(path: Path, text: str) -> None:
    """A new file nobody else can read, from its first moment on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)


def _usual(port: int) -> Address:
    """The port everybody expects, or any where another mesh of this machine has it."""
    return Address(LOOPBACK, port if is_free(port) else 0)
