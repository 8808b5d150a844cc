"""The fake proxy itself: a fake is only worth what is known of it."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import grpc
import pytest
from tests.unit.serve.doors import REGISTER, WEB, Door, mesh_of, names, open_door, xds

from tulle.ads.messages import ReceivedResponse
from tulle.model.wire import METHOD_RENEW, Registered
from tulle.testing.proxies import (
    FakeProxy,
    RefusedError,
    accept_all,
    join,
    refusing,
    renew,
    session,
    strangers_channel,
)
from tulle.xds.snapshots import FOR_ENVOY, TypeUrl


@pytest.fixture
async def door(tmp_path: Path) -> AsyncGenerator[Door]:
    async with open_door(tmp_path) as opened:
        yield opened


def test_a_script_refuses_what_it_names_and_nothing_else() -> None:
    both = ReceivedResponse(TypeUrl.CLUSTER, "1", (xds("a", "1"), xds("b", "2")))
    assert accept_all(both) is None
    assert refusing(("b", "2"))(both) == "cannot bear b"
    assert refusing(("b", "1"), ("c", "2"))(both) is None


async def test_it_shows_no_key(door: Door) -> None:
    me = await door.join()
    assert "PRIVATE" not in repr(me)


async def test_it_remembers_what_came_and_holds_what_it_accepted(door: Door) -> None:
    me = await door.join()
    door.publisher.offer(me.workload, mesh_of("1", "a"))
    async with FakeProxy(me).connected(door.xds) as proxy:
        await proxy.until(lambda p: p.is_complete)
    assert names(proxy.held) == names(mesh_of("1", "a"))
    assert {response.type_url for response in proxy.received} == set(FOR_ENVOY)


async def test_it_ends_when_the_control_plane_ends_the_stream(door: Door) -> None:
    me = await door.join()
    door.publisher.offer(me.workload, mesh_of("1"))
    proxy = FakeProxy(me)
    async with asyncio.TaskGroup() as group:
        group.create_task(proxy.run(door.xds))
        await proxy.until(lambda p: p.is_complete)
        await door.grpc.stop()


async def test_refusals_come_as_agents_read_them_and_other_failures_as_they_are(door: Door) -> None:
    with pytest.raises(RefusedError) as refusal:
        await join(door.grpc.join, await door.token(), WEB, app="web")
    assert refusal.value.refused.code == "token-mismatch"
    async with strangers_channel(door.grpc.join, door.authority.roots.pem) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await channel.unary_unary(METHOD_RENEW)(b"", timeout=10)


async def test_a_renewed_identity_has_a_key_of_its_own(door: Door) -> None:
    me = await door.join()
    fresh = await renew(door.xds, me)
    assert fresh.private_key_pem != me.private_key_pem


async def test_a_session_hears_what_is_said_to_it(door: Door) -> None:
    me = await door.join()
    async with session(me, door.xds) as talk:
        await talk.say(REGISTER)
        assert isinstance(await talk.hear(), Registered)
        await talk.finish()
