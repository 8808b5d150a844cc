"""`GET /tulle/v1/edges`: who talks to whom, how much, how fast, and whether mutual TLS was seen."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec
from aiohttp import web

from tulle.api.bodies import reply
from tulle.graph.mesh import MeshGraph
from tulle.model.names import ServiceRef, WorkloadRef
from tulle.model.wire import EdgeReport, EdgeSample, ProxyState, Refused

ELSEWHERE = "elsewhere"
"""Where captured connections go that are for no service of the mesh."""


class Fleet(Protocol):
    """What proxies tell the control plane, as the API needs to see it. Kept by whoever holds the sessions."""

    def edges(self) -> Mapping[WorkloadRef, EdgeReport]:
        """The latest counts of every workload that reported, also of those that have left since."""
        ...

    async def log_levels(
        self, workload: WorkloadRef, levels: Mapping[str, str]
    ) -> Mapping[str, str] | Refused:
        """Change log levels of a workload's agent and proxy, give all; or why that cannot be."""
        ...

    def certificate_ends(self) -> Mapping[WorkloadRef, float]:
        """When the certificate of each connected workload ends, in Unix seconds."""
        ...

    async def replace_proxy(self, workload: WorkloadRef) -> ProxyState | Refused:
        """Have a workload's Envoy replaced; what became of it."""
        ...


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """From one workload (NAMESPACE/NAME) to one port of a service (NAMESPACE/NAME:PORT), since its proxy started."""

    source: str = msgspec.field(name="from")
    to: str
    protocol: str
    requests: int
    connections: int
    failures: int
    p50_ms: float | None
    p99_ms: float | None
    mtls: bool | None
    """Seen at both ends; None while the other end has not reported."""


class EdgeList(msgspec.Struct, frozen=True):
    """All of them, ordered by name."""

    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Edges:
    """The handler."""

    fleet: Fleet
    graph: Callable[[], MeshGraph]

    async def handle(self, request: web.Request) -> web.Response:
        """All edges there are."""
        return reply(EdgeList(tuple(edges_of(self.fleet.edges(), self.graph()))))


def edges_of(reports: Mapping[WorkloadRef, EdgeReport], graph: MeshGraph) -> Iterator[Edge]:
    """Every edge of every report, by caller, then by service; last what a captured caller called elsewhere."""
    for caller in sorted(reports):
        samples = reports[caller].edges
        for sample in sorted(samples, key=lambda s: (s.namespace, s.service, s.port, s.protocol)):
            service = graph.services.get(ServiceRef(sample.namespace, sample.service))
            behind = (
                [reports[ref] for ref in service.workloads if ref in reports] if service else []
            )
            yield _edge(
                caller, sample, mtls=were_mutual(behind) if was_mutual_tls(sample) else False
            )
        if passed := reports[caller].passed_through:
            yield _elsewhere(caller, passed)


def _edge(caller: WorkloadRef, sample: EdgeSample, *, mtls: bool | None) -> Edge:
    is_tcp = sample.protocol == "tcp"
    return Edge(
        source=str(caller),
        to=f"{sample.namespace}/{sample.service}:{sample.port}",
        protocol=sample.protocol,
        requests=sample.requests,
        connections=sample.connections,
        # A request that finds no connection is a failed request; a TCP connection has no request to fail.
        failures=sample.connect_failures if is_tcp else sample.failures,
        p50_ms=sample.p50_ms,
        p99_ms=sample.p99_ms,
        mtls=mtls,
    )


def _elsewhere(caller: WorkloadRef, connections: int) -> Edge:
    """Connections for no service of the mesh: they went on as they came, and nothing is known of them."""
    return Edge(
        source=str(caller),
        to=ELSEWHERE,
        protocol="tcp",
        requests=0,
        connections=connections,
        failures=0,
        p50_ms=None,
        p99_ms=None,
        mtls=False,
    )


def was_mutual_tls(sample: EdgeSample) -> bool:
    """The caller's end: every connection that came about was seen to finish a TLS handshake, and there was one."""
    established = sample.connections - sample.connect_failures
    return 0 < established <= sample.handshakes


def were_mutual(servers: Iterable[EdgeReport]) -> bool | None:
    """The other end: the service's proxies counted handshakes, and every one of them with a certificate.

    None if they counted none, as yet or at all: TLS that nobody of the mesh ended, such as that to an
    ExternalService, shows nobody's certificate to us.
    """
    handshakes = without = 0
    for server in servers:
        handshakes += server.inbound_handshakes
        without += server.inbound_without_certificate
    return without == 0 if handshakes else None
