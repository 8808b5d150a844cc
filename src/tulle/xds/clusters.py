"""Clusters: how connections to a destination are made, kept and ended."""

from collections.abc import Mapping

from tulle.graph.mesh import (
    Destination,
    DestinationRef,
    Endpoint,
    ExternalTarget,
    InboundPort,
    MeshSettings,
    Protocol,
)
from tulle.xds import tls
from tulle.xds.endpoints import inside, load_assignment, security_mark
from tulle.xds.names import (
    PASSTHROUGH,
    cluster_name,
    edge_stat_name,
    inbound_cluster_name,
    named_upstream,
    peers_secret_name,
    sni_of,
)
from tulle.xds.protos import (
    Any,
    CircuitBreakers,
    CircuitBreakerThresholds,
    Cluster,
    ClusterHttpOptions,
    CommonHttpProtocolOptions,
    CustomClusterType,
    DnsCluster,
    EdsClusterConfig,
    ExplicitHttpConfig,
    Http1ProtocolOptions,
    Http2ProtocolOptions,
    RawBuffer,
    TcpKeepalive,
    TransportSocket,
    TransportSocketMatch,
    UpstreamConnectionOptions,
)
from tulle.xds.values import duration, number, packed

_UNLIMITED = 2**32 - 1
_LOOPBACK = "127.0.0.1"
_KEEPALIVE = TcpKeepalive(
    keepalive_time=number(60), keepalive_interval=number(10), keepalive_probes=number(6)
)
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def mesh_cluster(destination: Destination, settings: MeshSettings) -> Cluster:
    """Endpoints by EDS, mutual TLS to all that are proxies of the mesh."""
    ref = destination.ref
    secure = tls.upstream(sni_of(destination.target_port), peers_secret_name(ref))
    mixed = is_mixed(destination)
    cluster = Cluster(
        name=cluster_name(ref),
        alt_stat_name=edge_stat_name(ref, destination.protocol),
        type="EDS",
        eds_cluster_config=EdsClusterConfig(eds_config=tls.over_ads()),
        transport_socket=secure if not mixed and _is_secure(destination) else None,
        transport_socket_matches=_by_endpoint(secure) if mixed else [],
    )
    return _with_connections(cluster, destination.protocol, settings)


def outside_cluster(
    destination: Destination, external: ExternalTarget, settings: MeshSettings
) -> Cluster:
    """A server outside the mesh: fixed addresses, or a name the proxy resolves."""
    ref = destination.ref
    name = cluster_name(ref)
    ends = destination.endpoints or (Endpoint(external.host, external.port, secure=False),)
    cluster = Cluster(
        name=name,
        alt_stat_name=edge_stat_name(ref, destination.protocol),
        load_assignment=load_assignment(name, ends),
        transport_socket=tls.outside(external, destination) if external.tls else None,
    )
    if all(tls.is_address(end.address) for end in ends):
        cluster.MergeFrom(Cluster(type="STATIC"))
    else:
        cluster.MergeFrom(Cluster(cluster_type=_resolved()))
    return _with_connections(cluster, destination.protocol, settings)


def inbound_cluster(port: InboundPort, settings: MeshSettings) -> Cluster:
    """The program behind this proxy. Bytes pass as they are, unless a policy has to see requests."""
    name = inbound_cluster_name(port.port)
    program = Endpoint(_LOOPBACK, port.port, secure=False)
    cluster = Cluster(name=name, type="STATIC", load_assignment=load_assignment(name, [program]))
    protocol = port.protocol if port.parse_http else Protocol.TCP
    return _with_connections(cluster, protocol, settings)


def named_upstream_cluster(to: DestinationRef, settings: MeshSettings) -> Cluster:
    """The internal listener of an upstream reached by name. What came in a CONNECT goes there as bytes."""
    name = named_upstream(to)
    cluster = Cluster(name=name, type="STATIC", load_assignment=inside(name))
    return _with_connections(cluster, Protocol.HTTP, settings)


def passthrough_cluster(settings: MeshSettings) -> Cluster:
    """Where a captured connection was going all along, as it came."""
    cluster = Cluster(name=PASSTHROUGH, type="ORIGINAL_DST")
    made = _with_connections(cluster, Protocol.TCP, settings)
    made.MergeFrom(Cluster(lb_policy="CLUSTER_PROVIDED"))
    return made


def is_mixed(destination: Destination) -> bool:
    """Whether some of its endpoints speak mTLS and some do not."""
    return len({end.secure for end in destination.endpoints}) > 1


def _is_secure(destination: Destination) -> bool:
    """With no endpoints too: what comes may be plaintext only where all of it is."""
    return all(end.secure for end in destination.endpoints)


def _by_endpoint(secure: TransportSocket) -> list[TransportSocketMatch]:
    """mTLS to what is marked so, plaintext to the rest; an unmarked endpoint gets neither, and fails."""
    plain = TransportSocket(name="raw_buffer", typed_config=packed(RawBuffer()))
    return [
        TransportSocketMatch(name=name, match=security_mark(secure=mark), transport_socket=socket)
        for name, mark, socket in (("mtls", True, secure), ("plaintext", False, plain))
    ]


def _resolved() -> CustomClusterType:
    """By DNS, all addresses, as long as they may be kept. IPv4 first: a host without IPv6 is no rarity."""
    config = DnsCluster(respect_dns_ttl=True, dns_lookup_family="V4_PREFERRED")
    return CustomClusterType(name="envoy.clusters.dns", typed_config=packed(config))


def _with_connections(cluster: Cluster, protocol: Protocol, settings: MeshSettings) -> Cluster:
    """What all clusters share. Limits are for policies to set: Envoy's own would cut at 1,024."""
    limits = CircuitBreakerThresholds(
        max_connections=number(_UNLIMITED),
        max_pending_requests=number(_UNLIMITED),
        max_requests=number(_UNLIMITED),
        max_retries=number(_UNLIMITED),
    )
    cluster.MergeFrom(
        Cluster(
            connect_timeout=duration(settings.connect_timeout_s),
            lb_policy="LEAST_REQUEST",
            circuit_breakers=CircuitBreakers(thresholds=[limits]),
            # A peer whose host is gone says nothing: without this its connections would stay for ever.
            upstream_connection_options=UpstreamConnectionOptions(tcp_keepalive=_KEEPALIVE),
            typed_extension_protocol_options=_http_options(protocol, settings),
        )
    )
    return cluster


def _http_options(protocol: Protocol, settings: MeshSettings) -> Mapping[str, Any]:
    """Recycled before they are drained; idle HTTP/1.1 closed before a program behind closes it under us."""
    if not protocol.is_http:
        return {}
    common = CommonHttpProtocolOptions(
        max_connection_duration=duration(settings.connection_max_age_s)
    )
    if protocol is Protocol.HTTP:
        idle = duration(settings.upstream_idle_timeout_s)
        common.MergeFrom(CommonHttpProtocolOptions(idle_timeout=idle))
        explicit = ExplicitHttpConfig(http_protocol_options=Http1ProtocolOptions())
    else:
        http2 = Http2ProtocolOptions(allow_connect=True)  # WebSockets over HTTP/2
        explicit = ExplicitHttpConfig(http2_protocol_options=http2)
    options = ClusterHttpOptions(common_http_protocol_options=common, explicit_http_config=explicit)
    return {_HTTP_OPTIONS: packed(options)}
