"""Verbs are read off routes: none is promised that is not there."""

from tulle.api.kube.discovery.verbs import verbs_of_all
from tulle.api.kube.paths import path_of, path_of_one
from tulle.model.kinds import ALL
from tulle.model.kinds.mesh import Mesh
from tulle.model.kinds.service import Service


def test_without_routes_nothing_can_be_done() -> None:
    assert all(not verbs.own for verbs in verbs_of_all([]).values())
    assert set(verbs_of_all([])) == set(ALL)


def test_each_route_is_a_verb_of_its_kind() -> None:
    one = path_of_one(Service)
    routes = [
        ("GET", one),
        ("PATCH", one),
        ("DELETE", path_of(Service, "{namespace}")),
        ("GET", path_of(Mesh)),
        ("GET", f"{one}/status"),
        ("PUT", f"{one}/status"),
    ]
    verbs = verbs_of_all(routes)

    assert verbs[Service].own == ("deletecollection", "get", "patch")
    assert verbs[Service].subresources == {"status": ("get", "update")}
    assert verbs[Mesh].own == ("list", "watch")
