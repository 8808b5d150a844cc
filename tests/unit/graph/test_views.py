"""What one proxy gets to know."""

from tests.unit.graph.meshes import compiled, to

from tulle.graph.mesh import HttpRouting, Protocol, TcpRouting, View
from tulle.graph.views import spoken, view_of
from tulle.model.names import WorkloadRef
from tulle.model.resources import Resource
from tulle.testing.builders import (
    backend,
    http_route,
    parent,
    rule,
    service,
    tcp_route,
    upstream,
    workload,
)

WEB = workload("web", upstreams=[upstream("api")])
REST = (service("api"), service("next"), service("unrelated"), workload("api"))


def _view(*resources: Resource, name: str = "web", namespace: str = "shop") -> View | None:
    return view_of(compiled(*REST, *resources).graph, WorkloadRef(namespace, name))


def test_a_view_holds_its_upstreams_and_nothing_else() -> None:
    view = _view(WEB)

    assert view is not None
    assert [destination.ref for destination in view.destinations] == [to("api")]
    (outbound,) = view.outbound
    assert (outbound.default, outbound.protocol) == (to("api"), Protocol.HTTP)
    assert outbound.routing == HttpRouting()


def test_a_routed_upstream_brings_its_backends_and_not_itself() -> None:
    route = http_route(
        "r", [parent("api")], rule(backend("next", 9), backend("unrelated", 0), backend("gone"))
    )

    view = _view(WEB, route)

    assert view is not None
    assert [destination.ref for destination in view.destinations] == [to("next")]


def test_a_consumer_route_shows_only_in_views_of_its_namespace() -> None:
    route = http_route(
        "r",
        [parent("api", namespace="shop")],
        rule(backend("next", namespace="shop")),
        namespace="office",
    )
    buyer = workload("buyer", namespace="office", upstreams=[upstream("api", namespace="shop")])

    ours, theirs = (
        _view(WEB, route, buyer),
        _view(WEB, route, buyer, name="buyer", namespace="office"),
    )

    assert ours is not None
    assert theirs is not None
    assert [destination.ref for destination in ours.destinations] == [to("api")]
    assert [destination.ref for destination in theirs.destinations] == [to("next")]


def test_a_tcp_route_makes_bytes_of_what_a_caller_sends() -> None:
    view = _view(WEB, tcp_route("t", [parent("api")], backend("next"), backend("unrelated", 0)))

    assert view is not None
    assert view.outbound[0].protocol is Protocol.TCP
    assert [destination.ref for destination in view.destinations] == [to("next")]


def test_what_is_spoken_follows_the_routing() -> None:
    assert spoken(TcpRouting(), Protocol.GRPC) is Protocol.TCP
    assert spoken(HttpRouting(), Protocol.TCP) is Protocol.HTTP
    assert spoken(HttpRouting(), Protocol.GRPC) is Protocol.GRPC


def test_there_is_no_view_of_an_unknown_workload_or_a_silent_proxy() -> None:
    assert _view(name="nobody") is None
    assert _view(workload("web", mtls_port=None)) is None


def test_a_proxy_without_upstreams_has_a_view_of_itself() -> None:
    view = _view(name="api")

    assert view is not None
    assert view.destinations == ()
    assert [port.port for port in view.workload.inbound] == [9080]
