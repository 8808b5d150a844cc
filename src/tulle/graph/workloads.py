"""Workloads: programs with their proxies' ports, and the services they call."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tulle.graph.inbound import InboundPlan
from tulle.graph.mesh import InboundPort, OutboundPort, WorkloadNode
from tulle.graph.notes import did_you_mean, origin_of, warning
from tulle.graph.programs import Program, accepts_traffic
from tulle.graph.services import Catalogue
from tulle.model.kinds.process import Process
from tulle.model.kinds.workload import Upstream, Workload
from tulle.model.names import ServiceRef, spiffe_id
from tulle.model.problems import Problem


@dataclass(frozen=True, slots=True)
class Built:
    """A workload of the graph, and what it names that does not exist."""

    node: WorkloadNode
    problems: tuple[Problem, ...]


def build_workload(
    workload: Workload,
    program: Program,
    inbound: tuple[InboundPlan, ...],
    services: tuple[ServiceRef, ...],
    catalogue: Catalogue,
    trust_domain: str,
) -> Built:
    """The workload as others and its own proxy see it."""
    proxy = workload.status.proxy
    node = WorkloadNode(
        ref=program.ref,
        account=program.account,
        identity=spiffe_id(trust_domain, program.account),
        address=workload.spec.address,
        mtls_port=proxy.mtls_port if proxy else None,
        inbound=tuple(_inbound(workload, inbound)),
        outbound=_outbound(workload, catalogue),
        services=services,
        accepts_traffic=accepts_traffic(workload),
        origin=origin_of(workload),
    )
    return Built(node, tuple(upstream_problems(workload, workload.spec.upstreams, catalogue)))


def _inbound(workload: Workload, plans: Sequence[InboundPlan]) -> Iterator[InboundPort]:
    proxy = workload.status.proxy
    plaintext = {port.port: port.proxy_port for port in proxy.plaintext_ports} if proxy else {}
    epochs = {entry.port: entry.epoch for entry in workload.status.access_epochs}
    for plan in plans:
        number = plan.port.number
        yield InboundPort(
            port=number,
            name=plan.port.name,
            protocol=plan.protocol,
            targets=plan.port.targets,
            permission=replace(plan.permission, epoch=epochs.get(number, 0)),
            origin=origin_of(workload, f"spec.ports[{plan.port.index}]"),
            plaintext_port=plaintext.get(number) if plan.takes_plaintext else None,
        )


def _outbound(workload: Workload, catalogue: Catalogue) -> tuple[OutboundPort, ...]:
    """Declared upstreams that exist, each once, on the loopback ports the proxy reported."""
    proxy = workload.status.proxy
    bound = {
        (ServiceRef(u.namespace, u.service), u.port): u.local_port
        for u in (proxy.upstreams if proxy else ())
    }
    found: dict[tuple[ServiceRef, int], OutboundPort] = {}
    for index, upstream in enumerate(workload.spec.upstreams):
        service = service_of(upstream, workload.metadata.namespace)
        listing = catalogue.listings.get(service)
        local_port = bound.get((service, upstream.port))
        if listing and listing.port(upstream.port) and local_port:
            origin = origin_of(workload, f"spec.upstreams[{index}]")
            port = OutboundPort(service, upstream.port, local_port, origin)
            found.setdefault((service, upstream.port), port)
    return tuple(found[key] for key in sorted(found))


def service_of(upstream: Upstream, namespace: str) -> ServiceRef:
    """The service an upstream of a workload of this namespace means."""
    return ServiceRef(upstream.namespace or namespace, upstream.service)


def upstream_problems(
    resource: Workload | Process, upstreams: Sequence[Upstream], catalogue: Catalogue
) -> Iterator[Problem]:
    """Upstreams that name a service or port there is not."""
    for index, upstream in enumerate(upstreams):
        service = service_of(upstream, resource.metadata.namespace)
        listing = catalogue.listings.get(service)
        at = f"spec.upstreams[{index}]"
        if listing is None:
            yield warning(
                resource,
                f"{at}.service",
                "upstream-unknown",
                f"there is no Service or ExternalService {service}, so it has no loopback port",
                hint=did_you_mean(service.name, catalogue.names_in(service.namespace)),
            )
        elif listing.port(upstream.port) is None:
            yield warning(
                resource,
                f"{at}.port",
                "upstream-port-unknown",
                f"{service} has no port {upstream.port}, so it has no loopback port",
                hint=f"its ports are {listing.ports_in_words()}",
            )
