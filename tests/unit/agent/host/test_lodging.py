"""A lodging with a real owner process, and a carried workload that writes down what it is told."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from tests.unit.agent.programs.carried import Written

from tulle.agent import events
from tulle.agent.deadline import Stop
from tulle.agent.host import frames
from tulle.agent.host.lodging import Lodging
from tulle.agent.programs.processes import Mark, mark_of
from tulle.agent.tenants import Given
from tulle.model.names import WorkloadRef

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart by /proc")

GIVEN = Given(http_proxy_port=1)


@pytest.fixture
def owner() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(("sleep", "60")) as process:
        yield process
        process.kill()


def mark(process: "subprocess.Popen[bytes]") -> Mark:
    found = mark_of(process.pid)
    assert found
    return found


@asynccontextmanager
async def living(lodging: Lodging, written: Written) -> AsyncIterator["asyncio.Task[int]"]:
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(lodging.watch_owner())
        task = group.create_task(lodging.live(written))
        await asyncio.sleep(0)
        try:
            yield task
        finally:
            task.cancel()
            watching.cancel()


async def test_the_programs_health_is_reported_and_its_leaving_is_done(owner):
    lodging = Lodging(mark(owner), Stop(), healthy=False)
    said: list[frames.HostFrame] = []
    lodging.attach(mark(owner), said.append)
    written = Written(GIVEN)
    lodging.observe(events.Joined(WorkloadRef("shop", "web-1"), False))
    lodging.observe(events.Notice("hear"))
    async with living(lodging, written) as task:
        lodging.said(frames.Health(healthy=True))
        lodging.said(frames.Leave(deadline_s=5, drain=True))
        while frames.HasLeft() not in said:  # noqa: ASYNC110 - it is said to nobody else
            await asyncio.sleep(0.01)
        lodging.said(frames.Goodbye())
        assert await task == 0

    assert written.said == ["healthy", "drain"]
    assert said == [
        frames.JoinedMesh(namespace="shop", workload="web-1"),
        frames.Told(text="hear"),
        frames.Ready(given=GIVEN),
        frames.HasLeft(),
    ]


async def test_the_death_of_the_owner_is_noticed_once_it_hung_up(owner):
    lodging = Lodging(mark(owner), Stop(), healthy=True)
    said: list[frames.HostFrame] = []
    lodging.attach(mark(owner), said.append)
    written = Written(GIVEN)
    async with living(lodging, written) as task:
        owner.kill()
        owner.wait()
        lodging.detach(said.append)
        assert await asyncio.wait_for(task, 10) == 0

    assert written.said == ["healthy", "leave"]


async def test_an_owner_that_was_dead_when_the_agent_took_over_is_noticed_too(owner):
    left = mark(owner)
    owner.kill()
    owner.wait()
    written = Written(GIVEN)
    async with living(Lodging(left, Stop(), healthy=True), written) as task:
        assert await asyncio.wait_for(task, 10) == 0

    assert written.said == ["leave"]


async def test_who_comes_back_goes_on(owner):
    lodging = Lodging(mark(owner), Stop(), healthy=True)
    first: list[frames.HostFrame] = []
    second: list[frames.HostFrame] = []
    lodging.attach(mark(owner), first.append)
    written = Written(GIVEN)
    async with living(lodging, written) as task:
        lodging.detach(first.append)
        lodging.attach(mark(owner), second.append)
        lodging.detach(first.append)  # the old line ends late: it is nobody's any more
        assert lodging.is_here
        assert not task.done()

    assert frames.Ready(given=GIVEN) in second


async def test_who_cannot_be_carried_hears_why(owner):
    lodging = Lodging(mark(owner), Stop(), healthy=False)
    said: list[frames.HostFrame] = []
    lodging.attach(mark(owner), said.append)
    denied = frames.Denied(code="token-missing", message="no")
    lodging.deny(denied)
    lodging.dismiss()

    assert said == [denied, frames.Dismissed()]


async def test_asked_to_stop_early_no_proxy_is_waited_for(owner):
    stop = Stop()
    lodging = Lodging(mark(owner), stop, healthy=False)
    lodging.check()
    lodging.attach(mark(owner), lambda _: None)
    lodging.said(frames.Goodbye())

    assert stop.asked.is_set()


async def test_a_run_that_does_not_end_its_program_is_given_up(owner):
    lodging = Lodging(mark(owner), Stop(), healthy=False)
    lodging.attach(mark(owner), lambda _: None)
    written = Written(GIVEN)
    async with living(lodging, written) as task:
        lodging.dismiss()
        lodging.give_up()
        assert await asyncio.wait_for(task, 10) == 0

    assert written.said == ["leave"]
