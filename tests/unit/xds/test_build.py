"""A view becomes a snapshot: complete, shared, and changed only where the view did."""

from dataclasses import replace

import pytest
from tests.envoy.views import allow, destination, inbound, origin, upstream, view

from tulle.graph.mesh import (
    Destination,
    Endpoint,
    ExternalTarget,
    HttpMatch,
    HttpProxyPort,
    HttpRouting,
    HttpRule,
    MeshSettings,
    Protocol,
    Share,
    TcpRouting,
    View,
)
from tulle.xds.build import Builder, build_snapshot
from tulle.xds.protos import RouteConfiguration
from tulle.xds.resources import unframed
from tulle.xds.snapshots import EMPTY, TypeUrl, XdsSnapshot

SETTINGS = MeshSettings(trust_bundle=("PEM",))
WEB = destination("web", Protocol.HTTP, 9080, [("10.0.0.1", 15009)])
DB = destination("db", Protocol.TCP, 5432, [("10.0.0.2", 15009)])


def names(snapshot: XdsSnapshot, type_url: TypeUrl) -> list[str]:
    return list(snapshot.of(type_url))


def calling(*destinations: Destination) -> XdsSnapshot:
    outbound = [upstream(one, 20000 + number) for number, one in enumerate(destinations)]
    return build_snapshot(view("client", SETTINGS, outbound=outbound, destinations=destinations))


def test_a_proxy_gets_what_its_program_calls_and_nothing_else() -> None:
    snapshot = calling(WEB, DB)

    assert names(snapshot, TypeUrl.CLUSTER) == ["shop/db:80", "shop/web:80"]
    assert names(snapshot, TypeUrl.ENDPOINTS) == ["shop/db:80", "shop/web:80"]
    assert names(snapshot, TypeUrl.SECRET) == ["peers:shop/db:80", "peers:shop/web:80"]
    assert names(snapshot, TypeUrl.LISTENER) == ["outbound:shop/db:80", "outbound:shop/web:80"]
    assert names(snapshot, TypeUrl.ROUTE) == ["outbound:shop/web:80"]
    assert snapshot.of(TypeUrl.EXTENSION) == EMPTY


def test_everything_refers_to_something_that_is_there() -> None:
    ports = [inbound(1, Protocol.HTTP, allow("a")), inbound(2, Protocol.TCP, plaintext_port=3)]
    made = view(
        "both",
        SETTINGS,
        mtls_port=15009,
        ports=ports,
        outbound=[upstream(WEB, 20000), upstream(DB, 20001)],
        destinations=[WEB, DB],
    )

    snapshot = build_snapshot(made)

    assert not list(snapshot.dangling())
    assert {reference.type for reference in snapshot.references} == {
        TypeUrl.SECRET,
        TypeUrl.CLUSTER,
        TypeUrl.ENDPOINTS,
        TypeUrl.EXTENSION,
        TypeUrl.ROUTE,
    }


@pytest.mark.parametrize("port", [None, 15009])
def test_without_a_port_or_a_program_there_is_no_door(port: int | None) -> None:
    ports = [] if port else [inbound(1, Protocol.HTTP)]

    assert build_snapshot(view("web", SETTINGS, mtls_port=port, ports=ports)).by_type == {}


def test_plaintext_is_no_way_around_a_policy() -> None:
    port = inbound(1, Protocol.TCP, plaintext_port=16001)
    guarded = replace(port, permission=allow("a"))

    opened = build_snapshot(view("web", SETTINGS, mtls_port=15009, ports=[port]))
    shut = build_snapshot(view("web", SETTINGS, mtls_port=15009, ports=[guarded]))

    assert names(opened, TypeUrl.LISTENER) == ["inbound-mtls", "inbound-plaintext:1"]
    assert names(shut, TypeUrl.LISTENER) == ["inbound-mtls"]


def test_equal_destinations_share_one_resource_among_proxies() -> None:
    builder = Builder()
    again = replace(WEB)
    one = builder.build(view("a", SETTINGS, outbound=[upstream(WEB, 1)], destinations=[WEB]))
    other = builder.build(view("b", SETTINGS, outbound=[upstream(again, 2)], destinations=[again]))

    for type_url in (TypeUrl.CLUSTER, TypeUrl.ENDPOINTS, TypeUrl.SECRET, TypeUrl.ROUTE):
        (of_one,), (of_other,) = one.of(type_url).values(), other.of(type_url).values()
        assert of_one is of_other


def test_a_moved_endpoint_moves_the_endpoints_alone() -> None:
    moved = replace(WEB, endpoints=(Endpoint("10.0.0.9", 15009),))
    before, after = calling(WEB), calling(moved)

    changed = [
        type_url
        for type_url in TypeUrl
        if [one.version for one in before.of(type_url).values()]
        != [one.version for one in after.of(type_url).values()]
    ]
    assert changed == [TypeUrl.ENDPOINTS]


