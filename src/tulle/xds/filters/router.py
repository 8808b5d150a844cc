"""Router: the filter that sends requests on."""

from tulle.graph.mesh import InboundPort, OutboundView
from tulle.xds.protos import HttpFilter, Router
from tulle.xds.values import packed


def http_filter(_: OutboundView | InboundPort | None = None) -> HttpFilter:
    """Always there. It adds no `x-envoy-` headers of its own: programs shall not see that a proxy stands there."""
    return HttpFilter(name="router", typed_config=packed(Router(suppress_envoy_headers=True)))
