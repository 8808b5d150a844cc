"""Which routes speak for a port, to whom, and what they are told."""

from tests.unit.graph.meshes import codes, compiled, conditions_of, destination_of, port_of, to

from tulle.graph.mesh import HttpRouting, Protocol, TcpRouting
from tulle.model.kinds.workload import WorkloadPort
from tulle.testing.builders import (
    backend,
    http_route,
    parent,
    path,
    port,
    rule,
    service,
    tcp_route,
    workload,
)

API = (service("api"), workload("api"))
BARE = (service("bare", port(80, target=9080)), workload("bare", WorkloadPort(port=9080)))


def _paths(routing: object) -> list[str]:
    assert isinstance(routing, HttpRouting)
    return [one.match.path for one in routing.rules]


def test_routes_of_the_services_own_namespace_are_merged() -> None:
    one = http_route("one", [parent("api")], rule(backend("api"), match=[path("/a")]))
    two = http_route("two", [parent("api", 80)], rule(backend("api"), match=[path("/ab")]))

    found = compiled(*API, one, two)

    assert _paths(port_of(found, "api").routing) == ["/ab", "/a"]
    assert [condition.status for condition in conditions_of(found, one)] == ["True", "True"]
    assert conditions_of(found, one)[0].observed_generation == 1


def test_a_consumer_route_replaces_the_producers_for_its_own_callers() -> None:
    producer = http_route("p", [parent("api")], rule(backend("api"), match=[path("/p")]))
    consumer = http_route(
        "c",
        [parent("api", namespace="shop")],
        rule(backend("api", namespace="shop"), match=[path("/c")]),
        namespace="office",
    )

    found = port_of(compiled(*API, producer, consumer), "api")

    assert _paths(found.routing_for("shop")) == ["/p"]
    assert _paths(found.routing_for("office")) == ["/c"]


def test_an_http_route_beats_a_tcp_route_which_is_told() -> None:
    http = http_route("http", [parent("api")], rule(backend("api")))
    tcp = tcp_route("tcp", [parent("api")], backend("api"), created="2020-01-01T00:00:00Z")

    found = compiled(*API, http, tcp)

    assert _paths(port_of(found, "api").routing) == ["/"]
    assert conditions_of(found, tcp)[0].reason == "Conflicted"
    assert codes(found) == ["route-conflicted"]


def test_routes_of_different_audiences_do_not_conflict() -> None:
    http = http_route("http", [parent("api")], rule(backend("api")))
    tcp = tcp_route(
        "tcp",
        [parent("api", namespace="shop")],
        backend("api", namespace="shop"),
        namespace="office",
    )

    found = compiled(*API, http, tcp)

    assert codes(found) == []
    assert isinstance(port_of(found, "api").routing_for("office"), TcpRouting)


def test_of_tcp_routes_the_oldest_counts() -> None:
    old = tcp_route("z", [parent("api")], backend("api"), created="2026-01-01T00:00:00Z")
    new = tcp_route("a", [parent("api")], backend("api"), created="2026-01-02T00:00:00Z")

    found = compiled(*API, old, new)

    routing = port_of(found, "api").routing
    assert isinstance(routing, TcpRouting)
    assert routing.origin is not None
    assert routing.origin.resource == old.key
    assert conditions_of(found, new)[0].reason == "Conflicted"


def test_a_route_makes_a_port_nobody_declares_speak_http_and_its_backends_too() -> None:
    behind = service("behind", port(80, target=9080), selector={"app": "bare"})
    route = http_route("r", [parent("bare")], rule(backend("behind")))

    plain, routed = compiled(*BARE, behind), compiled(*BARE, behind, route)

    for name in ("bare", "behind"):
        assert destination_of(plain, name).protocol is Protocol.TCP
        assert destination_of(routed, name).protocol is Protocol.HTTP


def test_a_route_attached_to_nothing_decides_nothing() -> None:
    route = http_route("r", [parent("nobody")], rule(backend("bare")))

    assert destination_of(compiled(*BARE, route), "bare").protocol is Protocol.TCP


def test_a_consumer_route_does_not_change_what_others_callers_speak() -> None:
    route = http_route(
        "r",
        [parent("bare", namespace="shop")],
        rule(backend("bare", namespace="shop")),
        namespace="office",
    )

    found = compiled(*BARE, route)

    assert destination_of(found, "bare").protocol is Protocol.TCP
    assert isinstance(port_of(found, "bare").routing_for("office"), HttpRouting)
    assert port_of(found, "bare").routing_for("shop") == TcpRouting()


def test_a_missing_backend_leaves_the_route_accepted_and_says_what_is_missing() -> None:
    route = http_route("r", [parent("api")], rule(backend("api"), backend("gone")))

    accepted, resolved = conditions_of(compiled(*API, route), route)

    assert (accepted.status, resolved.status) == ("True", "False")
    assert resolved.reason == "BackendNotFound"
    assert "gone" in resolved.message


def test_each_parent_has_conditions_of_its_own_in_the_order_they_are_written() -> None:
    route = http_route("r", [parent("api"), parent("nobody")], rule(backend("api")))

    found = compiled(*API, route)

    (status,) = [one for one in found.statuses if one.key == route.key]
    assert [parent[0].status for parent in status.parents] == ["True", "False"]


def test_one_parent_named_twice_gives_its_rules_once() -> None:
    route = http_route("r", [parent("api"), parent("api", 80)], rule(backend("api")))

    assert _paths(port_of(compiled(*API, route), "api").routing) == ["/"]


def test_splits_keep_their_weights() -> None:
    route = tcp_route("t", [parent("api")], backend("api", 9), backend("bare", 1))

    routing = port_of(compiled(*API, *BARE, route), "api").routing

    assert isinstance(routing, TcpRouting)
    assert [(share.to, share.weight) for share in routing.shares] == [
        (to("api"), 9),
        (to("bare"), 1),
    ]
