"""gRPC statistics: calls by their status, which HTTP hides in trailers behind a 200."""

from tulle.graph.mesh import InboundPort, OutboundView, Protocol
from tulle.xds.protos import BoolValue, GrpcStats, HttpFilter
from tulle.xds.values import packed


def http_filter(site: OutboundView | InboundPort) -> HttpFilter | None:
    """At the caller's side of gRPC alone, where edges are counted. No method by name: those are many."""
    if not isinstance(site, OutboundView) or site.protocol is not Protocol.GRPC:
        return None
    config = GrpcStats(stats_for_all_methods=BoolValue(value=False))
    return HttpFilter(name="grpc_stats", typed_config=packed(config))
