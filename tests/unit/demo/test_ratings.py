"""The gRPC service, called over a real connection."""

from collections.abc import AsyncIterator

import grpc
import pytest

from tulle.demo import ratings


@pytest.fixture
async def channel() -> AsyncIterator[grpc.aio.Channel]:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((ratings.handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(0)


async def test_rate_answers_the_mean(channel: grpc.aio.Channel) -> None:
    call = channel.unary_unary(ratings.RATE, ratings.encode, ratings.decode)

    answer = await call({"book": "nets"})

    assert answer == {"book": "nets", "stars": 4.3}


async def test_watch_streams_every_rating(channel: grpc.aio.Channel) -> None:
    call = channel.unary_stream(ratings.WATCH, ratings.encode, ratings.decode)

    stars = [message["stars"] async for message in call({"book": "nets"})]

    assert stars == list(ratings.STARS)


def test_a_message_that_is_no_object_counts_as_empty() -> None:
    assert ratings.decode(b"") == {}
    assert ratings.decode(b"[1]") == {}
