"""Where a server keeps resources: the same paths it serves."""

import pytest

from tulle.api.kube.paths import path_of
from tulle.cli.resources.paths import resource_path
from tulle.model.kinds import ALL
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.mesh import Mesh
from tulle.model.kinds.service import Service
from tulle.model.resources import Resource


def test_core_and_other_groups_and_mesh_wide_kinds() -> None:
    assert resource_path(Service, "shop", "web") == "/api/v1/namespaces/shop/services/web"
    assert resource_path(Mesh, "shop", "default") == "/apis/tulle.dev/v1/meshes/default"
    assert resource_path(HTTPRoute, None) == "/apis/gateway.networking.k8s.io/v1/httproutes"


@pytest.mark.parametrize("kind", ALL)
def test_it_is_where_the_server_serves_them(kind: type[Resource]) -> None:
    assert resource_path(kind, None) == path_of(kind)
    assert resource_path(kind, "shop") == path_of(kind, "shop")


def test_names_cannot_leave_their_place() -> None:
    assert (
        resource_path(Service, "shop", "a?b#c d")
        == "/api/v1/namespaces/shop/services/a%3Fb%23c%20d"
    )
