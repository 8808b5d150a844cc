import asyncio
from contextlib import asynccontextmanager

import pytest
from tests.unit.agent.control.test_channels import member
from tests.unit.agent.control_plane import control_plane
from tests.unit.agent.proxy.test_relay import KEY, resource

from tulle.ads.messages import Request
from tulle.agent.control.channels import Uplink
from tulle.agent.control.upstream import Upstream
from tulle.agent.proxy.exchange import Exchange
from tulle.agent.proxy.relay import Relay
from tulle.model.names import WorkloadRef
from tulle.xds.snapshots import TypeUrl, snapshot_of

ME = WorkloadRef("shop", "web-1")
SNAPSHOT = snapshot_of([(TypeUrl.CLUSTER, resource("c")), (TypeUrl.LISTENER, resource("l"))])


@pytest.fixture
async def plane(tmp_path):
    async with control_plane(tmp_path) as plane:
        yield plane


@asynccontextmanager
async def connected(plane, exchange: Exchange):
    trust = member(plane)
    upstream = Upstream(Uplink(str(plane.xds), lambda: trust), exchange)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(upstream.run())
        try:
            yield
        finally:
            task.cancel()


async def answer_as_envoy(exchange: Exchange, plane) -> None:
    """Ask for clusters and listeners, and accept everything."""
    envoy = exchange.connect_envoy()
    for type_url in (TypeUrl.CLUSTER, TypeUrl.LISTENER):
        exchange.from_envoy(envoy, Request(type_url, subscribe=("*",)))
    waiting = {TypeUrl.CLUSTER, TypeUrl.LISTENER}
    while waiting:
        response = await envoy.queue.get()
        exchange.from_envoy(envoy, Request(response.type_url, nonce=response.nonce))
        waiting.discard(TypeUrl(response.type_url))
    await plane.wait_in_sync(ME)


async def test_configuration_arrives_and_its_confirmation_returns(plane):
    exchange = Exchange(Relay(str(ME), None, KEY), lambda _: None)
    plane.publish(ME, SNAPSHOT)
    async with connected(plane, exchange):
        await answer_as_envoy(exchange, plane)

    assert exchange.in_sync


async def test_a_control_plane_that_restarts_is_found_again_and_sends_only_news(plane):
    exchange = Exchange(Relay(str(ME), None, KEY), lambda _: None)
    plane.publish(ME, SNAPSHOT)
    async with connected(plane, exchange):
        await answer_as_envoy(exchange, plane)
        await plane.stop()
        plane.streams.clear()
        plane.events.clear()
        await plane.start()
        await plane.wait_in_sync(ME)

    resent = [event.versions for event in plane.events if event.versions]
    assert resent == []


async def test_what_an_envoy_refuses_of_last_time_comes_again(plane):
    exchange = Exchange(Relay(str(ME), SNAPSHOT, KEY), lambda _: None)
    plane.publish(ME, SNAPSHOT)
    async with connected(plane, exchange):
        envoy = exchange.connect_envoy()
        exchange.from_envoy(envoy, Request(TypeUrl.CLUSTER, subscribe=("*",)))
        response = await envoy.queue.get()
        exchange.from_envoy(envoy, Request(TypeUrl.CLUSTER, nonce=response.nonce, error="no"))
        again = await envoy.queue.get()

    assert dict(again.versions) == {"c": "1"}
