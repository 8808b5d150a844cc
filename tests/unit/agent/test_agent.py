"""One agent with a real Envoy and a real program, beside a small control plane."""

import asyncio
import contextlib
import os
import signal
import socket
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.envoy.identities import now_s
from tests.unit.agent.control_plane import ControlPlane, control_plane

from tulle.ads.delta import Accepted, RefusedByProxy
from tulle.agent import events
from tulle.agent.agent import Agent
from tulle.agent.errors import AgentError
from tulle.model import wire
from tulle.model.kinds.workload import Upstream, WorkloadPort
from tulle.model.names import WorkloadRef
from tulle.settings import AgentSettings, find_envoy
from tulle.xds.protos import Cluster
from tulle.xds.resources import each, resource_of
from tulle.xds.snapshots import TypeUrl, snapshot_of

WORKLOAD = WorkloadRef("shop", "web-1")
ENVOY = find_envoy(os.environ)
assert isinstance(ENVOY, Path)


class Watched:
    """An agent and everything it told."""

    def __init__(self, settings: AgentSettings, clock: Callable[[], float] = now_s) -> None:
        self.events: list[events.AgentEvent] = []
        self._changed = asyncio.Event()
        self.agent = Agent(settings, clock, os.environ, self._hear, lines=True)

    def _hear(self, event: events.AgentEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def wait_for(self, kind: type, test: Callable[[events.AgentEvent], bool] = bool):
        while True:
            for event in self.events:
                if isinstance(event, kind) and test(event):
                    return event
            self._changed.clear()
            await self._changed.wait()

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, events.Notice)]

    @property
    def output(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, events.Output)]


def settings(plane: ControlPlane, folder: Path, **more) -> AgentSettings:
    return AgentSettings(
        server=plane.join,
        state_dir=folder / "state",
        envoy=ENVOY,
        namespace="shop",
        service_account="web",
        **{"drain_s": 5.0, "token_file": plane.token(), **more},
    )


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-u", "-S", "-c", code)


@pytest.fixture
async def plane(tmp_path) -> AsyncIterator[ControlPlane]:
    async with control_plane(tmp_path) as plane:
        yield plane


@asynccontextmanager
async def running(watched: Watched) -> AsyncIterator["asyncio.Task[int]"]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(watched.agent.run())
        try:
            yield task
        finally:
            if not task.done():
                watched.agent.stop()
                watched.agent.stop()


SERVER = """
import asyncio, os
async def serve(reader, writer):
    try:
        writer.write(b"hello")
        if await reader.read(1):
            writer.write(b" and goodbye")
        writer.close()
        await writer.wait_closed()
    except OSError:
        pass
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(os.environ["PORT"]))
    print("listening")
    await server.serve_forever()
asyncio.run(main())
"""
"""Says hello, waits for a byte, says goodbye: a server that speaks first, and whose callers may stay."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def talk(port: int) -> bytes:
    """A whole conversation with the program."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"x")
        return await reader.read()
    finally:
        writer.close()


