"""Bytes go where the weights say, and wait as long as they like."""

from tests.envoy.views import POLICY, ref

from tulle.graph.mesh import Share
from tulle.xds.filters import tcp_proxy
from tulle.xds.protos import Filter, TcpProxy


def held(made: Filter) -> TcpProxy:
    proxy = TcpProxy()
    assert made.typed_config.Unpack(proxy)
    return proxy


def test_connections_may_rest_as_long_as_they_like() -> None:
    for made in (
        tcp_proxy.at_once("x", "c"),
        tcp_proxy.after_handshake("c"),
        tcp_proxy.after_first_byte("c"),
        tcp_proxy.by_weight("x", [Share(ref("a"), 1, POLICY)]),
    ):
        idle = held(made)
        assert idle.HasField("idle_timeout")
        assert idle.idle_timeout.seconds == 0


def test_shares_are_weights_and_what_is_missing_keeps_its_own() -> None:
    shares = [Share(ref("a"), 3, POLICY), Share(None, 1, POLICY), Share(ref("b"), 0, POLICY)]

    clusters = held(tcp_proxy.by_weight("x", shares)).weighted_clusters.clusters

    assert [(one.name, one.weight) for one in clusters] == [("shop/a:80", 3), ("missing", 1)]


def test_without_any_weight_all_is_refused() -> None:
    assert held(tcp_proxy.by_weight("x", [])).cluster == "missing"
