"""How a destination is reached, from its endpoints' kinds to its protocol."""

from dataclasses import replace

import pytest
from tests.envoy.views import destination, inbound

from tulle.graph.mesh import Destination, Endpoint, ExternalTarget, MeshSettings, Protocol
from tulle.xds import clusters
from tulle.xds.endpoints import inside
from tulle.xds.protos import Cluster, ClusterHttpOptions

SETTINGS = MeshSettings(trust_bundle=("PEM",), upstream_idle_timeout_s=1.5, connection_max_age_s=30)
STATIC, EDS = 0, 3


def to(protocol: Protocol = Protocol.HTTP, *secure: bool) -> Destination:
    made = destination("reviews", protocol, 9080, [])
    ends = (Endpoint("10.0.0.1", 1 + n, secure=one) for n, one in enumerate(secure))
    return replace(made, endpoints=tuple(ends))


def http_options(cluster: Cluster) -> ClusterHttpOptions | None:
    for value in cluster.typed_extension_protocol_options.values():
        held = ClusterHttpOptions()
        assert value.Unpack(held)
        return held
    return None


@pytest.mark.parametrize("secure", [(), (True,), (True, True)])
def test_endpoints_are_reached_by_mutual_tls_whether_there_are_some_yet_or_not(
    secure: tuple[bool, ...],
) -> None:
    cluster = clusters.mesh_cluster(to(Protocol.HTTP, *secure), SETTINGS)

    assert cluster.transport_socket.name == "tls"
    assert not cluster.transport_socket_matches
    assert cluster.type == EDS


def test_endpoints_outside_the_mesh_are_reached_in_plaintext() -> None:
    cluster = clusters.mesh_cluster(to(Protocol.HTTP, False), SETTINGS)

    assert not cluster.transport_socket.name


def test_where_both_kinds_stand_behind_one_name_each_is_reached_its_own_way() -> None:
    cluster = clusters.mesh_cluster(to(Protocol.HTTP, True, False), SETTINGS)

    matches = {match.name: match for match in cluster.transport_socket_matches}
    assert matches["mtls"].transport_socket.name == "tls"
    assert matches["plaintext"].transport_socket.name == "raw_buffer"
    assert not cluster.transport_socket.name


def test_idle_connections_end_before_a_program_ends_them() -> None:
    options = http_options(clusters.mesh_cluster(to(), SETTINGS))

    assert options is not None
    idle = options.common_http_protocol_options.idle_timeout
    assert (idle.seconds, idle.nanos) == (1, 500_000_000)


@pytest.mark.parametrize("protocol", [Protocol.HTTP, Protocol.HTTP2, Protocol.GRPC])
def test_connections_for_requests_are_recycled(protocol: Protocol) -> None:
    options = http_options(clusters.mesh_cluster(to(protocol), SETTINGS))

    assert options is not None
    assert options.common_http_protocol_options.max_connection_duration.seconds == 30


def test_connections_for_bytes_last_as_long_as_they_like() -> None:
    assert http_options(clusters.mesh_cluster(to(Protocol.TCP), SETTINGS)) is None


@pytest.mark.parametrize("protocol", [Protocol.HTTP2, Protocol.GRPC])
def test_http2_is_spoken_to_those_who_want_it(protocol: Protocol) -> None:
    options = http_options(clusters.mesh_cluster(to(protocol), SETTINGS))

    assert options is not None
    assert options.explicit_http_config.http2_protocol_options.allow_connect
    assert not options.explicit_http_config.HasField("http_protocol_options")


def test_the_program_itself_is_on_loopback_and_sees_bytes() -> None:
    cluster = clusters.inbound_cluster(inbound(9080, Protocol.HTTP), SETTINGS)

    (group,) = cluster.load_assignment.endpoints
    address = group.lb_endpoints[0].endpoint.address.socket_address
    assert (address.address, address.port_value) == ("127.0.0.1", 9080)
    assert cluster.type == STATIC
    assert http_options(cluster) is None


def test_where_requests_are_parsed_the_program_gets_requests() -> None:
    port = inbound(9080, Protocol.HTTP, parse_http=True)

    assert http_options(clusters.inbound_cluster(port, SETTINGS)) is not None


@pytest.mark.parametrize(
    ("host", "ends", "resolved"),
    [
        ("api.example", (), True),
        ("192.0.2.1", (), False),
        ("", (Endpoint("192.0.2.1", 443),), False),
        ("api.example", (Endpoint("192.0.2.1", 443),), False),
    ],
)
def test_a_name_outside_is_resolved_unless_addresses_are_given(
    host: str, ends: tuple[Endpoint, ...], resolved: bool
) -> None:
    target = ExternalTarget(host, 443)
    made = replace(to(), endpoints=ends, external=target)

    cluster = clusters.outside_cluster(made, target, SETTINGS)

    assert (cluster.cluster_type.name == "envoy.clusters.dns") is resolved
    assert len(cluster.load_assignment.endpoints) == 1


def test_no_limit_stands_that_nobody_asked_for() -> None:
    cluster = clusters.mesh_cluster(to(), SETTINGS)

    (limits,) = cluster.circuit_breakers.thresholds
    assert limits.max_connections.value == limits.max_requests.value == 2**32 - 1
    assert limits.max_pending_requests.value == limits.max_retries.value == 2**32 - 1


def test_an_upstream_reached_by_name_is_inside_this_proxy() -> None:
    cluster = clusters.named_upstream_cluster(to().ref, SETTINGS)

    assert (cluster.name, cluster.type) == ("http-proxy:shop/reviews:80", STATIC)
    assert cluster.load_assignment == inside(cluster.name)
    assert not cluster.HasField("transport_socket")


def test_what_is_for_no_service_goes_where_it_was_going() -> None:
    cluster = clusters.passthrough_cluster(SETTINGS)

    assert cluster.type == Cluster(type="ORIGINAL_DST").type
    assert cluster.lb_policy == Cluster(lb_policy="CLUSTER_PROVIDED").lb_policy