async def greeted(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A conversation that has begun; waits until there is a way to the program."""
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                try:
                    assert await reader.readexactly(5) == b"hello"
                except asyncio.IncompleteReadError:
                    writer.close()
                else:
                    return reader, writer
            await asyncio.sleep(0.02)


async def reached(port: int) -> None:
    """Wait until there is a way to the program."""
    _, writer = await greeted(port)
    writer.close()


def loop_back(plane: ControlPlane, folder: Path, **more) -> AgentSettings:
    """A workload that serves on one port and calls itself through the mesh, by the upstream `self`."""
    port = free_port()
    return settings(
        plane,
        folder,
        ports=(WorkloadPort(port=port, name="p"),),
        upstreams=(Upstream(service="self", port=port),),
        command=python(SERVER),
        **more,
    )


async def know_itself(plane: ControlPlane) -> int:
    """Lead the upstream `self` back to the workload's own proxy; its loopback port."""
    register = await plane.wait_for(wire.Register)
    assert isinstance(register, wire.Register)
    plane.endpoints = {"self": ("127.0.0.1", register.mtls_port)}
    plane.publish(WORKLOAD, plane.snapshot_for(WORKLOAD, register))
    return register.bound_upstreams[0].local_port


async def test_the_programs_exit_code_is_the_agents(plane, tmp_path):
    watched = Watched(settings(plane, tmp_path, command=python("raise SystemExit(7)")))

    assert await watched.agent.run() == 7


async def test_the_program_starts_only_when_the_proxy_is_ready(plane, tmp_path):
    """It dials its upstream as the first thing it does, and must get through."""
    greeter = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    plane.endpoints = {"db": greeter.sockets[0].getsockname()[:2]}
    code = (
        "import os, socket\n"
        "address = os.environ['DB_HOST'], int(os.environ['DB_PORT'])\n"
        "socket.create_connection(address).close()\n"
        "print('connected', os.environ['DB_ADDR'] == '%s:%s' % address)"
    )
    watched = Watched(
        settings(
            plane, tmp_path, upstreams=(Upstream(service="db", port=5432),), command=python(code)
        )
    )

    assert await watched.agent.run() == 0
    greeter.close()
    assert watched.output == ["connected True"]
    kinds = [type(event) for event in watched.events]
    assert kinds.index(events.Joined) < kinds.index(events.ProxyReady) < kinds.index(events.Started)


async def test_bytes_travel_over_mutual_tls_and_are_counted(plane, tmp_path):
    watched = Watched(loop_back(plane, tmp_path))
    async with running(watched):
        port = await know_itself(plane)

        await reached(port)
        assert await talk(port) == b"hello and goodbye"

        while True:
            report = await plane.wait_for(wire.EdgeReport, len(plane.frames))
            if report.edges and report.edges[0].handshakes:
                break
    assert (report.edges[0].namespace, report.edges[0].service) == ("shop", "self")
    assert report.inbound_handshakes >= 1


async def test_the_mesh_hears_when_the_program_can_take_traffic(plane, tmp_path):
    watched = Watched(loop_back(plane, tmp_path))
    async with running(watched):
        report = await plane.wait_for(wire.HealthReport)

        assert report == wire.HealthReport(healthy=True)
        assert "listening" in watched.output


async def test_asked_to_stop_it_leaves_the_mesh_before_the_program_ends(plane, tmp_path):
    code = (
        "import signal, time\n"
        "def leave(*_):\n    print('leaving')\n    raise SystemExit(5)\n"
        "signal.signal(signal.SIGTERM, leave)\n"
        "print('up')\n"
        "while True: time.sleep(0.01)"
    )
    watched = Watched(settings(plane, tmp_path, command=python(code)))
    async with running(watched) as agent:
        await watched.wait_for(events.Output)
        heard_before = []
        plane.on_draining = lambda: heard_before.extend(watched.output)
        watched.agent.stop(signal.SIGTERM)
        code = await agent

    assert code == 5
    assert heard_before == ["up"]
    assert watched.output == ["up", "leaving"]


async def test_it_waits_for_callers_until_they_are_done(plane, tmp_path):
    watched = Watched(loop_back(plane, tmp_path, drain_s=20.0))
    async with running(watched) as agent:
        reader, writer = await greeted(await know_itself(plane))
        watched.agent.stop()
        await plane.wait_for(wire.Draining)
        writer.write(b"x")
        assert await reader.read() == b" and goodbye"
        writer.close()

        assert await agent == 128 + signal.SIGTERM
    assert watched.notices == []


async def test_callers_that_stay_are_cut_at_the_deadline_and_that_is_said(plane, tmp_path):
    watched = Watched(loop_back(plane, tmp_path, drain_s=0.5))
    async with running(watched) as agent:
        _, writer = await greeted(await know_itself(plane))
        watched.agent.stop()

        assert await agent == 128 + signal.SIGTERM
        writer.close()
    assert any("still open at the deadline" in notice for notice in watched.notices)


async def test_asked_twice_it_waits_for_nobody(plane, tmp_path):
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(60)"
    watched = Watched(settings(plane, tmp_path, command=python(code), drain_s=60.0))
    async with running(watched) as agent:
        await watched.wait_for(events.Output)
        watched.agent.stop()
        await plane.wait_for(wire.Draining)
        watched.agent.stop()

        assert await asyncio.wait_for(agent, 20) == 128 + signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="asks the socket who listens")
