"""Edges: what agents counted, and when that is mutual TLS."""

from typing import Any

import pytest

from tulle.api.edges import edges_of, was_mutual_tls, were_mutual
from tulle.graph.mesh import MeshGraph, MeshSettings, Origin, ServiceNode
from tulle.model.directory import VirtualEntry
from tulle.model.names import ResourceKey, ServiceRef, WorkloadRef
from tulle.model.wire import EdgeReport, EdgeSample

EMPTY = MeshGraph(MeshSettings(), {}, {})
A, B = WorkloadRef("shop", "a"), WorkloadRef("shop", "b")


def sample(**fields: Any) -> EdgeSample:
    known: dict[str, Any] = {
        "service": "r", "namespace": "shop", "port": 80, "protocol": "http", "requests": 10,
        "failures": 2, "connections": 3, "handshakes": 3,
    }  # fmt: skip
    return EdgeSample(**{**known, **fields})


def test_edges_are_ordered_by_caller_then_service() -> None:
    reports = {
        B: EdgeReport(edges=(sample(),)),
        A: EdgeReport(edges=(sample(service="z"), sample(service="r", port=81), sample())),
    }

    assert [(edge.source, edge.to) for edge in edges_of(reports, EMPTY)] == [
        ("shop/a", "shop/r:80"),
        ("shop/a", "shop/r:81"),
        ("shop/a", "shop/z:80"),
        ("shop/b", "shop/r:80"),
    ]


def test_what_a_captured_program_called_elsewhere_comes_last_and_is_not_encrypted_by_us() -> None:
    report = EdgeReport(edges=(sample(service="z"),), passed_through=4)
    last = list(edges_of({A: report}, EMPTY))[-1]

    assert (last.to, last.connections, last.mtls) == ("elsewhere", 4, False)


def test_of_tcp_connections_fail_and_of_http_requests() -> None:
    tcp = sample(protocol="tcp", connect_failures=5, connections=9)
    found = list(edges_of({A: EdgeReport(edges=(sample(connect_failures=5), tcp))}, EMPTY))

    assert [edge.failures for edge in found] == [2, 5]


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({"connections": 3, "handshakes": 3}, True),
        ({"connections": 3, "handshakes": 2}, False),
        ({"connections": 3, "handshakes": 2, "connect_failures": 1}, True),
        ({"connections": 0, "handshakes": 0}, False),
        ({"connections": 2, "handshakes": 0, "connect_failures": 2}, False),
        ({"connections": 5, "handshakes": 0}, False),
    ],
)
def test_mutual_tls_is_what_was_seen_on_every_connection_that_came_about(
    fields: dict[str, int], seen: bool
) -> None:
    assert was_mutual_tls(sample(**fields)) is seen


@pytest.mark.parametrize(
    ("handshakes", "without", "seen"), [(3, 0, True), (0, 0, None), (3, 1, False)]
)
def test_the_server_must_have_seen_certificates_too(
    handshakes: int, without: int, seen: bool | None
) -> None:
    report = EdgeReport(
        edges=(), inbound_handshakes=handshakes, inbound_without_certificate=without
    )

    assert were_mutual([report]) is seen


def test_an_edge_is_mutual_only_if_both_ends_saw_it() -> None:
    ref = ServiceRef("shop", "r")
    origin = Origin(ResourceKey("Service", "shop", "r"))
    entry = VirtualEntry(namespace="shop", name="r")
    graph = MeshGraph(MeshSettings(), {ref: ServiceNode(ref, (), (), (B,), origin, entry)}, {})
    caller, server = EdgeReport(edges=(sample(),)), EdgeReport(edges=(), inbound_handshakes=3)

    assert [edge.mtls for edge in edges_of({A: caller, B: server}, graph)] == [True]
    assert [edge.mtls for edge in edges_of({A: caller}, graph)] == [None]
