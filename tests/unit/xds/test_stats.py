"""Envoy's statistics read back as edges."""

import json

import msgspec
import pytest

from tulle.model.wire import EdgeSample
from tulle.xds.stats import INCLUDED, read_stats

WEB = "cluster.shop/web/80/http/edge"
CALLS = "cluster.shop/calls/90/grpc/edge"


def answer(numbers: dict[str, object], times: dict[str, list[float | None]] | None = None) -> bytes:
    """What an Envoy says to `/stats?format=json`, as 1.40 was seen to."""
    stats: list[object] = [{"name": name, "value": value} for name, value in numbers.items()]
    computed = [
        {"name": name, "values": [{"cumulative": value, "interval": None} for value in values]}
        for name, values in (times or {}).items()
    ]
    stats.append(
        {"histograms": {"supported_quantiles": [0, 50, 99, 100], "computed_quantiles": computed}}
    )
    return json.dumps({"stats": stats}).encode()


def test_an_edge_is_read_back_from_the_names_of_its_statistics() -> None:
    read = read_stats(
        answer(
            {
                f"{WEB}.upstream_rq_total": 10,
                f"{WEB}.upstream_rq_5xx": 2,
                f"{WEB}.upstream_cx_total": 3,
                f"{WEB}.upstream_cx_connect_fail": 1,
                f"{WEB}.ssl.handshake": 2,
            },
            {f"{WEB}.upstream_rq_time": [0, 4.05, 9.5, 12]},
        )
    )

    assert read.report.edges == (
        EdgeSample(
            service="web",
            namespace="shop",
            port=80,
            protocol="http",
            requests=10,
            failures=2,
            connections=3,
            handshakes=2,
            connect_failures=1,
            p50_ms=4.05,
            p99_ms=9.5,
        ),
    )


def test_failures_of_grpc_are_those_of_its_own_statuses() -> None:
    counted = {f"{CALLS}.grpc.{status}": 1 for status in (0, 1, 2, 3, 4, 5, 12, 13, 14, 15, 16)}

    (edge,) = read_stats(answer({f"{CALLS}.upstream_cx_total": 1, **counted})).report.edges

    assert edge.failures == 6


def test_requests_that_had_nowhere_to_go_are_requests_that_failed() -> None:
    numbers: dict[str, object] = {
        f"{WEB}.upstream_rq_total": 10,
        f"{WEB}.upstream_rq_5xx": 3,
        f"{WEB}.upstream_cx_none_healthy": 2,
        f"{WEB}.upstream_rq_pending_failure_eject": 1,
    }

    (edge,) = read_stats(answer(numbers)).report.edges

    assert (edge.requests, edge.failures, edge.connections) == (13, 3, 0)


def test_a_connection_that_could_not_be_made_is_a_failure_of_tcp() -> None:
    db = "cluster.shop/db/5432/tcp/edge"
    numbers: dict[str, object] = {
        f"{db}.upstream_rq_total": 5,
        f"{db}.upstream_cx_total": 6,
        f"{db}.upstream_rq_pending_failure_eject": 1,
    }

    (edge,) = read_stats(answer(numbers)).report.edges

    assert (edge.requests, edge.failures, edge.connections) == (0, 1, 6)


def test_what_was_never_called_is_no_edge() -> None:
    numbers: dict[str, object] = {f"{WEB}.upstream_cx_total": 0, f"{WEB}.ssl.handshake": 0}

    assert read_stats(answer(numbers)).report.edges == ()


def test_an_edge_without_requests_has_no_latency() -> None:
    numbers: dict[str, object] = {f"{WEB}.upstream_cx_total": 1}

    (unknown,) = read_stats(answer(numbers)).report.edges
    (empty,) = read_stats(answer(numbers, {f"{WEB}.upstream_rq_time": [None] * 4})).report.edges

    assert unknown.p50_ms is unknown.p99_ms is None
    assert empty.p50_ms is empty.p99_ms is None


def test_edges_come_in_the_order_of_their_names() -> None:
    numbers: dict[str, object] = {
        f"cluster.b/x/{port}/tcp/edge.upstream_cx_total": 1 for port in (1, 2)
    }
    numbers["cluster.a/z/1/tcp/edge.upstream_cx_total"] = 1

    edges = read_stats(answer(numbers)).report.edges

    assert [(edge.namespace, edge.port) for edge in edges] == [("a", 1), ("b", 1), ("b", 2)]


def test_names_with_dots_are_read_back() -> None:
    numbers: dict[str, object] = {"cluster.n.s/edge.b/1/tcp/edge.upstream_cx_total": 1}

    (edge,) = read_stats(answer(numbers)).report.edges

    assert (edge.namespace, edge.service) == ("n.s", "edge.b")


def test_what_arrives_is_counted_over_all_doors() -> None:
    read = read_stats(
        answer(
            {
                "listener.inbound-mtls.ssl.handshake": 5,
                "listener.inbound-mtls.ssl.no_certificate": 0,
                "listener.inbound-mtls.ssl.fail_verify_san": 2,
                "listener.inbound-mtls.downstream_cx_active": 3,
                "listener.inbound-mtls.worker_0.downstream_cx_active": 3,
                "listener.inbound-plaintext_9080.downstream_cx_total": 7,
                "listener.inbound-plaintext_9080.downstream_cx_active": 1,
                "listener.inbound-plaintext_9080.worker_0.downstream_cx_total": 7,
                "access:9080.rbac.denied": 4,
                "access:9090.rbac.denied": 1,
                "access:9090.rbac.allowed": 9,
                "server.version_text": "1.40.0",
            }
        )
    )

    assert read.report.inbound_handshakes == 5
    assert read.report.inbound_without_certificate == 0
    assert read.report.inbound_plaintext == 7
    assert read.report.denied == 2 + 4 + 1
    assert read.inbound_connections == 3 + 1


def test_of_captured_connections_those_let_in_and_those_refused_are_told_apart() -> None:
    read = read_stats(
        answer(
            {
                "listener.inbound-captured.downstream_cx_total": 9,
                "listener.inbound-captured.downstream_cx_active": 2,
                "tcp.inbound-refused.downstream_cx_total": 4,
                "tcp.passthrough.downstream_cx_total": 6,
            }
        )
    )

    assert (read.report.inbound_plaintext, read.report.refused) == (5, 4)
    assert read.report.passed_through == 6
    assert read.inbound_connections == 2


def test_an_answer_that_is_none_is_an_error() -> None:
    with pytest.raises(msgspec.MsgspecError):
        read_stats(b"not ready")


def test_statistics_are_let_in_without_regular_expressions() -> None:
    assert {key for pattern in INCLUDED for key in pattern} == {"prefix", "suffix"}
