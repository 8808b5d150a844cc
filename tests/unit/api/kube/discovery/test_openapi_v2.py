"""`/openapi/v2`: a document without definitions, in the two forms clients ask for."""

from pathlib import Path

import msgspec
from tests.unit.api.servers import now, serving

from tulle.api.kube.discovery.openapi_v2 import ASKED_FOR, PROTOBUF, as_json, as_protobuf
from tulle.store.memory import MemoryStore


def test_it_says_where_everything_is_described() -> None:
    document = msgspec.json.decode(as_json())

    assert (document["swagger"], document["definitions"], document["paths"]) == ("2.0", {}, {})
    assert "/openapi/v3" in document["info"]["description"]


def test_the_protobuf_says_the_same() -> None:
    data = as_protobuf()

    assert data.startswith(b"\x0a\x032.0\x12")  # swagger; then info, by its length
    assert data[6] == len(data) - 7
    assert data[7:14] == b"\x0a\x05Tulle"
    assert b"/openapi/v3" in data


async def test_each_client_gets_what_it_asks_for(tmp_path: Path) -> None:
    async with serving(MemoryStore(now), tmp_path) as api:
        assert (await api.get("/openapi/v2"))["swagger"] == "2.0"
        for name in ASKED_FOR:
            headers = {"Accept": f"{name},application/json"}
            async with api.client.get("http://tulle/openapi/v2", headers=headers) as response:
                assert response.headers["Content-Type"] == PROTOBUF
                assert await response.read() == as_protobuf()
