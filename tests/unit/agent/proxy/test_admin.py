import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tulle.agent.proxy.admin import Admin, AdminError, AdminSilentError, Pulse


@asynccontextmanager
async def admin_that_says(tmp_path, raw: bytes) -> AsyncIterator[tuple[Admin, list[bytes]]]:
    heard: list[bytes] = []

    async def serve(reader, writer):
        heard.append((await reader.readuntil(b"\r\n\r\n")).split(b" HTTP")[0])
        writer.write(raw)
        writer.close()

    path = tmp_path / "admin.sock"
    async with await asyncio.start_unix_server(serve, path):
        yield Admin(path), heard


async def test_200_is_ready_and_503_is_not(tmp_path):
    async with admin_that_says(tmp_path, b"HTTP/1.1 200 OK\r\n\r\nLIVE\n") as (admin, heard):
        assert await admin.is_ready()
        assert heard == [b"GET /ready"]
    async with admin_that_says(tmp_path, b"HTTP/1.1 503 No\r\n\r\n") as (admin, _):
        assert not await admin.is_ready()


async def test_what_is_not_there_is_not_ready(tmp_path):
    assert not await Admin(tmp_path / "none").is_ready()


async def test_answers_other_than_200_are_errors(tmp_path):
    async with admin_that_says(tmp_path, b"HTTP/1.1 404 No\r\n\r\n") as (admin, _):
        with pytest.raises(AdminError, match="404"):
            await admin.stats("format=json")


async def test_changes_are_posts(tmp_path):
    async with admin_that_says(tmp_path, b"HTTP/1.1 200 OK\r\n\r\n") as (admin, heard):
        await admin.quit()
        await admin.stats("filter=x")
        await admin.config_dump()

    assert heard == [b"POST /quitquitquit", b"GET /stats?filter=x", b"GET /config_dump?include_eds"]


async def test_nonsense_is_an_error_not_an_answer(tmp_path):
    async with admin_that_says(tmp_path, b"hello\r\n\r\n") as (admin, _):
        with pytest.raises(AdminError):
            await admin.config_dump()


async def test_one_that_listens_and_says_nothing_is_silent_not_away(tmp_path):
    path = tmp_path / "admin.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        assert await Admin(path).pulse(0.01) is Pulse.SILENT
        with pytest.raises(AdminSilentError):
            await Admin(path)._ask("GET", "/ready", 0.01)
    assert await Admin(tmp_path / "none").pulse(0.01) is Pulse.AWAY


async def test_one_that_is_not_ready_waits(tmp_path):
    async with admin_that_says(tmp_path, b"HTTP/1.1 503 No\r\n\r\n") as (admin, _):
        assert await admin.pulse() is Pulse.WAITING
