"""Views: what one proxy needs, and nothing else. A proxy's memory grows with what its program calls."""

from collections.abc import Iterator
from types import MappingProxyType

from tulle.graph.mesh import (
    DestinationRef,
    HttpRouting,
    MeshGraph,
    OutboundPort,
    OutboundView,
    Protocol,
    Routing,
    TcpRouting,
    View,
    VirtualPort,
    WorkloadNode,
)
from tulle.graph.naming import Names
from tulle.graph.workloads.captured import captured_ports
from tulle.model.names import WorkloadRef

NO_NAMES: Names = MappingProxyType({})


def view_of(graph: MeshGraph, ref: WorkloadRef) -> View | None:
    """The part of the graph one proxy needs; None if it is unknown, or has not reported its ports yet."""
    workload = graph.workloads.get(ref)
    if workload is None or workload.mtls_port is None:
        return None
    ports = _ports(graph, workload)
    outbound = tuple([_outbound(graph, ref.namespace, port) for port in ports])
    reached = {to for view in outbound for to in destinations_of(view.routing, view.default)}
    return View(
        workload=workload,
        settings=graph.settings,
        outbound=outbound,
        destinations=tuple([graph.destination(to) for to in sorted(reached, key=_in_order)]),
        names=graph.names if workload.resolves_names else NO_NAMES,
    )


def _ports(graph: MeshGraph, workload: WorkloadNode) -> tuple[OutboundPort | VirtualPort, ...]:
    return (*workload.outbound, *captured_ports(graph, workload))


def _in_order(to: DestinationRef) -> tuple[str, str, int, str]:
    """As destinations order themselves, without asking each pair of them."""
    return (to.service.namespace, to.service.name, to.port, to.instance)


def destinations_of(routing: Routing, default: DestinationRef) -> Iterator[DestinationRef]:
    """Where traffic to a port may end up: backends with a weight, or the port itself where no route is."""
    match routing:
        case HttpRouting(rules=rules) if rules:
            yield from (
                share.to for rule in rules for share in rule.shares if share.to and share.weight
            )
        case TcpRouting(shares=shares) if shares:
            yield from (share.to for share in shares if share.to and share.weight)
        case _:
            yield default


def spoken(routing: Routing, declared: Protocol) -> Protocol:
    """What a caller's proxy handles: connections under a TCPRoute, requests under an HTTPRoute."""
    if isinstance(routing, TcpRouting):
        return Protocol.TCP
    return declared if declared.is_http else Protocol.HTTP


def _outbound(graph: MeshGraph, namespace: str, port: OutboundPort | VirtualPort) -> OutboundView:
    instance = port.instance if isinstance(port, VirtualPort) else ""
    default = DestinationRef(port.service, port.port, instance)
    found = graph.port(default)
    routing = found.routing_for(namespace)
    return OutboundView(port, spoken(routing, found.destination.protocol), routing, default)
