"""How to reach the API is told through its socket, and not to who came through another door."""

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from tests.unit.api.servers import now, serving

from tulle.api.doors.access import Access, Reach
from tulle.api.doors.guards import BY_TOKEN, CALLER
from tulle.api.doors.keys import PREFIX, AdminToken
from tulle.api.errors import ApiError
from tulle.settings import Address
from tulle.store.memory import MemoryStore


async def test_through_the_socket_everything_is_told(tmp_path: Path) -> None:
    async with serving(MemoryStore(now), tmp_path) as api:
        answer = await api.ask("GET", "/tulle/v1/access")

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.body["token"].startswith(PREFIX)
    assert "BEGIN CERTIFICATE" in answer.body["roots"]
    assert (answer.body["tlsUrl"], answer.body["loopbackUrl"]) == ("https://[::1]:15013", "")


async def test_through_another_door_nothing_is() -> None:
    token = AdminToken(PREFIX + "x" * 43)
    access = Access(Address("::1", 15013), None, lambda: "", token)
    request: web.Request = make_mocked_request("GET", "/tulle/v1/access")
    request[CALLER] = BY_TOKEN

    with pytest.raises(ApiError) as error:
        await access.handle(request)
    assert error.value.status == 403


def test_the_token_is_not_shown() -> None:
    reach = Reach(
        tls_url="https://[::1]:1", loopback_url="", server_name="", roots="", token="secret"
    )

    assert "secret" not in repr(reach)