def test_a_changed_route_changes_no_listener() -> None:
    rule = HttpRule(HttpMatch("/a"), (Share(WEB.ref, 1, WEB.origin),), WEB.origin)
    builder = Builder()
    plain = view("a", SETTINGS, outbound=[upstream(WEB, 1)], destinations=[WEB])
    routed = replace(plain, outbound=(upstream(WEB, 1, HttpRouting((rule,))),))

    before, after = builder.build(plain), builder.build(routed)

    assert before.of(TypeUrl.LISTENER) == after.of(TypeUrl.LISTENER)
    assert before.of(TypeUrl.ROUTE) != after.of(TypeUrl.ROUTE)


def test_a_listener_that_turns_from_requests_to_bytes_is_built_anew() -> None:
    builder = Builder()
    http = view("a", SETTINGS, outbound=[upstream(WEB, 1)], destinations=[WEB])
    tcp = replace(http, outbound=(upstream(WEB, 1, TcpRouting()),))

    before, after = builder.build(http), builder.build(tcp)

    assert before.of(TypeUrl.LISTENER) != after.of(TypeUrl.LISTENER)
    assert names(after, TypeUrl.ROUTE) == []


@pytest.mark.parametrize(
    ("target", "host"),
    [
        (ExternalTarget("api.example", 80), "api.example"),
        (ExternalTarget("api.example", 443, tls=True), "api.example"),
        (ExternalTarget("api.example", 8080), "api.example:8080"),
        (ExternalTarget("2001:db8::1", 80), "[2001:db8::1]"),
        (ExternalTarget("", 80), ""),
    ],
)
def test_the_outside_is_asked_by_its_own_name(target: ExternalTarget, host: str) -> None:
    to = destination("api", Protocol.HTTP, 80, [("192.0.2.1", 80)], external=target)
    held = RouteConfiguration()

    (route,) = calling(to).of(TypeUrl.ROUTE).values()
    unframed(route).resource.Unpack(held)

    assert held.virtual_hosts[0].routes[0].route.host_rewrite_literal == host


def test_every_resource_says_where_it_came_from() -> None:
    ports = [inbound(1, Protocol.HTTP, allow("a"))]
    snapshot = build_snapshot(
        view(
            "web",
            SETTINGS,
            mtls_port=1,
            ports=ports,
            outbound=[upstream(WEB, 2)],
            destinations=[WEB],
        )
    )

    for type_url in (TypeUrl.CLUSTER, TypeUrl.ENDPOINTS, TypeUrl.EXTENSION, TypeUrl.LISTENER):
        for resource in snapshot.of(type_url).values():
            assert resource.origins, resource.name


def by_name(*destinations: Destination) -> View:
    outbound = [upstream(one, 20000 + number) for number, one in enumerate(destinations)]
    plain = view("client", SETTINGS, outbound=outbound, destinations=destinations)
    port = HttpProxyPort(20090, origin("Workload", "client-1"))
    return replace(plain, workload=replace(plain.workload, http_proxy=port))


def test_upstreams_by_name_cost_a_listener_and_one_more_for_each() -> None:
    snapshot = build_snapshot(by_name(WEB, DB))

    assert [name for name in names(snapshot, TypeUrl.LISTENER) if "http-proxy" in name] == [
        "http-proxy",
        "http-proxy:shop/db:80",
        "http-proxy:shop/web:80",
    ]
    assert [name for name in names(snapshot, TypeUrl.CLUSTER) if "http-proxy" in name] == [
        "http-proxy:shop/db:80",
        "http-proxy:shop/web:80",
    ]
    assert names(snapshot, TypeUrl.ROUTE) == ["http-proxy", "outbound:shop/web:80"]
    assert not list(snapshot.dangling())


def test_nothing_of_it_is_there_where_nobody_asked() -> None:
    snapshot = calling(WEB, DB)

    assert not [
        name for type_url in TypeUrl for name in names(snapshot, type_url) if "proxy" in name
    ]


def test_a_changed_route_changes_nothing_by_which_upstreams_are_named() -> None:
    rule = HttpRule(HttpMatch("/a"), (Share(WEB.ref, 1, WEB.origin),), WEB.origin)
    builder = Builder()
    plain = by_name(WEB)
    routed = replace(plain, outbound=(upstream(WEB, 20000, HttpRouting((rule,))),))

    before, after = builder.build(plain), builder.build(routed)

    for type_url in (TypeUrl.LISTENER, TypeUrl.CLUSTER):
        assert before.of(type_url) == after.of(type_url)
    assert before.of(TypeUrl.ROUTE)["http-proxy"] is after.of(TypeUrl.ROUTE)["http-proxy"]
