"""Whether a run was good."""

import msgspec
import pytest

from tulle.cli.answers import Edge
from tulle.cli.up.edges import DeclaredEdge
from tulle.cli.up.verdict import complaints
from tulle.model.names import ServiceRef, WorkloadRef

WANTED = DeclaredEdge(WorkloadRef("shop", "web"), ServiceRef("shop", "cart"), 80)
GOOD = Edge(
    source="shop/web",
    to="shop/cart:80",
    protocol="http",
    requests=10,
    connections=2,
    failures=0,
    p50_ms=1.0,
    p99_ms=2.0,
    mtls=True,
)


def test_an_edge_with_answered_requests_over_mutual_tls_is_good() -> None:
    assert list(complaints([WANTED], [GOOD])) == []


def test_tcp_is_good_with_connections_alone() -> None:
    tcp = msgspec.structs.replace(GOOD, protocol="tcp", requests=0)

    assert list(complaints([WANTED], [tcp])) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"requests": 0, "connections": 0}, "carried no traffic"),
        ({"source": "shop/other"}, "carried no traffic"),
        ({"to": "shop/cart:81"}, "carried no traffic"),
        ({"failures": 10}, "none of 10 requests"),
        ({"requests": 0}, "none of 0 requests"),
        ({"mtls": False}, "mutual TLS"),
    ],
)
def test_every_fault_is_told_with_its_edge(changes: dict[str, object], fault: str) -> None:
    edge = msgspec.convert({**msgspec.to_builtins(GOOD), **_spelled(changes)}, Edge)

    (found,) = complaints([WANTED], [edge])

    assert found.startswith("shop/web -> shop/cart:80: ")
    assert fault in found


def _spelled(changes: dict[str, object]) -> dict[str, object]:
    return {"from" if name == "source" else name: value for name, value in changes.items()}


def test_edges_nobody_declared_do_not_matter() -> None:
    assert list(complaints([], [msgspec.structs.replace(GOOD, mtls=False)])) == []
