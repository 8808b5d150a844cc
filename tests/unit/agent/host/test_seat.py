"""The agent's seat: one at a time, handed over in good order, never a moment without a socket."""

import asyncio
import os
import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tulle.agent.errors import AgentError
from tulle.agent.host import frames
from tulle.agent.host.line import Line
from tulle.agent.host.seat import Seat
from tulle.agent.host.settings import HostSettings


@pytest.fixture
def settings(tmp_path: Path) -> HostSettings:
    return HostSettings(
        socket=tmp_path / "run" / "agent.sock",
        state_dir=tmp_path / "state",
        workloads=tmp_path / "w",
        envoy=Path("unused"),
    )


async def test_a_second_agent_is_refused_and_the_seat_is_free_again_afterwards(settings):
    first, second = Seat(settings), Seat(settings)
    await first.take()
    with pytest.raises(AgentError) as caught:
        await second.take()
    assert caught.value.problem.code == "agent-runs-already"

    first.leave()
    await second.take()
    second.leave()


async def test_the_socket_is_its_users_alone_and_replaces_a_stale_one(settings):
    settings.socket.parent.mkdir()
    settings.socket.touch()
    seat = Seat(settings)
    await seat.take()
    with seat.listen() as listening:
        assert stat.S_ISSOCK(settings.socket.stat().st_mode)
        assert stat.S_IMODE(settings.socket.stat().st_mode) == 0o600
        assert listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    seat.vanish()
    assert not settings.socket.exists()
    seat.leave()


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a socket to any group")
async def test_a_group_may_be_let_in(settings):
    seat = Seat(replace(settings, group="daemon"))
    await seat.take()
    with seat.listen():
        assert stat.S_IMODE(settings.socket.stat().st_mode) == 0o660
    seat.leave()


async def test_a_group_there_is_none_of_is_said(settings):
    seat = Seat(replace(settings, group="no-such-group"))
    await seat.take()
    with pytest.raises(AgentError) as caught:
        seat.listen()
    seat.leave()

    assert caught.value.problem.code == "group-unknown"


async def test_a_place_that_cannot_be_used_is_named(settings, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(AgentError) as caught:
        await Seat(replace(settings, state_dir=tmp_path / "file" / "x")).take()

    assert caught.value.problem.code == "agent-place-unusable"
    assert str(tmp_path / "file") in caught.value.problem.message


async def serve(settings: HostSettings, seat: Seat, answer: frames.HostFrame) -> asyncio.Server:
    """An agent that answers so to whoever wants its place, and leaves if it agreed."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line: Line[frames.ToAgent] = Line(reader, writer, frames.read_to_agent)
        line.send(frames.Welcome(version="1.0", software="x", pid=1, uid=0))
        assert await line.receive() == frames.HandOver()
        line.send(answer)
        await line.closed()
        if isinstance(answer, frames.HandingOver):
            seat.leave()

    return await asyncio.start_unix_server(talk, sock=seat.listen())


async def test_taking_over_asks_the_agent_that_runs_and_waits_until_it_is_gone(settings):
    first, second = Seat(settings), Seat(replace(settings, take_over=True))
    await first.take()
    server = await serve(settings, first, frames.HandingOver())
    await second.take()
    server.close()
    second.leave()


async def test_an_agent_that_refuses_to_go_is_quoted(settings):
    first, second = Seat(settings), Seat(replace(settings, take_over=True))
    await first.take()
    server = await serve(settings, first, frames.Denied(code="not-yours", message="no"))
    with pytest.raises(AgentError) as caught:
        await second.take()
    server.close()
    first.leave()

    assert caught.value.problem.code == "not-yours"


async def test_an_agent_that_does_not_answer_is_not_pushed_aside(settings):
    first, second = Seat(settings), Seat(replace(settings, take_over=True))
    await first.take()
    with pytest.raises(AgentError) as caught:
        await second.take()
    first.leave()

    assert caught.value.problem.code == "agent-unreachable"
