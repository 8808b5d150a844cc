"""By which names a program reaches its upstreams."""

from tests.unit.graph.meshes import to

from tulle.graph.http_proxy import authorities
from tulle.graph.mesh import Origin, OutboundPort
from tulle.model.names import ResourceKey, ServiceRef

HERE = Origin(ResourceKey("Workload", "shop", "web"))


def port(name: str, number: int = 80, namespace: str = "shop") -> OutboundPort:
    return OutboundPort(ServiceRef(namespace, name), number, 20000, HERE)


def test_an_upstream_has_every_form_of_its_name_with_and_without_port() -> None:
    found = authorities([port("api")], "shop")

    names = ("api", "api.shop", "api.shop.svc.cluster.local", "api.shop.svc", "api.shop.mesh")
    assert found == {to("api"): (*names, *(f"{name}:80" for name in names))}


def test_the_short_name_means_the_callers_own_namespace() -> None:
    found = authorities([port("api"), port("api", namespace="office")], "office")

    (theirs, ours) = found.values()
    assert "api" in ours
    assert "api" not in theirs


def test_without_a_port_port_80_is_meant_or_the_only_one() -> None:
    several = authorities([port("api", 81), port("api"), port("db", 5432)], "shop")
    odd = authorities([port("api", 81), port("api", 82)], "shop")

    assert "api" in several[to("api")]
    assert "api" not in several[to("api", 81)]
    assert "db" in several[to("db", 5432)]
    assert not any("api" in names for names in odd.values())


def test_no_name_stands_for_two_upstreams() -> None:
    ports = [port("api"), port("api", 81), port("api", namespace="mesh"), port("shop")]

    names = [name for names in authorities(ports, "shop").values() for name in names]

    assert len(names) == len(set(names))


def test_who_calls_nobody_has_no_names() -> None:
    assert authorities([], "shop") == {}
