"""The visitors: steady, whatever the shop does."""

import asyncio

from aiohttp import web
from aiohttp.test_utils import TestServer

from tulle.demo.environment import Address
from tulle.demo.load import Tally, due, keep_visiting


def test_visits_fall_due_by_the_clock_alone() -> None:
    assert [due(10.0, now, 5.0) for now in (10.0, 10.25, 11.0, 20.0)] == [0, 1, 5, 50]


async def test_a_shop_that_never_answers_is_visited_all_the_same() -> None:
    arrived, enough = 0, asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        nonlocal arrived
        arrived += 1
        if arrived == 20:
            enough.set()
        await asyncio.Event().wait()
        return web.Response()

    app = web.Application()
    app.router.add_get("/", hang)
    async with TestServer(app, shutdown_timeout=0) as server:
        shop = Address("127.0.0.1", server.port or 0)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(keep_visiting(shop, 200.0, Tally(), print))
            await enough.wait()
            task.cancel()

    assert arrived >= 20


async def test_answers_and_failures_are_told_apart() -> None:
    tally, enough, asked = Tally(), asyncio.Event(), 0

    async def every_other(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        if asked > 11:
            enough.set()
        return web.Response(status=503 if asked % 2 else 200)

    app = web.Application()
    app.router.add_get("/", every_other)
    async with TestServer(app) as server:
        shop = Address("127.0.0.1", server.port or 0)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(keep_visiting(shop, 200.0, tally, print))
            await enough.wait()
            task.cancel()

    assert tally.answered >= 5
    assert tally.failed >= 5
