import asyncio
from contextlib import asynccontextmanager

import grpc
import pytest
from tests.unit.agent.proxy.test_exchange import answer_everything
from tests.unit.agent.proxy.test_relay import KEY

from tulle.ads.messages import Request, decode_response, encode_request
from tulle.agent.errors import AgentError
from tulle.agent.proxy.door import Door
from tulle.agent.proxy.exchange import Exchange
from tulle.agent.proxy.relay import Relay
from tulle.model.wire import METHOD_DELTA_ADS
from tulle.xds.bootstrap import GENERATION_KEY
from tulle.xds.snapshots import TypeUrl


@asynccontextmanager
async def open_door(folder):
    exchange = Exchange(Relay("shop/web-1", None, KEY), lambda _: None)
    door = Door(folder / "agent.sock", exchange)
    await door.start()
    try:
        async with grpc.aio.insecure_channel(f"unix:{folder / 'agent.sock'}") as channel:
            yield exchange, channel.stream_stream(METHOD_DELTA_ADS)
    finally:
        await door.stop()


async def test_an_envoy_asks_and_is_answered(tmp_path):
    async with open_door(tmp_path) as (exchange, call):
        exchange.connect_upstream()
        answer_everything(exchange)
        stream = call()
        await stream.write(encode_request(Request(TypeUrl.CLUSTER, subscribe=("*",))))
        response = decode_response(await stream.read())

    assert [resource.name for resource in response.resources] == ["c"]


async def test_what_is_no_xds_ends_the_stream_with_a_reason(tmp_path):
    async with open_door(tmp_path) as (_, call):
        stream = call()
        await stream.write(b"\xff\xff\xff")

        assert await stream.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_when_an_envoy_is_gone_the_next_one_is_served(tmp_path):
    async with open_door(tmp_path) as (exchange, call):
        answer_everything(exchange)
        for _ in range(2):
            stream = call()
            await stream.write(encode_request(Request(TypeUrl.CLUSTER, subscribe=("*",))))
            assert await stream.read() is not grpc.aio.EOF
            stream.cancel()


async def test_a_socket_left_by_a_killed_agent_is_no_obstacle(tmp_path):
    server = await asyncio.start_unix_server(lambda r, w: None, tmp_path / "agent.sock")
    server.close()
    async with open_door(tmp_path) as (exchange, call):
        answer_everything(exchange)
        stream = call()
        await stream.write(encode_request(Request(TypeUrl.CLUSTER, subscribe=("*",))))

        assert await stream.read() is not grpc.aio.EOF


async def test_a_folder_that_is_not_there_is_an_error_with_a_way_out(tmp_path):
    exchange = Exchange(Relay("shop/web-1", None, KEY), lambda _: None)

    with pytest.raises(AgentError) as caught:
        await Door(tmp_path / "none" / "agent.sock", exchange).start()

    assert caught.value.problem.code == "agent-socket-unusable"


async def test_each_envoy_says_by_metadata_which_it_is(tmp_path):
    async with open_door(tmp_path) as (exchange, call):
        exchange.connect_upstream()
        answer_everything(exchange)
        streams = [call(metadata=((GENERATION_KEY, str(number)),)) for number in (3, 4)]
        for stream in streams:
            await stream.write(encode_request(Request(TypeUrl.CLUSTER, subscribe=("*",))))
            assert decode_response(await stream.read()).resources

        assert sorted(exchange._downs) == [3, 4]
