"""Workloads that files declare, and the book of an earlier agent, on a real agent."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.agent.control_plane import ControlPlane, control_plane
from tests.unit.agent.host.agents import OnHost, on_host, settings, words

from tulle.agent.host import frames
from tulle.agent.host.book import Book, Record
from tulle.agent.host.client import ask
from tulle.agent.host.reports import Carries
from tulle.agent.programs.processes import mark_of
from tulle.model import wire

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a host's agent needs Linux")


@pytest.fixture
async def plane(tmp_path) -> AsyncIterator[ControlPlane]:
    async with control_plane(tmp_path) as plane:
        yield plane


def declare(plane: ControlPlane, folder: Path, name: str = "web", more: str = "") -> Path:
    (folder / "workloads.d").mkdir(exist_ok=True)
    file = folder / "workloads.d" / f"{name}.yaml"
    file.write_text(
        f"server: {plane.join}\ntokenFile: {plane.token()}\nnamespace: shop\n"
        f"serviceAccount: web\ndrain: 1s\n{more}"
    )
    return file


async def carried(host: OnHost, wanted: Callable[[list[Carries]], bool]) -> list[Carries]:
    async with asyncio.timeout(30):
        while True:
            report = await ask(host.settings.socket, frames.Ask())
            assert isinstance(report, frames.Report)
            found = list(report.host.workloads)
            if wanted(found):
                return found
            await asyncio.sleep(0.05)


def well(found: list[Carries]) -> bool:
    return len(found) == 1 and found[0].healthy


async def test_a_declared_program_that_runs_is_put_on_the_mesh_and_taken_off_with_its_file(
    plane, tmp_path
):
    file = declare(plane, tmp_path)
    async with on_host(settings(tmp_path)) as host:
        (workload,) = await carried(host, well)
        assert workload.source == str(file)
        assert workload.owner is None
        assert await plane.wait_for(wire.HealthReport) == wire.HealthReport(healthy=True)

        file.unlink()
        host.agent.reload()
        await carried(host, lambda found: not found)
        assert any(isinstance(frame, wire.Draining) for frame in plane.frames)


async def test_a_changed_file_makes_another_workload_of_it(plane, tmp_path):
    declare(plane, tmp_path)
    async with on_host(settings(tmp_path)) as host:
        await carried(host, well)
        declare(plane, tmp_path, more="zone: b\n")
        host.agent.reload()
        async with asyncio.timeout(20):
            while not registered_in_zone(plane, "b"):  # noqa: ASYNC110 - the plane's tests wait so
                await asyncio.sleep(0.05)
        await carried(host, well)


def registered_in_zone(plane: ControlPlane, zone: str) -> bool:
    return any(
        isinstance(frame, wire.Register) and frame.locality.zone == zone for frame in plane.frames
    )


async def test_what_is_wrong_with_a_file_is_said_once_and_costs_the_others_nothing(plane, tmp_path):
    declare(plane, tmp_path)
    declare(plane, tmp_path, "bad", more="colour: blue\n")
    declare(plane, tmp_path, "worse", more="port: x=y\n")
    async with on_host(settings(tmp_path)) as host:
        await carried(host, well)
        host.agent.reload()
        await carried(host, well)

    complaints = [text for about, text in host.said if not about]
    assert len(complaints) == 2
    assert any("bad.yaml" in text and "flag-unknown" in text for text in complaints)
    assert any("worse.yaml" in text and "port-malformed" in text for text in complaints)


async def test_a_file_that_is_broken_for_a_moment_costs_nothing(plane, tmp_path):
    """Somebody is at it with an editor."""
    file = declare(plane, tmp_path)
    text = file.read_text()
    async with on_host(settings(tmp_path)) as host:
        await carried(host, well)
        file.write_text(f"{text}port: [")
        host.agent.reload()
        async with asyncio.timeout(20):
            while not host.said:  # noqa: ASYNC110 - what it says is kept, not told
                await asyncio.sleep(0.02)
        await carried(host, well)
        file.write_text(text)
        host.agent.reload()
        await carried(host, well)

        assert not any(isinstance(frame, wire.Draining) for frame in plane.frames)


async def test_a_workload_whose_file_is_gone_still_waits_for_its_callers(plane, tmp_path):
    file = declare(plane, tmp_path)
    async with on_host(settings(tmp_path)) as host:
        await carried(host, well)
        left, plane.on_draining = [], lambda: left.append(1)
        file.unlink()
        for _ in range(3):
            host.agent.reload()
            await asyncio.sleep(0)
        await carried(host, lambda found: not found)

    assert left == [1], "it was asked to leave once"


async def test_a_declared_workload_that_cannot_join_says_why_and_is_tried_again(
    plane, tmp_path, monkeypatch
):
    monkeypatch.setattr("tulle.agent.host.roster._TRY_AGAIN_S", 0.2)
    declare(plane, tmp_path)
    (token,) = tmp_path.glob("token-*")
    away = token.rename(tmp_path / "away")
    async with on_host(settings(tmp_path)) as host:
        (failed,) = await carried(host, lambda found: bool(found and found[0].error))
        assert "token-unreadable" in failed.error

        away.rename(token)
        await carried(host, well)


@pytest.fixture
def owner() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(("sleep", "60")) as process:
        yield process
        process.kill()


async def test_an_agent_goes_on_with_what_the_book_of_another_holds(plane, tmp_path, owner):
    """Then its `tulle run` dies: callers are told, and nothing is left."""
    book = Book(tmp_path / "agent" / "book")
    book.put(
        Record(
            words=words(plane),
            uid=0,
            state_dir=str(tmp_path / "state"),
            owner=mark_of(owner.pid),
            healthy=True,
            token_file=str(plane.token()),
        )
    )
    async with on_host(settings(tmp_path)) as host:
        register = await plane.wait_for(wire.Register)
        assert register.healthy, "it was well when the other agent went"
        await carried(host, well)
        owner.kill()
        owner.wait()
        await plane.wait_for(wire.Draining)
        await carried(host, lambda found: not found)

    assert list(book.records()) == []
