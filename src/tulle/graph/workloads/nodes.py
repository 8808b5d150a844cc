"""Workloads: programs with their proxies' ports, and the services they call."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tulle.graph.mesh import (
    Capture,
    DestinationRef,
    HttpProxyPort,
    InboundPort,
    OutboundPort,
    Probe,
    WorkloadNode,
)
from tulle.graph.notes import did_you_mean, origin_of, warning
from tulle.graph.services.catalogue import Catalogue
from tulle.graph.services.programs import Program, accepts_traffic, unknown_protocol
from tulle.graph.workloads.inbound import InboundPlan
from tulle.model.kinds.process import Process
from tulle.model.kinds.workload import ProxyStatus, Upstream, Workload
from tulle.model.names import ServiceRef, spiffe_id
from tulle.model.problems import Problem

Declared = tuple[ServiceRef, int] | str
"""An upstream's service and port, or the `appProtocol` of a port: what a program says of itself."""


@dataclass(frozen=True, slots=True)
class Built:
    """A workload of the graph, and what it names that does not exist."""

    node: WorkloadNode
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a workload is built into. `told` are ports and upstreams of Processes, by namespace: what is odd
    about them is said of the Process, and not again of every Workload it becomes.
    """

    trust_domain: str
    catalogue: Catalogue
    told: Mapping[str, frozenset[Declared]]


def build_workload(
    workload: Workload,
    program: Program,
    inbound: tuple[InboundPlan, ...],
    services: tuple[ServiceRef, ...],
    around: Surroundings,
) -> Built:
    """The workload as others and its own proxy see it."""
    proxy = workload.status.proxy
    node = WorkloadNode(
        ref=program.ref,
        account=program.account,
        identity=spiffe_id(around.trust_domain, program.account),
        address=workload.spec.address,
        mtls_port=proxy.mtls_port if proxy else None,
        inbound=tuple(_inbound(workload, inbound)),
        outbound=_outbound(workload, around.catalogue),
        services=services,
        accepts_traffic=accepts_traffic(workload),
        origin=origin_of(workload),
        http_proxy=_http_proxy(workload),
        capture=_capture(workload),
        resolves_names=proxy is not None and proxy.dns_port is not None,
        used=_used(proxy) if proxy else (),
    )
    told = around.told.get(workload.metadata.namespace, frozenset())
    return Built(node, tuple(declared_problems(workload, around.catalogue, told)))


def _used(proxy: ProxyStatus) -> tuple[ServiceRef, ...]:
    return tuple(sorted({ServiceRef(one.namespace, one.service) for one in proxy.used}))


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


def _http_proxy(workload: Workload) -> HttpProxyPort | None:
    """Where it is asked for, and the proxy has reported its port."""
    proxy = workload.status.proxy
    if workload.spec.http_proxy is None or proxy is None or proxy.http_proxy_port is None:
        return None
    return HttpProxyPort(proxy.http_proxy_port, origin_of(workload, "spec.httpProxy"))


def _capture(workload: Workload) -> Capture | None:
    """Where captured connections arrive, if the agent says that it captures."""
    proxy = workload.status.proxy
    if proxy is None or proxy.capture is None:
        return None
    bound = proxy.capture
    return Capture(
        mode=bound.mode,
        outbound_port=bound.outbound_port,
        inbound_port=bound.inbound_port,
        ipv6=bound.ipv6,
        origin=origin_of(workload, "status.proxy.capture"),
        probes=tuple(Probe(one.port, one.program_port, one.path) for one in bound.probes),
    )


def service_of(upstream: Upstream, namespace: str) -> ServiceRef:
    """The service an upstream of a workload of this namespace means."""
    return ServiceRef(upstream.namespace or namespace, upstream.service)


def told_by(processes: Iterable[Process]) -> dict[str, frozenset[Declared]]:
    """The ports and upstreams Processes declare, by namespace."""
    found: dict[str, set[Declared]] = {}
    for process in processes:
        namespace = process.metadata.namespace
        declared = found.setdefault(namespace, set())
        declared.update(port.app_protocol for port in process.spec.ports)
        declared.update((service_of(u, namespace), u.port) for u in process.spec.upstreams)
    return {namespace: frozenset(declared) for namespace, declared in found.items()}


def declared_problems(
    resource: Workload | Process, catalogue: Catalogue, told: frozenset[Declared] = frozenset()
) -> Iterator[Problem]:
    """What is odd about declared ports and upstreams, but for those told elsewhere."""
    for index, port in enumerate(resource.spec.ports):
        if port.app_protocol not in told:
            yield from unknown_protocol(resource, f"spec.ports[{index}]", port.app_protocol)
    for index, upstream in enumerate(resource.spec.upstreams):
        service = service_of(upstream, resource.metadata.namespace)
        if (service, upstream.port) not in told:
            to = DestinationRef(service, upstream.port)
            yield from _upstream_problems(resource, f"spec.upstreams[{index}]", to, catalogue)


def _upstream_problems(
    resource: Workload | Process, at: str, to: DestinationRef, catalogue: Catalogue
) -> Iterator[Problem]:
    """That an upstream names a service or port there is not."""
    listing = catalogue.listings.get(to.service)
    if listing is None:
        yield warning(
            resource,
            f"{at}.service",
            "upstream-unknown",
            f"there is no Service or ExternalService {to.service}, so it has no loopback port",
            hint=did_you_mean(to.service.name, catalogue.names_in(to.service.namespace)),
        )
    elif listing.port(to.port) is None:
        yield warning(
            resource,
            f"{at}.port",
            "upstream-port-unknown",
            f"{to.service} has no port {to.port}, so it has no loopback port",
            hint=f"its ports are {listing.ports_in_words()}",
        )
