"""`tulle run` where the host has an agent: what is the same as without one, and what it says where it cannot be."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.unit.agent.control_plane import ControlPlane, control_plane
from tests.unit.agent.host.agents import Run, on_host, settings, workload

from tulle.agent import events
from tulle.agent.deadline import Stop
from tulle.agent.errors import AgentError
from tulle.agent.host import frames, peers
from tulle.agent.host.client import HostedCarrier, HostsAgent, Introduction, ask
from tulle.agent.host.line import Line
from tulle.agent.programs.tenant import ProgramTenant
from tulle.agent.tenants import Given
from tulle.model import wire
from tulle.settings import Address, AgentSettings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a host's agent needs Linux")


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-u", "-S", "-c", code)


@pytest.fixture
async def plane(tmp_path) -> AsyncIterator[ControlPlane]:
    async with control_plane(tmp_path) as plane:
        yield plane


async def test_the_programs_exit_code_is_the_runs_and_it_is_told_what_happens(plane, tmp_path):
    async with on_host(settings(tmp_path)) as host:
        chosen = workload(plane, tmp_path, command=python("raise SystemExit(7)"))
        run = Run(plane, chosen, host.settings.socket)

        assert await run.agent.run() == 7
    kinds = [type(event) for event in run.events]
    assert kinds[:2] == [events.Joined, events.ProxyReady]
    assert kinds.index(events.Started) < kinds.index(events.Exited) == len(kinds) - 1
    assert any(isinstance(frame, wire.Draining) for frame in plane.frames)


async def test_asked_to_stop_it_leaves_the_mesh_before_the_program_ends(plane, tmp_path):
    code = (
        "import signal, time\n"
        "def leave(*_):\n    print('leaving')\n    raise SystemExit(5)\n"
        "signal.signal(signal.SIGTERM, leave)\n"
        "print('up')\n"
        "while True: time.sleep(0.01)"
    )
    async with on_host(settings(tmp_path)) as host:
        run = Run(plane, workload(plane, tmp_path, command=python(code)), host.settings.socket)
        heard_before: list[str] = []
        plane.on_draining = lambda: heard_before.extend(run.output)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(run.agent.run())
            await run.wait_for(events.Output)
            run.agent.stop(signal.SIGTERM)
            assert await running == 5

    assert heard_before == ["up"]
    assert run.output == ["up", "leaving"]


async def test_what_the_agent_refuses_is_this_ones_error(plane, tmp_path):
    async with on_host(settings(tmp_path)) as host:
        chosen = workload(plane, tmp_path, command=("true",), token_file=None)
        with pytest.raises(AgentError) as caught:
            await Run(plane, chosen, host.settings.socket).agent.run()

    assert caught.value.problem.code == "token-missing"


async def test_a_command_that_does_not_exist_is_found_before_the_agent_hears_of_it(plane, tmp_path):
    async with on_host(settings(tmp_path)) as host:
        run = Run(plane, workload(plane, tmp_path, command=("no-such",)), host.settings.socket)
        with pytest.raises(AgentError) as caught:
            await run.agent.run()

    assert caught.value.exit_code == 127
    assert plane.spent == set()


def introduction(folder: Path, **more) -> Introduction:
    return Introduction(
        **{
            "words": {},
            "state_dir": folder / "state",
            "chose_folder": False,
            "token_file": None,
            **more,
        }
    )


@asynccontextmanager
async def welcomed(path: Path, **more) -> AsyncIterator[None]:
    """An agent that only says who it is, to one."""
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line: Line[frames.ToAgent] = Line(reader, writer, frames.read_to_agent)
        known = {
            "version": "1.0",
            "software": "x",
            "pid": 1,
            "uid": 0,
            "network": peers.network(),
        }
        line.send(frames.Welcome(**{**known, **more}))
        await line.receive()
        await line.closed()
        done.set()

    server = await asyncio.start_unix_server(serve, str(path))
    yield
    await asyncio.wait_for(done.wait(), 10)
    server.close()


async def test_an_agent_of_another_network_is_passed_over_and_that_is_said(tmp_path):
    told: list[str] = []
    async with welcomed(tmp_path / "s", network="1"):
        host = HostsAgent(tmp_path / "s", introduction(tmp_path), must_answer=False)
        assert not await host.answers(told.append)

    assert "another network" in told[0]


async def test_an_agent_that_was_named_and_is_not_there_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("tulle.agent.host.client._PATIENCE_S", 0.1)
    with pytest.raises(AgentError) as caught:
        await HostsAgent(tmp_path / "s", introduction(tmp_path), must_answer=True).answers(print)

    assert caught.value.problem.code == "agent-unreachable"


async def test_a_socket_nobody_listens_at_any_more_is_no_agent_and_that_is_said(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("tulle.agent.host.client._PATIENCE_S", 0.1)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / "s"))
    told: list[str] = []

    assert not await HostsAgent(tmp_path / "s", introduction(tmp_path), must_answer=False).answers(
        told.append
    )
    assert str(tmp_path / "s") in told[0]


async def test_an_agent_that_hangs_is_no_agent(tmp_path, monkeypatch):
    monkeypatch.setattr("tulle.agent.host.client._PATIENCE_S", 0.1)
    told: list[str] = []
    host = HostsAgent(tmp_path / "s", introduction(tmp_path), must_answer=False)
    with socket.socket(socket.AF_UNIX) as stopped:  # a process that is stopped accepts nobody
        stopped.bind(str(tmp_path / "s"))
        stopped.listen()
        assert not await host.answers(told.append)
        with pytest.raises(TimeoutError):
            await ask(tmp_path / "s", frames.Ask())

    assert "does not answer" in told[0]


async def test_an_agent_of_another_major_version_is_an_error_that_says_so(tmp_path):
    host = HostsAgent(tmp_path / "s", introduction(tmp_path), must_answer=False)
    async with welcomed(tmp_path / "s", version="2.0"):
        with pytest.raises(AgentError) as caught:
            await host.answers(print)

    assert caught.value.problem.code == "agent-version"


async def test_a_folder_of_ones_own_choice_is_none_for_another_users_agent(tmp_path):
    chosen = introduction(tmp_path, chose_folder=True)
    async with welcomed(tmp_path / "s", uid=os.getuid() + 1):
        with pytest.raises(AgentError) as caught:
            await HostsAgent(tmp_path / "s", chosen, must_answer=False).answers(print)

    assert caught.value.problem.code == "state-dir-elsewhere"


async def test_the_no_of_a_later_agent_does_not_end_a_program_that_runs(tmp_path, monkeypatch):
    """An older one in the place of a newer, perhaps: it is told, and asked again."""
    monkeypatch.setattr("tulle.agent.host.client._AFTER_A_NO_S", 0.05)
    asked: list[frames.ToAgent] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line: Line[frames.ToAgent] = Line(reader, writer, frames.read_to_agent)
        line.send(
            frames.Welcome(
                version="1.0", software="x", pid=1, uid=os.getuid(), network=peers.network()
            )
        )
        if joined := await line.receive():
            asked.append(joined)
            first = len(asked) == 1
            line.send(
                frames.Ready(given=Given())
                if first
                else frames.Denied(code="flag-unknown", message="no")
            )
            if first:
                while not isinstance(await line.receive(), frames.Health | None):
                    pass
        await line.closed()

    server = await asyncio.start_unix_server(serve, str(tmp_path / "s"))
    said: list[events.AgentEvent] = []
    stop = Stop()
    carrier = HostedCarrier(
        HostsAgent(tmp_path / "s", introduction(tmp_path), must_answer=True), said.append, stop
    )
    chosen = AgentSettings(
        server=Address("127.0.0.1", 9),
        state_dir=tmp_path,
        envoy=tmp_path,
        drain_s=0.1,
        command=python("import time; time.sleep(60)"),
    )
    async with asyncio.TaskGroup() as group:
        tenant = ProgramTenant(chosen, os.environ, said.append, stop)
        running = group.create_task(carrier.carry(tenant))
        while len(asked) < 4:  # noqa: ASYNC110 - it is the server that counts
            await asyncio.sleep(0.01)
        assert not running.done()
        stop.ask(signal.SIGKILL)
        assert await running == 128 + signal.SIGKILL
    server.close()

    notices = [event.text for event in said if isinstance(event, events.Notice)]
    assert sum("flag-unknown" in text for text in notices) == 1


def test_beside_the_program_there_is_no_grpc_and_no_cryptography():
    """They are most of an agent's memory, and the host's agent has them already."""
    code = (
        "import sys, tulle.agent.agent, tulle.agent.host.client, tulle.cli.run\n"
        "print([name for name in ('grpc', 'cryptography', 'google') if name in sys.modules])"
    )
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
