"""What the stream's carrier adds to the machine; the contract tests carry whole configurations."""

from collections.abc import AsyncGenerator
from pathlib import Path

import grpc
import pytest
from tests.unit.serve.doors import Door, mesh_of, names, open_door, xds

from tulle.ads.messages import Request, decode_response, encode_request
from tulle.model.wire import METHOD_DELTA_ADS
from tulle.testing.proxies import FakeProxy, RefusedError, refusals, refusing
from tulle.xds.snapshots import TypeUrl, snapshot_of


@pytest.fixture
async def door(tmp_path: Path) -> AsyncGenerator[Door]:
    async with open_door(tmp_path) as opened:
        yield opened


async def test_what_is_no_xds_is_refused_in_words(door: Door) -> None:
    me = await door.join()
    async with me.channel(door.xds) as channel:
        stream = channel.stream_stream(METHOD_DELTA_ADS)()
        await stream.write(b"\xff\xff\xff")
        with pytest.raises(RefusedError) as refusal, refusals():
            await stream.read()
    assert refusal.value.refused.code == "request-malformed"


async def test_a_proxy_without_a_node_id_is_who_its_certificate_says(door: Door) -> None:
    me = await door.join()
    door.publisher.offer(me.workload, mesh_of("1", "reviews"))
    async with me.channel(door.xds) as channel:
        stream = channel.stream_stream(METHOD_DELTA_ADS)()
        await stream.write(encode_request(Request(TypeUrl.CLUSTER, ("*",))))
        found = decode_response(await stream.read())
        assert [one.name for one in found.resources] == ["reviews"]
        await stream.done_writing()
        assert await stream.read() is grpc.aio.EOF


async def test_configuration_that_comes_after_the_stream_is_sent(door: Door) -> None:
    me = await door.join()
    proxy = FakeProxy(me)
    async with proxy.connected(door.xds):
        while not door.publisher.state(me.workload).connected:
            await door.breathe()
        door.publisher.offer(me.workload, mesh_of("1", "reviews"))
        await proxy.until(lambda p: names(p.held) == names(mesh_of("1", "reviews")))


async def test_what_it_confirms_and_refuses_is_told_to_the_publisher(door: Door) -> None:
    me = await door.join()
    door.publisher.offer(me.workload, snapshot_of([(TypeUrl.ROUTE, xds("r", "1"))]))
    async with FakeProxy(me, refusing(("r", "1"))).connected(door.xds) as proxy:
        await proxy.until(lambda p: p.is_complete)
        while not door.publisher.state(me.workload).refused:
            await door.breathe()
        (refusal,) = door.publisher.state(me.workload).refused
        assert (refusal.name, refusal.detail) == ("r", "cannot bear r")
        door.publisher.offer(me.workload, snapshot_of([(TypeUrl.ROUTE, xds("r", "2"))]))
        while not door.publisher.state(me.workload).in_sync:
            await door.breathe()
        assert door.publisher.state(me.workload).refused == ()


async def test_a_stream_that_ended_is_told_nothing_more(door: Door) -> None:
    me = await door.join()
    door.publisher.offer(me.workload, mesh_of("1", "old"))
    async with FakeProxy(me).connected(door.xds) as proxy:
        await proxy.until(lambda p: p.is_complete)
        door.publisher.offer(me.workload, mesh_of("1"))
    while door.publisher.state(me.workload).connected:
        await door.breathe()
    door.publisher.offer(me.workload, mesh_of("2"))
    assert not door.publisher.state(me.workload).in_sync
