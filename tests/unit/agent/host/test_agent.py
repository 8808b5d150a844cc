"""The host's agent from taking its seat to leaving it."""

import asyncio
import sys
from dataclasses import replace

import pytest
from tests.envoy.identities import now_s
from tests.unit.agent.host.agents import on_host, settings

from tulle.agent.errors import AgentError
from tulle.agent.host import frames
from tulle.agent.host.agent import Going, HostAgent
from tulle.agent.host.client import ask

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a host's agent needs Linux")


async def test_two_agents_refuse_each_other(tmp_path):
    async with on_host(settings(tmp_path)) as host:
        second = HostAgent(host.settings, now_s, lambda *_: None, lambda: None)
        with pytest.raises(AgentError) as caught:
            await second.run()
        report = await ask(host.settings.socket, frames.Ask())

    assert caught.value.problem.code == "agent-runs-already"
    assert isinstance(report, frames.Report)
    assert report.host.workloads == ()


async def test_another_takes_its_place_and_the_socket_is_never_gone(tmp_path):
    async with on_host(settings(tmp_path)) as first:
        async with on_host(replace(first.settings, take_over=True)) as second:
            assert await ask(second.settings.socket, frames.Ask())
        async with asyncio.timeout(5):
            while first.went is None:  # noqa: ASYNC110 - it is set when the first has gone
                await asyncio.sleep(0.01)

    assert first.went is Going.HANDED_OVER
    assert second.went is Going.ENDED


async def test_ended_it_leaves_no_socket_and_handed_over_it_does(tmp_path):
    async with on_host(settings(tmp_path)) as host:
        pass
    assert not host.settings.socket.exists()

    async with on_host(settings(tmp_path)) as host:
        host.agent.hand_over()
    assert host.settings.socket.exists()
