"""Golden numbers of edges."""

from tulle.cli.answers import Edge
from tulle.cli.inspection.stat import HEADERS, edge_object, edge_row

EDGE = Edge(
    source="shop/web",
    to="shop/cart:80",
    protocol="http",
    requests=10,
    connections=2,
    failures=1,
    p50_ms=1.25,
    p99_ms=None,
    mtls=False,
)


def test_the_json_form_is_the_documented_one() -> None:
    assert edge_object(EDGE) == {
        "from": "shop/web",
        "to": "shop/cart:80",
        "protocol": "http",
        "requests": 10,
        "connections": 2,
        "failures": 1,
        "p50_ms": 1.25,
        "p99_ms": None,
        "mtls": False,
    }


def test_traffic_that_was_not_seen_encrypted_stands_out() -> None:
    row = dict(zip(HEADERS, edge_row(EDGE), strict=True))

    assert row["MTLS"] == "NO"
    assert row["P50 MS"] == "1.25"
    assert row["P99 MS"] == "-"


def test_tcp_has_connections_and_no_requests() -> None:
    tcp = Edge(
        source="a/b",
        to="c/d:1",
        protocol="tcp",
        requests=0,
        connections=3,
        failures=0,
        p50_ms=None,
        p99_ms=None,
        mtls=True,
    )

    assert edge_row(tcp)[3:5] == ("-", "3")
