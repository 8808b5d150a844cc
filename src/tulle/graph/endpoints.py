"""Endpoints: the part of the graph that changes with the health of workloads, and the only one."""

from collections.abc import Mapping

from tulle.graph.mesh import Destination, Endpoint, ServiceNode, ServicePort
from tulle.graph.naming import entry_of
from tulle.graph.plans import PortPlan, ServicePlan
from tulle.model.names import WorkloadRef

Live = Mapping[WorkloadRef, Endpoint]
"""The workloads that take traffic now."""


def build_service(plan: ServicePlan, now: tuple[Endpoint | None, ...]) -> ServiceNode:
    """The service with its endpoints; `now` are those of `plan.members`, None where one takes no traffic."""
    live = {ref: endpoint for ref, endpoint in zip(plan.members, now, strict=True) if endpoint}
    return ServiceNode(
        ref=plan.ref,
        addresses=plan.addresses,
        ports=tuple(_build_port(plan, port, live) for port in plan.ports),
        workloads=plan.members,
        origin=plan.origin,
        entry=entry_of(plan, live),
    )


def _build_port(plan: ServicePlan, port: PortPlan, live: Live) -> ServicePort:
    destination = Destination(
        service=plan.ref,
        port=port.number,
        protocol=port.protocol,
        target_port=port.target,
        accounts=port.accounts,
        endpoints=_endpoints(port, live),
        external=port.external,
        origin=port.origin,
    )
    return ServicePort(destination, port.routing, port.consumer_routing, port.name)


def _endpoints(port: PortPlan, live: Live) -> tuple[Endpoint, ...]:
    """Every usable backing that takes traffic, once, in a stable order."""
    usable = dict.fromkeys(backing.workload for backing in port.backing if backing.usable)
    return (*port.fixed, *(live[ref] for ref in usable if ref in live))
