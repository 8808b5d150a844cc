"""The agent's door: who comes, and what each is told."""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.agent.control_plane import ControlPlane, control_plane
from tests.unit.agent.host.agents import on_host, settings, words

from tulle.agent.host import frames
from tulle.agent.host.client import ask
from tulle.agent.host.line import Line, connect

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a host's agent needs Linux")


@pytest.fixture
async def plane(tmp_path) -> AsyncIterator[ControlPlane]:
    async with control_plane(tmp_path) as plane:
        yield plane


def join(plane: ControlPlane, folder: Path, **more) -> frames.Join:
    known = {"version": "1.0", "words": words(plane), "state_dir": str(folder / "one")}
    return frames.Join(**{**known, **more})


async def welcomed(path: Path) -> Line[frames.FromHost]:
    line: Line[frames.FromHost] = await connect(str(path), frames.read_from_host)
    assert isinstance(await line.receive(), frames.Welcome)
    return line


async def until(line: Line[frames.FromHost], kind: type) -> frames.FromHost:
    while frame := await line.receive():
        if isinstance(frame, kind | frames.Denied):
            return frame
    raise AssertionError("it hung up")


async def test_it_says_who_it_is_before_anybody_says_anything(tmp_path):
    async with on_host(settings(tmp_path)) as host:
        line: Line[frames.FromHost] = await connect(
            str(host.settings.socket), frames.read_from_host
        )
        welcome = await line.receive()
        await line.closed()

    assert isinstance(welcome, frames.Welcome)
    assert (welcome.pid, welcome.uid) == (os.getpid(), os.getuid())
    assert frames.is_compatible(welcome.version)


async def test_a_report_names_what_is_carried(plane, tmp_path):
    async with on_host(settings(tmp_path)) as host:
        line = await welcomed(host.settings.socket)
        line.send(join(plane, tmp_path, token=plane.token().read_text()))
        assert isinstance(await until(line, frames.Ready), frames.Ready)
        line.send(frames.Health(healthy=False, reason="GET / answered 500"))
        report = await ask(host.settings.socket, frames.Ask())
        line.send(frames.Goodbye())
        await line.closed()

    assert isinstance(report, frames.Report)
    (carried,) = report.host.workloads
    assert (carried.name, carried.owner, carried.uid) == ("shop/web-1", os.getpid(), os.getuid())
    assert carried.phase == "serving"
    assert carried.mtls_port
    assert carried.certificate_ends


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"version": "9.0"}, "agent-version"),
        ({"words": {"teleport": "yes"}}, "flag-unknown"),
        ({"words": {"port": ("x=y",)}}, "port-malformed"),
        ({}, "token-missing"),
    ],
)
async def test_what_cannot_be_carried_is_refused_with_its_reason(plane, tmp_path, wrong, code):
    async with on_host(settings(tmp_path)) as host:
        line = await welcomed(host.settings.socket)
        line.send(join(plane, tmp_path, **wrong))
        denied = await until(line, frames.Denied)
        await line.closed()

    assert isinstance(denied, frames.Denied)
    assert denied.code == code


async def test_a_folder_it_cannot_use_is_told_instead_of_hanging_up(plane, tmp_path):
    (tmp_path / "one").write_text("a file")
    async with on_host(settings(tmp_path)) as host:
        line = await welcomed(host.settings.socket)
        line.send(join(plane, tmp_path, token=plane.token().read_text()))
        denied = await until(line, frames.Denied)
        await line.closed()

    assert isinstance(denied, frames.Denied)
    assert denied.code == "state-dir-unusable"
    assert str(tmp_path / "one") in denied.message


async def test_a_token_is_kept_from_everybody_else(plane, tmp_path):
    async with on_host(settings(tmp_path)) as host:
        line = await welcomed(host.settings.socket)
        line.send(join(plane, tmp_path, token=plane.token().read_text()))
        await until(line, frames.Ready)
        mode = (tmp_path / "one" / "join.token").stat().st_mode
        line.send(frames.Goodbye())
        await line.closed()

    assert mode & 0o777 == 0o600
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o700


async def test_who_says_nothing_of_use_is_let_go(tmp_path):
    async with on_host(settings(tmp_path)) as host:
        line = await welcomed(host.settings.socket)
        line.send(frames.Hurry())

        assert await line.receive() is None
        await line.closed()


async def test_asked_to_end_it_drains_and_the_line_ends_last(plane, tmp_path):
    async with on_host(settings(tmp_path)) as host:
        line = await welcomed(host.settings.socket)
        line.send(join(plane, tmp_path, token=plane.token().read_text()))
        await until(line, frames.Ready)
        other = await welcomed(host.settings.socket)
        other.send(frames.End())
        assert isinstance(await until(line, frames.Dismissed), frames.Dismissed)
        line.send(frames.Leave(deadline_s=1.0))
        await until(line, frames.HasLeft)
        line.send(frames.Goodbye())

        assert await other.receive() is None
        await line.closed()
        await other.closed()
    assert not host.settings.socket.exists()


async def test_who_says_nothing_for_long_is_let_go(tmp_path, monkeypatch):
    monkeypatch.setattr("tulle.agent.host.door._FIRST_WORD_S", 0.05)
    async with on_host(settings(tmp_path)) as host:
        line = await welcomed(host.settings.socket)

        assert await line.receive() is None
        await line.closed()


async def test_there_is_room_for_so_many_and_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr("tulle.agent.host.door._MOST_LINES", 1)
    async with on_host(settings(tmp_path)) as host:
        first = await welcomed(host.settings.socket)
        second: Line[frames.FromHost] = await connect(
            str(host.settings.socket), frames.read_from_host
        )
        assert await second.receive() is None
        await first.closed()
        await second.closed()
