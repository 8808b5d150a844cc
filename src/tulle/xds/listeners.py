"""Listeners: where a proxy takes connections, and from whom.

Three kinds: one for mutual TLS from the mesh, one for plaintext per port that allows it, and one on loopback
per upstream of the program. Where upstreams are reached by name too, there is one more on loopback, with an
internal one per upstream behind it; what captured programs need is made in `captured`, out of the same chains.
Only the first looks into the TLS handshake: elsewhere an inspector would make a server-first client wait.
"""

from collections.abc import Iterable, Sequence

from tulle.graph.mesh import (
    DestinationRef,
    HttpProxyPort,
    HttpRouting,
    InboundPort,
    OutboundPort,
    OutboundView,
    TcpRouting,
    VirtualPort,
    WorkloadNode,
)
from tulle.xds import tls
from tulle.xds.endpoints import address
from tulle.xds.filters import http_filters, http_manager, network_filters, rbac, router, tcp_proxy
from tulle.xds.names import (
    HTTP_PROXY,
    MTLS_LISTENER,
    callers_secret_name,
    chain_name,
    cluster_name,
    inbound_cluster_name,
    named_upstream,
    outbound_listener_name,
    plaintext_listener_name,
    sni_of,
    virtual_listener_name,
)
from tulle.xds.protos import (
    AdditionalAddress,
    Filter,
    FilterChain,
    FilterChainMatch,
    InternalListener,
    Listener,
    ListenerFilter,
    TlsInspector,
)
from tulle.xds.routes import fixed_routes
from tulle.xds.values import packed, switch

_LOOPBACK = "127.0.0.1"


def mtls_listener(workload: WorkloadNode, port: int) -> Listener:
    """Everything from the mesh arrives here; SNI says which port of the program is meant."""
    inspector = ListenerFilter(name="tls_inspector", typed_config=packed(TlsInspector()))
    place = listener(MTLS_LISTENER, workload.address, port)
    place.MergeFrom(
        Listener(
            traffic_direction="INBOUND",
            listener_filters=[inspector],
            filter_chains=_chains(workload.inbound),
        )
    )
    return place


def plaintext_listener(host: str, port: InboundPort, plaintext_port: int) -> Listener:
    """For callers outside the mesh, where the user allows them: bytes in, bytes out."""
    name = plaintext_listener_name(port.port)
    end = tcp_proxy.at_once(name, inbound_cluster_name(port.port))
    place = listener(name, host, plaintext_port)
    place.MergeFrom(
        Listener(traffic_direction="INBOUND", filter_chains=[FilterChain(filters=[end])])
    )
    return place


def outbound_listener(view: OutboundView) -> Listener:
    """A service the program calls: on a loopback port, or at the addresses a captured program means it by."""
    routes = outbound_listener_name(view.default)
    return leading_out(_place(view, routes), _outbound_filter(routes, view))


def named_upstream_listener(view: OutboundView) -> Listener:
    """The same chain, with the same routes, for connections that come by name from inside this Envoy."""
    name = named_upstream(view.default)
    routes = outbound_listener_name(view.default)
    inner = Listener(name=name, stat_prefix=name, internal_listener=InternalListener())
    return leading_out(inner, _outbound_filter(routes, view))


def http_proxy_listener(port: HttpProxyPort) -> Listener:
    """Where a program sends requests and CONNECTs for any of its upstreams. It only looks at names."""
    names = http_manager.with_routes_of(
        HTTP_PROXY, HTTP_PROXY, [router.http_filter()], upgrades=("websocket", "CONNECT")
    )
    return leading_out(listener(HTTP_PROXY, _LOOPBACK, port.local_port), names)


def clusters_in(routing: TcpRouting, default: DestinationRef) -> list[str]:
    """The clusters a listener without routes names, each once."""
    if routing == TcpRouting():
        return [cluster_name(default)]
    shares = [share for share in routing.shares if share.weight > 0]
    return sorted({cluster_name(share.to) for share in shares if share.to is not None})


def _place(view: OutboundView, name: str) -> Listener:
    match view.port:
        case OutboundPort(local_port=local_port):
            return listener(name, _LOOPBACK, local_port)
        case VirtualPort(addresses=addresses, listens=listens):
            virtual = listener(virtual_listener_name(view.default, listens), addresses, listens)
            # Connections are handed over by the listener they were captured at.
            virtual.MergeFrom(Listener(bind_to_port=switch(on=False)))
            return virtual


def leading_out(place: Listener, end: Filter) -> Listener:
    """The listener with one chain, for connections of the program."""
    chain = FilterChain(filters=[end])
    place.MergeFrom(Listener(traffic_direction="OUTBOUND", filter_chains=[chain]))
    return place


def _outbound_filter(name: str, view: OutboundView) -> Filter:
    match view.routing:
        case HttpRouting():
            host = f"{view.port.service.name}.{view.port.service.namespace}"
            return http_manager.with_routes_of(name, host, http_filters(view))
        case TcpRouting(shares=(), origin=None):
            return tcp_proxy.at_once(name, cluster_name(view.default))
        case TcpRouting(shares=shares):
            return tcp_proxy.by_weight(name, shares)


def _chains(ports: Iterable[InboundPort]) -> list[FilterChain]:
    """One per port. A name two ports claim goes to the first: Envoy would refuse them both."""
    taken: set[str] = set()
    chains: list[FilterChain] = []
    for port in ports:
        names = [name for name in map(sni_of, port.targets) if name not in taken]
        taken.update(names)
        if names:
            chains.append(_chain(port, names))
    return chains


def _chain(port: InboundPort, server_names: list[str]) -> FilterChain:
    return FilterChain(
        name=chain_name(port.port, port.permission.epoch),
        filter_chain_match=FilterChainMatch(transport_protocol="tls", server_names=server_names),
        transport_socket=tls.downstream(callers_secret_name(port.port)),
        filters=[*network_filters(port), _inbound_end(port)],
    )


def _inbound_end(port: InboundPort) -> Filter:
    cluster = inbound_cluster_name(port.port)
    if port.parse_http:
        return _inbound_http(port, cluster)
    # Where RBAC decides, it does so on the first byte: until then the program hears of nobody.
    return (
        tcp_proxy.after_first_byte(cluster)
        if rbac.applies(port)
        else tcp_proxy.after_handshake(cluster)
    )


def _inbound_http(port: InboundPort, cluster: str) -> Filter:
    host = f"{_LOOPBACK}:{port.port}"
    return http_manager.with_fixed_routes(cluster, host, http_filters(port), fixed_routes(cluster))


def listener(name: str, hosts: str | Sequence[str], port: int) -> Listener:
    """A listener without chains, at one address or at several."""
    first, *more = [hosts] if isinstance(hosts, str) else hosts
    return Listener(
        name=name,
        stat_prefix=name,
        address=address(first, port),
        additional_addresses=[AdditionalAddress(address=address(host, port)) for host in more],
        # One worker needs no sharing, and without it a port that is taken is an error, not a silent half.
        enable_reuse_port=switch(on=False),
    )
