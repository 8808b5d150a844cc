"""The router ends every HTTP chain."""

from tests.envoy.views import inbound

from tulle.graph.mesh import Protocol
from tulle.xds.filters import HTTP_FILTERS, http_filters, router
from tulle.xds.protos import Router


def test_it_stands_last_for_it_ends_the_chain() -> None:
    assert HTTP_FILTERS[-1] is router.http_filter
    assert http_filters(inbound(1, Protocol.HTTP))[-1].name == "router"


def test_it_adds_no_headers_of_its_own() -> None:
    held = Router()

    assert router.http_filter(inbound(1, Protocol.HTTP)).typed_config.Unpack(held)

    assert held.suppress_envoy_headers
