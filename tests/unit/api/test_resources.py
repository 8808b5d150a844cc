"""Paths are Kubernetes' own; what is behind them is told by tests/contract/test_api.py."""

from tests.unit.api.servers import now

from tulle.api.changes import Gate
from tulle.api.resources import Resources, path_of
from tulle.model.kinds import ALL
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.mesh import Mesh
from tulle.model.kinds.service import Service
from tulle.store.memory import MemoryStore


def test_core_kinds_are_below_api_and_all_others_below_apis() -> None:
    assert path_of(Service) == "/api/v1/services"
    assert path_of(Service, "shop") == "/api/v1/namespaces/shop/services"
    assert path_of(HTTPRoute, "shop").startswith(
        "/apis/gateway.networking.k8s.io/v1/namespaces/shop/"
    )


def test_mesh_wide_kinds_have_one_path() -> None:
    assert path_of(Mesh) == path_of(Mesh, "shop") == "/apis/tulle.dev/v1/meshes"


async def test_every_kind_can_be_listed_got_put_and_deleted_and_no_path_means_two_things() -> None:
    store = MemoryStore(now)
    routes = [(r.method, r.path) for r in Resources(store, Gate(store, lambda: "m")).routes()]

    assert len(set(routes)) == len(routes)
    for kind in ALL:
        one = f"{path_of(kind, '{namespace}')}/{{name}}"
        assert {("GET", one), ("PUT", one), ("DELETE", one), ("GET", path_of(kind))} <= set(routes)
