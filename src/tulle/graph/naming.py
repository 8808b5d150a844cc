"""What a service is called and what its names stand for: the part of the graph that DNS answers from."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from tulle.graph.mesh import Endpoint, ServiceNode
from tulle.graph.plans import ServicePlan
from tulle.graph.services.catalogue import Naming
from tulle.model.directory import AliasEntry, Entry, HeadlessEntry, NamedEndpoint, VirtualEntry
from tulle.model.names import ServiceRef, WorkloadRef

Names = Mapping[ServiceRef, Entry]


def entry_of(plan: ServicePlan, live: Mapping[WorkloadRef, Endpoint]) -> Entry:
    """The entry of a service; `live` are its workloads that take traffic now."""
    place = {"namespace": plan.ref.namespace, "name": plan.ref.name, "origin": str(plan.origin)}
    if plan.alias:
        return AliasEntry(host=plan.alias, **place)
    if plan.naming is Naming.HEADLESS:
        return HeadlessEntry(endpoints=tuple(_endpoints(plan, live)), **place)
    ports = {port.name: port.number for port in plan.ports if port.name}
    return VirtualEntry(addresses=plan.addresses, ports=ports, **place)


def names_of(services: tuple[ServiceNode, ...]) -> Names:
    """The entries of all services."""
    return MappingProxyType({service.ref: service.entry for service in services})


def _endpoints(plan: ServicePlan, live: Mapping[WorkloadRef, Endpoint]) -> Iterator[NamedEndpoint]:
    """Workloads by their names; addresses listed by hand by the address, as Kubernetes spells it."""
    ports: dict[tuple[str, str], dict[str, int]] = {}
    for port in plan.ports:
        for backing in port.backing:
            if backing.usable and backing.workload in live:
                at = (backing.workload.name, live[backing.workload].address)
                ports.setdefault(at, {})[port.name] = backing.port
        for fixed in port.fixed:
            at = (_dashed(fixed.address), fixed.address)
            ports.setdefault(at, {})[port.name] = fixed.port
    for (name, address), own in sorted(ports.items()):
        named = {port: number for port, number in own.items() if port}
        yield NamedEndpoint(name=name, address=address, ports=named)


def _dashed(address: str) -> str:
    return address.replace(".", "-").replace(":", "-").strip("-")