async def test_killed_envoy_comes_back_from_memory_while_the_control_plane_is_away(plane, tmp_path):
    watched = Watched(loop_back(plane, tmp_path))
    async with running(watched):
        port = await know_itself(plane)
        await reached(port)
        await plane.stop()
        await watched.wait_for(events.Notice, lambda event: "is away" in event.text)
        os.kill(await envoy_pid(tmp_path / "state" / "admin.sock"), signal.SIGKILL)
        await watched.wait_for(events.Notice, lambda event: "Envoy ended" in event.text)

        await reached(port)
        assert await talk(port) == b"hello and goodbye"


async def test_a_restarted_agent_serves_from_disk_while_the_control_plane_is_away(plane, tmp_path):
    chosen = loop_back(plane, tmp_path)
    first = Watched(chosen)
    async with running(first):
        port = await know_itself(plane)
        await reached(port)
        await plane.wait_in_sync(WORKLOAD)
        await saved(tmp_path / "state", b"outbound:shop/self")
    await plane.stop()

    second = Watched(replace(chosen, token_file=None))
    async with running(second):
        await reached(port)
        assert await talk(port) == b"hello and goodbye"
        await second.wait_for(events.Notice, lambda event: "of last time" in event.text)
    assert (await second.wait_for(events.Joined)).cached


async def test_stopped_and_started_it_is_the_same_workload_though_the_mesh_forgot_it(
    plane, tmp_path
):
    plane.forgets = True
    chosen = settings(plane, tmp_path, command=("true",))
    assert await Watched(chosen).agent.run() == 0
    assert plane.forgotten == {WORKLOAD}

    again = Watched(chosen)
    assert await again.agent.run() == 0
    assert again.notices == []


async def test_started_while_the_control_plane_is_away_it_comes_back_when_that_does(
    plane, tmp_path
):
    plane.forgets = True
    chosen = loop_back(plane, tmp_path)
    first = Watched(chosen)
    async with running(first) as agent:
        await reached(await know_itself(plane))
        await plane.wait_in_sync(WORKLOAD)
        await saved(tmp_path / "state", b"outbound:shop/self")
        first.agent.stop()
        await agent
    await plane.stop()
    plane.frames.clear()
    second = Watched(chosen)
    async with running(second):
        await second.wait_for(events.Notice, lambda event: "of last time" in event.text)
        await plane.start()
        await second.wait_for(events.Notice, lambda event: "is back" in event.text)
        assert plane.forgotten == set()


async def test_when_the_control_plane_is_back_it_hears_of_the_workload_again(plane, tmp_path):
    watched = Watched(loop_back(plane, tmp_path))
    async with running(watched):
        await plane.wait_for(wire.HealthReport)
        await plane.stop()
        await watched.wait_for(events.Notice, lambda event: "is away" in event.text)
        plane.frames.clear()
        await plane.start()
        register = await plane.wait_for(wire.Register)

        assert register.healthy
        await watched.wait_for(events.Notice, lambda event: "is back" in event.text)


async def test_certificates_are_renewed_before_they_expire_and_used_at_once(tmp_path):
    async with control_plane(tmp_path, lifetime_s=3.0) as plane:
        watched = Watched(loop_back(plane, tmp_path))
        async with running(watched):
            port = await know_itself(plane)
            await reached(port)
            began = now_s()
            while now_s() < began + 4.0:  # longer than any one of them lives
                assert await talk(port) == b"hello and goodbye"
        assert len(plane.issued) >= 3
        assert watched.notices == []


async def test_what_envoy_refuses_is_said_here_and_there_and_costs_nothing_else(plane, tmp_path):
    """Two new clusters arrive together: the good one stays, the bad one is named."""
    watched = Watched(loop_back(plane, tmp_path))
    async with running(watched):
        port = await know_itself(plane)
        await reached(port)
        good = plane.snapshots[WORKLOAD]
        new = [
            (TypeUrl.CLUSTER, resource_of("fine", Cluster(name="fine"))),
            (TypeUrl.CLUSTER, resource_of("wrong", Cluster(name="wrong", type="EDS"))),
        ]
        plane.publish(WORKLOAD, snapshot_of([*each(good), *new], good.references))
        refusal = await plane.wait_for_event(RefusedByProxy)
        accepted = await plane.wait_for_event(Accepted, lambda event: "fine" in event.versions)

        assert refusal.name == "wrong"
        assert "fine" in accepted.versions
        assert any("wrong" in notice for notice in watched.notices)
        assert await talk(port) == b"hello and goodbye"


