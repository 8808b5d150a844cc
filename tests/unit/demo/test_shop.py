"""The page, with real backends: HTTP, gRPC and TCP."""

import asyncio
import socket
from collections.abc import AsyncIterator

import grpc
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tulle.demo import ratings, reviews
from tulle.demo.environment import Address
from tulle.demo.shop import Backends, application


async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A Redis of one command."""
    number = 0
    while await reader.readline():
        for _ in range(4):
            await reader.readline()
        number += 1
        writer.write(b":%d\r\n" % number)
        await writer.drain()
    writer.close()


async def uuid(request: web.Request) -> web.Response:
    return web.json_response({"uuid": "a-uuid"})


@pytest.fixture
async def backends() -> AsyncIterator[Backends]:
    shelf = web.Application()
    shelf.router.add_get("/uuid", uuid)
    rpc = grpc.aio.server()
    rpc.add_generic_rpc_handlers((ratings.handlers(),))
    rpc_port = rpc.add_insecure_port("127.0.0.1:0")
    await rpc.start()
    redis = await asyncio.start_server(count, "127.0.0.1", 0)
    async with TestServer(reviews.application("v2")) as books, TestServer(shelf) as bin_:
        yield Backends(
            reviews=Address("127.0.0.1", books.port or 0),
            ratings=Address("127.0.0.1", rpc_port),
            redis=Address("127.0.0.1", redis.sockets[0].getsockname()[1]),
            httpbin=Address("127.0.0.1", bin_.port or 0),
        )
    redis.close()
    await redis.wait_closed()
    await rpc.stop(0)


async def test_the_page_holds_what_every_backend_says(backends: Backends) -> None:
    async with TestClient(TestServer(application(backends))) as client:
        response = await client.get("/")

        assert response.status == 200
        assert await response.json() == {
            "reviews": "v2",
            "text": reviews.TEXTS["v2"],
            "stars": 4.3,
            "history": list(ratings.STARS),
            "visits": 1,
            "order": "a-uuid",
        }


async def test_a_page_without_one_of_its_backends_names_it(backends: Backends) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        nobody = Address("127.0.0.1", listener.getsockname()[1])
    broken = Backends(nobody, backends.ratings, backends.redis, backends.httpbin)

    async with TestClient(TestServer(application(broken))) as client:
        response = await client.get("/")
        page = await response.json()

    assert response.status == 502
    assert list(page["errors"]) == ["reviews"]
    assert page["stars"] == 4.3


async def test_it_is_healthy_whatever_the_backends_do(backends: Backends) -> None:
    async with TestClient(TestServer(application(backends))) as client:
        assert (await client.get("/healthy")).status == 200
