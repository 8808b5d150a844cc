"""All doors of one API: each serves the same, to whom its guard lets in."""

import asyncio
import io
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tulle.api.app import make_app
from tulle.api.bodies import MAX_BODY_BYTES
from tulle.api.doors import strangers
from tulle.api.doors.guards import CALLER
from tulle.api.doors.keys import PREFIX, AdminToken
from tulle.api.doors.opening import Doors, opened, serving
from tulle.api.doors.ports import open_port
from tulle.api.errors import SocketError
from tulle.settings import Address, ServerSettings

ANYWHERE = Address("127.0.0.1", 0)
TOKEN = AdminToken(PREFIX + "x" * 43)
BEARER = {"Authorization": f"Bearer {TOKEN.text}"}


def settings(folder: Path, **more: object) -> ServerSettings:
    return ServerSettings(data_dir=folder, api_socket=folder / "api.sock", **more)  # type: ignore[arg-type]


async def whoami(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(text=request[CALLER].name)


@asynccontextmanager
async def serving_whoami(
    chosen: ServerSettings, context: ssl.SSLContext | None = None
) -> AsyncIterator[Doors]:
    make = partial(make_app, [web.get("/", whoami), web.post("/", whoami)], lambda: None)
    with opened(chosen) as doors:
        async with serving(doors, make, TOKEN, context):
            yield doors


async def test_the_socket_lets_in_who_may_open_it(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    async with (
        serving_whoami(chosen),
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(chosen.api_socket))) as client,
        client.get("http://tulle/") as response,
    ):
        assert await response.text() == "tulle:socket"


async def test_loopback_lets_in_who_has_the_token(tmp_path: Path) -> None:
    chosen = settings(tmp_path, api_loopback_address=ANYWHERE)
    async with serving_whoami(chosen) as doors, aiohttp.ClientSession() as client:
        assert doors.plain is not None
        url = f"http://{doors.plain.address}/"
        async with client.get(url, headers=BEARER) as response:
            assert await response.text() == "tulle:administrator"
        async with client.get(url) as response:
            refused = await response.json()
            assert (response.status, refused["reason"]) == (401, "Unauthorized")
            assert response.headers["WWW-Authenticate"] == "Bearer"
        async with client.get(url, headers={**BEARER, "Host": "evil.example"}) as response:
            assert response.status == 403


async def test_a_default_that_is_taken_closes_that_door_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taken, address = open_port("--api-address", ANYWHERE)
    with (
        taken,
        opened(settings(tmp_path, api_address=address, api_address_by_default=True)) as doors,
    ):
        assert doors.tls is None

    assert "no TLS door" in caplog.text


async def test_a_port_somebody_chose_and_does_not_get_is_an_error(tmp_path: Path) -> None:
    taken, address = open_port("--api-address", ANYWHERE)
    with (
        taken,
        pytest.raises(SocketError) as error,
        opened(settings(tmp_path, api_address=address)),
    ):
        pass

    assert error.value.problem.code == "port-taken"
    assert not (tmp_path / "api.sock").exists()


async def test_plain_http_is_for_loopback_only(tmp_path: Path) -> None:
    everywhere = Address("0.0.0.0", 0)
    with (
        pytest.raises(SocketError) as error,
        opened(settings(tmp_path, api_loopback_address=everywhere)),
    ):
        pass

    assert error.value.problem.path == "--api-loopback-address"


async def test_who_connects_and_says_nothing_is_cut_off_and_who_was_let_in_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strangers, "PATIENCE_S", 0.2)
    chosen = settings(tmp_path, api_loopback_address=ANYWHERE)
    async with serving_whoami(chosen) as doors, aiohttp.ClientSession() as client:
        assert doors.plain is not None
        place = doors.plain.address
        async with client.get(f"http://{place}/", headers=BEARER) as response:
            assert response.status == 200
        reader, writer = await asyncio.open_connection(place.host, place.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: local")
        async with asyncio.timeout(20):
            assert await reader.read() == b""
        writer.close()
        async with client.get(f"http://{place}/", headers=BEARER) as response:
            assert response.status == 200


async def test_heads_and_bodies_are_bounded_and_not_quoted_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = settings(tmp_path, api_loopback_address=ANYWHERE)
    async with serving_whoami(chosen) as doors, aiohttp.ClientSession() as client:
        assert doors.plain is not None
        url = f"http://{doors.plain.address}/"
        async with client.get(url, headers={**BEARER, "X-Long": "x" * 20_000}) as response:
            assert response.status == 400
        many = {f"X-{number}": "x" for number in range(500)}
        async with client.get(url, headers={**BEARER, **many}) as response:
            assert response.status == 400
        large = io.BytesIO(b"x" * (MAX_BODY_BYTES + 1))
        async with client.post(url, headers=BEARER, data=large) as response:
            assert response.status == 413
    assert "xxxx" not in caplog.text


async def test_answers_do_not_tell_what_answers(tmp_path: Path) -> None:
    chosen = settings(tmp_path, api_loopback_address=ANYWHERE)
    async with serving_whoami(chosen) as doors, aiohttp.ClientSession() as client:
        assert doors.plain is not None
        async with client.get(f"http://{doors.plain.address}/") as response:
            assert response.headers["Server"] == "tulle"
