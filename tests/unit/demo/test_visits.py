"""The counter in Redis, against a real Redis where there is one to run."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from tulle.demo import needs, redis
from tulle.demo.environment import Address
from tulle.demo.visits import Visits, VisitsError, integer_reply


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
async def real_redis() -> AsyncIterator[Address]:
    binary = needs.redis_server()
    if binary is None:
        pytest.skip("no redis-server on this machine")
    where = Address("127.0.0.1", free_port())
    process = await asyncio.create_subprocess_exec(
        *redis.arguments(binary, where.port), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        while b"Ready to accept connections" not in await process.stdout.readline():
            assert process.returncode is None
        yield where
    finally:
        process.terminate()
        await process.communicate()


async def test_every_visit_counts_one_more(real_redis: Address) -> None:
    visits = Visits(real_redis)

    counted = [await visits.count() for _ in range(3)]
    visits.close()

    assert counted == [1, 2, 3]


async def scripted(*replies: bytes) -> tuple[asyncio.Server, Address, Callable[[], int]]:
    """A server that answers one reply per connection, then hangs up."""
    left = list(replies)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"visits\r\n")
        writer.write(left.pop(0))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    return server, Address("127.0.0.1", port), lambda: len(left)


async def test_a_connection_that_was_closed_is_opened_anew() -> None:
    server, where, left = await scripted(b":1\r\n", b":2\r\n")
    visits = Visits(where)
    async with server:
        counted = [await visits.count(), await visits.count()]
        visits.close()

    assert counted == [1, 2]
    assert left() == 0


async def test_a_redis_that_is_away_is_named() -> None:
    visits = Visits(Address("127.0.0.1", free_port()))

    with pytest.raises(VisitsError, match=r"redis at 127\.0\.0\.1:"):
        await visits.count()


def test_an_answer_that_is_no_number_is_shown() -> None:
    with pytest.raises(VisitsError, match="-ERR no"):
        integer_reply(b"-ERR no\r\n")
