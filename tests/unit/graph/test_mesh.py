"""Behaviour of the values themselves."""

import pytest
from tests.unit.graph.meshes import compiled, to

from tulle.graph.mesh import (
    Grant,
    HeaderChanges,
    HttpRouting,
    Origin,
    Permission,
    Principal,
    Protocol,
)
from tulle.model.names import AccountRef, ResourceKey
from tulle.testing.builders import backend, http_route, parent, port, rule, service

CALLER = AccountRef("shop", "web")
ORIGIN = Origin(ResourceKey("AccessPolicy", "shop", "p"), "spec.rules[0]")


@pytest.mark.parametrize(
    ("principal", "matches"),
    [
        (Principal("any"), True),
        (Principal("namespace", "shop"), True),
        (Principal("namespace", "office"), False),
        (Principal("account", "shop", "web"), True),
        (Principal("account", "office", "web"), False),
        (Principal("account", "shop", "api"), False),
    ],
)
def test_a_principal_matches_whom_it_names(principal: Principal, matches: bool) -> None:
    assert principal.matches(CALLER) is matches


def test_a_permission_denies_by_default_once_guarded() -> None:
    assert Permission().decide(CALLER) == (True, None)
    assert Permission(guarded=True).decide(CALLER) == (False, None)
    grant = Grant(Principal("any"), ORIGIN)
    assert Permission(guarded=True, grants=(grant,)).decide(CALLER) == (True, ORIGIN)


def test_only_tcp_is_no_http() -> None:
    assert [protocol for protocol in Protocol if not protocol.is_http] == [Protocol.TCP]


def test_header_changes_are_true_when_they_change_something() -> None:
    assert not HeaderChanges()
    assert HeaderChanges(remove=("x",))


def test_a_graph_finds_ports_and_destinations_by_reference() -> None:
    route = http_route(
        "r",
        [parent("api", namespace="shop")],
        rule(backend("api", namespace="shop")),
        namespace="office",
    )
    graph = compiled(service("api", port(80, "http"), port(81)), route).graph

    assert graph.destination(to("api", 81)).ref == to("api", 81)
    found = graph.port(to("api"))
    assert found.routing_for("shop") == HttpRouting()
    assert found.routing_for("office") != HttpRouting()


def test_an_origin_reads_as_resource_and_field() -> None:
    assert str(ORIGIN) == "AccessPolicy shop/p spec.rules[0]"
