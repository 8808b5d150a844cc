"""A carrier with a real Envoy beside a small control plane, and a tenant that only looks around."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.envoy.identities import now_s
from tests.unit.agent.control_plane import ControlPlane, control_plane

from tulle.agent import events
from tulle.agent.carrier import Carrier, Lasting
from tulle.agent.deadline import Stop
from tulle.agent.errors import AgentError
from tulle.agent.programs.processes import mark_of
from tulle.agent.tenants import Carried
from tulle.model import wire
from tulle.settings import AgentSettings, find_envoy

ENVOY = find_envoy(os.environ)
assert isinstance(ENVOY, Path)


@pytest.fixture
async def plane(tmp_path) -> AsyncIterator[ControlPlane]:
    async with control_plane(tmp_path) as plane:
        yield plane


def settings(plane: ControlPlane, folder: Path) -> AgentSettings:
    return AgentSettings(
        server=plane.join,
        state_dir=folder / "state",
        envoy=ENVOY,
        namespace="shop",
        service_account="web",
        token_file=plane.token(),
    )


class Guest:
    """Looks around, says it is well, leaves."""

    def __init__(self) -> None:
        self.proxy_ran = False

    def check(self) -> None:
        pass

    async def live(self, carried: Carried) -> int:
        self.proxy_ran = carried.proxy_runs
        carried.report_health(True, "")
        await carried.drain(Stop().by(5.0))
        return 9


class Picky(Guest):
    def check(self) -> None:
        raise AgentError("not-here", "I do not like it here")


async def test_a_tenant_lives_behind_a_proxy_that_runs_and_its_code_comes_back(plane, tmp_path):
    heard: list[events.AgentEvent] = []
    guest = Guest()
    carrier = Carrier(settings(plane, tmp_path), now_s, heard.append, Stop())

    assert await carrier.carry(guest) == 9
    assert guest.proxy_ran
    assert [type(event) for event in heard] == [
        events.Joined,
        events.ProxyReady,
        events.HealthChanged,
    ]
    assert any(isinstance(frame, wire.Draining) for frame in plane.frames)


async def test_a_tenant_that_cannot_live_here_costs_no_token(plane, tmp_path):
    carrier = Carrier(settings(plane, tmp_path), now_s, lambda _: None, Stop())

    with pytest.raises(AgentError):
        await carrier.carry(Picky())

    assert plane.spent == set()


async def test_asked_to_stop_while_it_joins_no_tenant_ever_lives(tmp_path):
    async with control_plane(tmp_path) as plane:
        chosen = settings(plane, tmp_path)
    stop, guest = Stop(), Guest()
    carrier = Carrier(chosen, now_s, lambda _: stop.ask(signal.SIGINT), stop)  # it is gone

    assert await asyncio.wait_for(carrier.carry(guest), 20) == 128 + signal.SIGINT
    assert not guest.proxy_ran


class Resident(Guest):
    """Stays until it is asked to go."""

    def __init__(self, stop: Stop) -> None:
        super().__init__()
        self.stop = stop
        self.moved_in = asyncio.Event()

    async def live(self, carried: Carried) -> int:
        self.moved_in.set()
        await self.stop.asked.wait()
        await carried.leave(self.stop.by(1.0))
        return 0


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart by /proc")


async def abandoned(chosen: AgentSettings) -> int:
    """Carry a lasting workload until its proxy serves, and go: the proxy's process."""
    stop = Stop()
    resident = Resident(stop)
    carrier = Carrier(chosen, now_s, lambda _: None, stop, Lasting())
    async with asyncio.TaskGroup() as group:
        carrying = group.create_task(carrier.carry(resident))
        await asyncio.wait_for(resident.moved_in.wait(), 30)
        look = carrier.look()
        assert look
        assert look.proxy_pid
        carrying.cancel()
    return look.proxy_pid


@LINUX
async def test_a_lasting_workloads_proxy_is_left_to_the_next_carrier_and_ends_with_that(
    plane, tmp_path
):
    chosen = settings(plane, tmp_path)
    proxy = await abandoned(chosen)
    assert mark_of(proxy)
    plane.frames.clear()

    stop = Stop()
    resident = Resident(stop)
    carrier = Carrier(chosen, now_s, lambda _: None, stop, Lasting(was_healthy=True))
    async with asyncio.TaskGroup() as group:
        group.create_task(carrier.carry(resident))
        register = await plane.wait_for(wire.Register)
        await resident.moved_in.wait()
        look = carrier.look()
        assert look
        assert look.proxy_pid == proxy, "the very same"
        stop.ask()

    assert register.healthy
    assert mark_of(proxy) is None


@LINUX
async def test_a_carrier_that_fails_leaves_no_proxy_of_an_earlier_one(plane, tmp_path):
    chosen = settings(plane, tmp_path)
    proxy = await abandoned(chosen)
    other = replace(chosen, service_account="other", token_file=None)  # has no identity
    with pytest.RaisesGroup(AgentError):
        await Carrier(other, now_s, lambda _: None, Stop(), Lasting()).carry(Guest())

    assert mark_of(proxy) is None


@LINUX
async def test_a_carrier_that_is_stopped_at_once_leaves_no_proxy_of_an_earlier_one(plane, tmp_path):
    chosen = settings(plane, tmp_path)
    proxy = await abandoned(chosen)
    stop = Stop()
    stop.ask()

    assert await Carrier(chosen, now_s, lambda _: None, stop, Lasting()).carry(Guest()) == stop.code
    assert mark_of(proxy) is None
