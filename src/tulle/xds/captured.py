"""What a captured program's proxy has beside its services: the doors connections are sent to, and the ways on.

The kernel keeps where a connection was going; the `original_dst` filter reads it back. Outbound, the listener
bound to that address takes over (`listeners.outbound_listener` makes them), and what no service has passes on to
where it was going. Inbound, the program's port chooses a chain, if its plaintext is allowed, and else the
connection is closed. No inspector anywhere: who speaks first does not matter.
"""

from collections.abc import Iterator, Sequence

from tulle.graph.mesh import Capture, InboundPort, MeshSettings, Probe, WorkloadNode
from tulle.xds import clusters
from tulle.xds.filters import http_manager, router, tcp_proxy
from tulle.xds.listeners import leading_out, listener
from tulle.xds.names import (
    CAPTURED_INBOUND,
    CAPTURED_OUTBOUND,
    MISSING,
    PASSTHROUGH,
    REFUSED,
    inbound_cluster_name,
    plaintext_listener_name,
    probe_listener_name,
)
from tulle.xds.parts import Part
from tulle.xds.protos import (
    DataSource,
    DirectResponseAction,
    FilterChain,
    FilterChainMatch,
    HeaderMatcher,
    Listener,
    ListenerFilter,
    OriginalDst,
    Route,
    RouteAction,
    RouteConfiguration,
    RouteMatch,
    StringMatcher,
    VirtualHost,
)
from tulle.xds.resources import Typed, resource_of
from tulle.xds.snapshots import Reference, TypeUrl
from tulle.xds.values import duration, number, packed, switch

_LOOPBACKS = ("127.0.0.1", "::1")
_ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - only what was redirected gets in, see `capture.rulesets`


def part(workload: WorkloadNode, capture: Capture, settings: MeshSettings) -> Part:
    """The doors of one workload."""
    open_ports = plaintext_ports(workload)
    doors = (
        outbound_listener(capture, settings),
        inbound_listener(capture, open_ports),
        *probe_listeners(workload, capture),
    )
    on = clusters.passthrough_cluster(settings)
    resources: list[Typed] = [
        (TypeUrl.CLUSTER, resource_of(PASSTHROUGH, on, capture.origin)),
        *((TypeUrl.LISTENER, resource_of(door.name, door, capture.origin)) for door in doors),
    ]
    return Part(tuple(resources), tuple(_references(open_ports, capture)))


def plaintext_ports(workload: WorkloadNode) -> tuple[InboundPort, ...]:
    """Where callers without identity are let in: where the user allows it, and no policy asks who they are."""
    return tuple(
        port
        for port in workload.inbound
        if port.plaintext_port is not None and not port.permission.guarded
    )


def outbound_listener(capture: Capture, settings: MeshSettings) -> Listener:
    """Every connection the program makes. What is for no service goes on, or ends here, as the Mesh says."""
    beyond = PASSTHROUGH if settings.passes_strangers else MISSING
    door = listener(CAPTURED_OUTBOUND, _hosts(_LOOPBACKS, capture), capture.outbound_port)
    door.MergeFrom(
        Listener(
            traffic_direction="OUTBOUND",
            use_original_dst=switch(on=True),
            listener_filters=_original_destination(),
            # Who comes unredirected wants this very port: passed on, it would come again, without end.
            filter_chains=[_chain(capture.outbound_port, CAPTURED_OUTBOUND, MISSING)],
            default_filter_chain=FilterChain(filters=[tcp_proxy.at_once(PASSTHROUGH, beyond)]),
        )
    )
    return door


def inbound_listener(capture: Capture, open_ports: Sequence[InboundPort]) -> Listener:
    """Every connection to the program that did not come by mutual TLS."""
    door = listener(CAPTURED_INBOUND, _hosts(_ANYWHERE, capture), capture.inbound_port)
    chains = [
        _chain(port.port, plaintext_listener_name(port.port), inbound_cluster_name(port.port))
        for port in open_ports
    ]
    door.MergeFrom(
        Listener(
            traffic_direction="INBOUND",
            listener_filters=_original_destination(),
            filter_chains=chains,
            default_filter_chain=FilterChain(filters=[tcp_proxy.at_once(REFUSED, MISSING)]),
        )
    )
    return door


def probe_listeners(workload: WorkloadNode, capture: Capture) -> Iterator[Listener]:
    """For probes by people and machines outside the mesh: one path of one port, nothing else."""
    declared = {port.port for port in workload.inbound}
    for probe in capture.probes:
        if probe.program_port in declared:
            name = probe_listener_name(probe.port)
            host = f"127.0.0.1:{probe.program_port}"
            end = http_manager.with_fixed_routes(
                name, host, [router.http_filter()], _probe_routes(name, probe)
            )
            door = leading_out(listener(name, workload.address, probe.port), end)
            door.traffic_direction = Listener(traffic_direction="INBOUND").traffic_direction
            yield door


def _probe_routes(name: str, probe: Probe) -> RouteConfiguration:
    get = HeaderMatcher(name=":method", string_match=StringMatcher(exact="GET"))
    text = f"This port answers GET {probe.path} only.\n"
    action = RouteAction(cluster=inbound_cluster_name(probe.program_port), timeout=duration(0))
    other = DirectResponseAction(status=404, body=DataSource(inline_string=text))
    routes = [
        Route(match=RouteMatch(path=probe.path, headers=[get]), route=action),
        Route(match=RouteMatch(prefix="/"), direct_response=other),
    ]
    host = VirtualHost(name=name, domains=["*"], routes=routes)
    return RouteConfiguration(name=name, virtual_hosts=[host])


def _references(open_ports: Sequence[InboundPort], capture: Capture) -> Iterator[Reference]:
    yield Reference(CAPTURED_OUTBOUND, TypeUrl.CLUSTER, PASSTHROUGH)
    for port in open_ports:
        yield Reference(CAPTURED_INBOUND, TypeUrl.CLUSTER, inbound_cluster_name(port.port))


def _hosts(both: tuple[str, str], capture: Capture) -> tuple[str, ...]:
    return both if capture.ipv6 else both[:1]


def _original_destination() -> list[ListenerFilter]:
    return [ListenerFilter(name="original_dst", typed_config=packed(OriginalDst()))]


def _chain(port: int, name: str, cluster: str) -> FilterChain:
    return FilterChain(
        name=name,
        filter_chain_match=FilterChainMatch(destination_port=number(port)),
        filters=[tcp_proxy.at_once(name, cluster)],
    )