async def test_keys_are_for_their_owner_alone_and_nothing_else_holds_them(plane, tmp_path):
    watched = Watched(loop_back(plane, tmp_path))
    async with running(watched):
        port = await know_itself(plane)
        await reached(port)
        await plane.wait_in_sync(WORKLOAD)
        await saved(tmp_path / "state", b"outbound:shop/self")
        holding = []
        for file in (tmp_path / "state").iterdir():
            if stat.S_ISREG(file.stat().st_mode):
                assert stat.S_IMODE(file.stat().st_mode) & 0o177 == 0
                if b"PRIVATE KEY" in file.read_bytes():
                    holding.append(file.name)

    assert holding == ["identity.json"]
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


async def test_a_proxy_without_a_program_is_healthy_and_ends_when_asked(plane, tmp_path):
    watched = Watched(settings(plane, tmp_path))
    async with running(watched) as agent:
        assert await plane.wait_for(wire.HealthReport) == wire.HealthReport(healthy=True)
        watched.agent.stop()

        assert await agent == 0


async def test_stopped_before_the_proxy_is_ready_it_ends_at_once(tmp_path):
    async with control_plane(tmp_path) as plane:
        chosen = settings(plane, tmp_path, command=("sleep", "60"))
    watched = Watched(chosen)  # the control plane is gone
    async with running(watched) as agent:
        await watched.wait_for(events.Notice, lambda event: "waiting for" in event.text)
        watched.agent.stop(signal.SIGINT)

        assert await agent == 128 + signal.SIGINT


async def test_a_missing_command_is_found_before_the_token_is_spent(plane, tmp_path):
    watched = Watched(settings(plane, tmp_path, command=("no-such-command",)))

    with pytest.raises(AgentError) as caught:
        await watched.agent.run()

    assert caught.value.exit_code == 127
    assert plane.spent == set()


async def test_a_taken_port_is_found_before_the_token_is_spent(plane, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        watched = Watched(
            settings(plane, tmp_path, ports=(WorkloadPort(port=port),), command=("sleep", "60"))
        )
        with pytest.raises(AgentError) as caught:
            await watched.agent.run()

    assert caught.value.problem.code == "port-taken"
    assert plane.spent == set()


async def test_a_spent_token_is_refused_with_the_control_planes_words(plane, tmp_path):
    chosen = settings(plane, tmp_path, command=("true",))
    assert await Watched(chosen).agent.run() == 0

    with pytest.raises(AgentError) as caught:
        await Watched(replace(chosen, state_dir=tmp_path / "other")).agent.run()

    assert caught.value.problem.code == "token-used"


async def test_signals_without_meaning_for_the_agent_reach_the_program(plane, tmp_path):
    code = (
        "import signal, time\n"
        "def again(*_):\n    raise SystemExit(3)\n"
        "signal.signal(signal.SIGHUP, again)\n"
        "print('up')\n"
        "while True: time.sleep(0.01)"
    )
    watched = Watched(settings(plane, tmp_path, command=python(code)))
    async with running(watched) as agent:
        await watched.wait_for(events.Output)
        watched.agent.forward(signal.SIGHUP)

        assert await agent == 3


async def test_two_agents_live_in_one_process(plane, tmp_path):
    one = Watched(settings(plane, tmp_path / "one", command=python("print(1)")))
    two = Watched(settings(plane, tmp_path / "two", command=python("print(2)")))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(watched.agent.run()) for watched in (one, two)]

    assert [task.result() for task in tasks] == [0, 0]
    assert (one.output, two.output) == (["1"], ["2"])


async def saved(folder: Path, content: bytes) -> None:
    """Wait until the configuration on disk holds this."""
    async with asyncio.timeout(20):
        while content not in (_read(folder / "snapshot.msgpack") or b""):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def _read(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


async def envoy_pid(admin: Path) -> int:
    _, writer = await asyncio.open_unix_connection(str(admin))
    credentials = writer.get_extra_info("socket").getsockopt(1, 17, 12)  # SO_PEERCRED
    writer.close()
    return int.from_bytes(credentials[:4], "little")
