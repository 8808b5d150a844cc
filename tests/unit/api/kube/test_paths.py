"""Paths are Kubernetes' own."""

from tulle.api.kube.paths import path_of, path_of_one
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.mesh import Mesh
from tulle.model.kinds.service import Service


def test_core_kinds_are_below_api_and_all_others_below_apis() -> None:
    assert path_of(Service) == "/api/v1/services"
    assert path_of(Service, "shop") == "/api/v1/namespaces/shop/services"
    assert path_of(HTTPRoute, "shop").startswith(
        "/apis/gateway.networking.k8s.io/v1/namespaces/shop/"
    )


def test_mesh_wide_kinds_have_one_path() -> None:
    assert path_of(Mesh) == path_of(Mesh, "shop") == "/apis/tulle.dev/v1/meshes"
    assert path_of_one(Mesh) == "/apis/tulle.dev/v1/meshes/{name}"
