"""gRPC calls are counted once, at the caller."""

import pytest
from tests.envoy.views import destination, inbound, upstream

from tulle.graph.mesh import Protocol
from tulle.xds.filters import grpc_stats


def test_calls_are_counted_where_they_are_made() -> None:
    made = grpc_stats.http_filter(upstream(destination("x", Protocol.GRPC, 1, []), 2))

    assert made is not None
    assert made.name == "grpc_stats"


@pytest.mark.parametrize("protocol", [Protocol.HTTP, Protocol.HTTP2])
def test_what_is_not_grpc_pays_nothing(protocol: Protocol) -> None:
    assert grpc_stats.http_filter(upstream(destination("x", protocol, 1, []), 2)) is None


def test_the_server_does_not_count_them_again() -> None:
    assert grpc_stats.http_filter(inbound(1, Protocol.GRPC, parse_http=True)) is None
