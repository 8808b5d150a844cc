"""The ordered tables of filters: what stands in a chain, in which order, and why.

A new policy adds one file here and one line to a table. A filter answers None where it has nothing to do, and
then is not there: an idle filter still costs every request.
"""

from collections.abc import Callable

from tulle.graph.mesh import InboundPort, OutboundView
from tulle.xds.filters import grpc_stats, rbac, router
from tulle.xds.protos import Filter, HttpFilter

NETWORK_FILTERS: tuple[Callable[[InboundPort], Filter | None], ...] = (
    rbac.network_filter,  # first: a stranger's bytes must not reach what stands behind
)

HTTP_FILTERS: tuple[Callable[[OutboundView | InboundPort], HttpFilter | None], ...] = (
    grpc_stats.http_filter,  # before whatever answers by itself, so that it is counted too
    router.http_filter,  # last: Envoy requires it there, for it ends the chain
)


def network_filters(port: InboundPort) -> list[Filter]:
    """What stands before a program's port, in order."""
    return [made for make in NETWORK_FILTERS if (made := make(port)) is not None]


def http_filters(site: OutboundView | InboundPort) -> list[HttpFilter]:
    """What sees the requests of a listener, in order."""
    return [made for make in HTTP_FILTERS if (made := make(site)) is not None]
