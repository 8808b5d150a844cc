"""Captured workloads: which services their proxies know, and at which addresses programs mean them.

A program that is captured says whom it calls by the addresses it connects to. So its proxy needs every service
it may call, where a workload in mode `none` needs those it declares.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tulle.graph.mesh import (
    Endpoint,
    MeshGraph,
    ServiceNode,
    ServicePort,
    VirtualPort,
    WorkloadNode,
)


def services_for(graph: MeshGraph, workload: WorkloadNode) -> Iterable[ServiceNode]:
    """The services a captured workload may call, its own namespace first: those of the whole mesh, or (scope
    `Used`) those it declares or has asked for by name.
    """
    own = workload.ref.namespace
    nodes: Iterable[ServiceNode] = graph.services.values()
    if graph.settings.knows_used_only:
        wanted = {*workload.used, *(port.service for port in workload.outbound)}
        nodes = (graph.services[ref] for ref in wanted if ref in graph.services)
    return sorted(nodes, key=lambda node: (node.ref.namespace != own, node.ref))


def captured_ports(graph: MeshGraph, workload: WorkloadNode) -> tuple[VirtualPort, ...]:
    """Every port of these services at every address it is meant by; an address and port mean one service only."""
    if workload.capture is None:
        return ()
    taken: set[tuple[str, int]] = set()
    found: list[VirtualPort] = []
    for service in services_for(graph, workload):
        for port in service.ports:
            for place in _places(graph, service, port):
                free = tuple(one for one in place.addresses if (one, place.listens) not in taken)
                taken.update((one, place.listens) for one in free)
                if free:
                    found.append(replace(place, addresses=free))
    return tuple(found)


def _places(graph: MeshGraph, service: ServiceNode, port: ServicePort) -> Iterator[VirtualPort]:
    """At the service's own addresses; without any at its endpoints', each of which is then meant alone.

    What is outside is meant by its fixed addresses too: those are how programs called it before.
    """
    to = port.destination
    if to.external is not None:
        yield from _outside(service, port)
    elif service.addresses:
        yield VirtualPort(service.ref, to.port, service.addresses, to.port, to.origin)
    else:
        for end in to.endpoints:
            listens = _program_port(graph, end, to.target_port)
            if listens:
                here = (end.address,)
                yield VirtualPort(service.ref, to.port, here, listens, to.origin, end.place)


def _outside(service: ServiceNode, port: ServicePort) -> Iterator[VirtualPort]:
    """An external service is meant by its virtual addresses and by its fixed ones, on the port each listens at."""
    to = port.destination
    meant = {to.port: list(service.addresses)}
    for end in to.endpoints:
        meant.setdefault(end.port, []).append(end.address)
    for number, addresses in sorted(meant.items()):
        if addresses:
            yield VirtualPort(to.service, to.port, tuple(addresses), number, to.origin)


def _program_port(graph: MeshGraph, end: Endpoint, target: str) -> int | None:
    """Where the program itself listens: what a caller without a mesh connects to."""
    if end.workload is None:
        return end.port
    ports = graph.workloads[end.workload].inbound
    return next((port.port for port in ports if target in port.targets), None)
