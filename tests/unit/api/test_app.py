"""The table of routes, whole, and what serving it leaves behind."""

from pathlib import Path

import aiohttp
import pytest
from tests.unit.api.servers import now, serving

from tulle.api.app import make_app, make_routes
from tulle.api.doors.guards import by_socket
from tulle.api.kube.paths import path_of, path_of_one
from tulle.model.kinds import ALL
from tulle.store.memory import MemoryStore

OURS = {
    ("POST", "/tulle/v1/apply"),
    ("POST", "/tulle/v1/delete"),
    ("GET", "/tulle/v1/settled"),
    ("GET", "/tulle/v1/proxies"),
    ("GET", "/tulle/v1/proxies/{namespace}/{name}/config"),
    ("GET", "/tulle/v1/edges"),
    ("POST", "/tulle/v1/explain"),
    ("POST", "/tulle/v1/tokens"),
    ("GET", "/tulle/v1/check"),
    ("GET", "/tulle/v1/access"),
    ("GET", "/tulle/v1/log-levels"),
    ("POST", "/tulle/v1/log-levels"),
    ("GET", "/tulle/v1/proxies/{namespace}/{name}/log-levels"),
    ("POST", "/tulle/v1/proxies/{namespace}/{name}/log-levels"),
    ("POST", "/tulle/v1/store/backup"),
    ("GET", "/tulle/v1/store/check"),
    ("GET", "/tulle/v1/version"),
    ("GET", "/healthz"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
}


async def test_every_route_of_the_contract_is_there(tmp_path: Path) -> None:
    async with serving(MemoryStore(now), tmp_path) as api:
        app = make_app(make_routes(api.sources), api.sources.history.close, by_socket())
        routes = {(r.method, r.resource.canonical) for r in app.router.routes() if r.resource}

    assert routes >= OURS
    assert {("GET", "/api"), ("GET", "/apis"), ("GET", "/version")} <= routes
    for kind in ALL:
        one = path_of_one(kind)
        assert ("GET", path_of(kind)) in routes
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            assert (method, one) in routes
        has_status = "status" in kind.__struct_fields__
        assert {("PUT", f"{one}/status"), ("PATCH", f"{one}/status")} <= routes or not has_status


async def test_the_socket_goes_with_the_server(tmp_path: Path) -> None:
    async with serving(MemoryStore(now), tmp_path) as api:
        assert await api.get("/healthz") == "ok\n"

    assert not api.path.exists()
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(api.path))) as client:
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get("http://tulle/healthz")
