"""Who may connect where, and what stays untouched when a policy is edited."""

from dataclasses import replace

import pytest
from tests.envoy.views import POLICY, allow, destination, inbound, ref, upstream, view

from tulle.graph.mesh import (
    HttpProxyPort,
    InboundPort,
    MeshSettings,
    Protocol,
    Share,
    TcpRouting,
    VirtualPort,
)
from tulle.xds import listeners
from tulle.xds.protos import Filter, Listener, TcpProxy

SETTINGS = MeshSettings(trust_bundle=("PEM",))
AT_HANDSHAKE, AT_FIRST_BYTE, AT_ONCE = 2, 1, 0


def mtls(*ports: InboundPort) -> Listener:
    workload = view("web", SETTINGS, mtls_port=15009, ports=ports).workload
    return listeners.mtls_listener(workload, 15009)


def tcp_proxy(end: Filter) -> TcpProxy:
    held = TcpProxy()
    assert end.typed_config.Unpack(held)
    return held


def test_sni_chooses_the_port_by_number_and_by_name() -> None:
    (chain,) = mtls(inbound(9080, Protocol.HTTP)).filter_chains

    assert list(chain.filter_chain_match.server_names) == ["9080.port.tulle", "p9080.port.tulle"]
    assert chain.filter_chain_match.transport_protocol == "tls"


def test_a_narrowed_port_gets_a_new_chain_and_the_others_keep_theirs() -> None:
    one, other = inbound(1, Protocol.TCP, allow("a")), inbound(2, Protocol.TCP, allow("a"))
    before = mtls(one, other).filter_chains

    after = mtls(replace(one, permission=allow("a", epoch=1)), other).filter_chains

    assert [chain.name for chain in before] == ["1@0", "2@0"]
    assert [chain.name for chain in after] == ["1@1", "2@0"]
    assert before[1] == after[1]


def test_editing_who_may_call_leaves_the_listener_as_it_is() -> None:
    for protocol in (Protocol.HTTP, Protocol.TCP):
        port = inbound(1, protocol, allow("a"))

        assert mtls(port) == mtls(replace(port, permission=allow("a", "b")))


def test_a_name_two_ports_claim_goes_to_the_first() -> None:
    one = inbound(9080, Protocol.HTTP)
    other = replace(inbound(9090, Protocol.HTTP), targets=("9090", "p9080"))
    shadow = replace(inbound(9091, Protocol.HTTP), targets=("9080",))

    chains = mtls(one, other, shadow).filter_chains

    assert [list(chain.filter_chain_match.server_names) for chain in chains] == [
        ["9080.port.tulle", "p9080.port.tulle"],
        ["9090.port.tulle"],
    ]


@pytest.mark.parametrize(
    ("protocol", "guarded", "connect", "filters"),
    [
        (Protocol.HTTP, True, AT_FIRST_BYTE, ["access:9080", "tcp_proxy"]),
        (Protocol.HTTP, False, AT_HANDSHAKE, ["tcp_proxy"]),
        (Protocol.TCP, True, AT_HANDSHAKE, ["tcp_proxy"]),
        (Protocol.TCP, False, AT_HANDSHAKE, ["tcp_proxy"]),
    ],
)
def test_the_program_hears_of_a_caller_when_it_is_known_and_not_before(
    protocol: Protocol, guarded: bool, connect: int, filters: list[str]
) -> None:
    permission = allow("a") if guarded else None
    (chain,) = mtls(inbound(9080, protocol, permission)).filter_chains

    assert [one.name for one in chain.filters] == filters
    assert tcp_proxy(chain.filters[-1]).upstream_connect_mode == connect


def test_requests_are_parsed_only_where_a_policy_must_see_them() -> None:
    (chain,) = mtls(inbound(9080, Protocol.HTTP, parse_http=True)).filter_chains

    assert [one.name for one in chain.filters] == ["http"]


def test_only_the_door_of_the_mesh_looks_into_the_handshake() -> None:
    port = inbound(9080, Protocol.TCP)
    to = destination("db", Protocol.TCP, 5432, [])

    plaintext = listeners.plaintext_listener("10.0.0.1", port, 16080)
    outbound = listeners.outbound_listener(upstream(to, 20000))

    assert [one.name for one in mtls(port).listener_filters] == ["tls_inspector"]
    assert not plaintext.listener_filters
    assert not outbound.listener_filters


def test_programs_reach_their_upstreams_on_loopback_only() -> None:
    to = destination("db", Protocol.TCP, 5432, [])

    made = listeners.outbound_listener(upstream(to, 20000)).address.socket_address

    assert (made.address, made.port_value) == ("127.0.0.1", 20000)


def test_a_port_that_is_taken_is_an_error_and_not_shared() -> None:
    to = destination("db", Protocol.TCP, 5432, [])
    port = inbound(9080, Protocol.TCP)
    made = (
        mtls(port),
        listeners.plaintext_listener("10.0.0.1", port, 16080),
        listeners.outbound_listener(upstream(to, 20000)),
    )

    assert all(one.HasField("enable_reuse_port") for one in made)
    assert not any(one.enable_reuse_port.value for one in made)


def test_a_listener_names_the_clusters_it_sends_to() -> None:
    shares = (Share(ref("a"), 1, POLICY), Share(ref("b"), 0, POLICY), Share(None, 1, POLICY))

    assert listeners.clusters_in(TcpRouting(), ref("db")) == ["shop/db:80"]
    assert listeners.clusters_in(TcpRouting(shares, POLICY), ref("db")) == ["shop/a:80"]
    assert listeners.clusters_in(TcpRouting((), POLICY), ref("db")) == []


@pytest.mark.parametrize("protocol", [Protocol.TCP, Protocol.HTTP, Protocol.GRPC])
def test_an_upstream_reached_by_name_has_the_chain_of_its_loopback_port(protocol: Protocol) -> None:
    called = upstream(destination("db", protocol, 5432, []), 20000)

    inner = listeners.named_upstream_listener(called)

    assert list(inner.filter_chains) == list(listeners.outbound_listener(called).filter_chains)
    assert inner.HasField("internal_listener")
    assert not inner.HasField("address")


def test_requests_by_name_are_taken_on_loopback_only() -> None:
    made = listeners.http_proxy_listener(HttpProxyPort(20090, POLICY)).address.socket_address

    assert (made.address, made.port_value) == ("127.0.0.1", 20090)


def test_a_virtual_listener_is_bound_to_nothing_and_has_the_chain_and_routes_of_the_loopback_one() -> (
    None
):
    loopback = upstream(destination("reviews", Protocol.HTTP, 9080, []), 20000)
    port = VirtualPort(
        loopback.port.service, 80, ("240.0.0.7", "fd00::7"), 80, loopback.port.origin
    )
    virtual = listeners.outbound_listener(replace(loopback, port=port))

    assert virtual.HasField("bind_to_port")
    assert not virtual.bind_to_port.value
    assert virtual.address.socket_address.address == "240.0.0.7"
    assert len(virtual.additional_addresses) == 1
    assert virtual.name == "virtual:shop/reviews:80"
    assert virtual.filter_chains == listeners.outbound_listener(loopback).filter_chains
