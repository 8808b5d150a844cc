"""`GET /tulle/v1/edges`: who talks to whom, how much, how fast, and whether mutual TLS was seen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec
from aiohttp import web

from tulle.api.bodies import reply
from tulle.model.names import WorkloadRef
from tulle.model.wire import EdgeReport, EdgeSample


class Fleet(Protocol):
    """What proxies tell the control plane, as the API needs to see it. Kept by whoever holds the sessions."""

    def edges(self) -> Mapping[WorkloadRef, EdgeReport]:
        """The latest counts of every workload that reported, also of those that have left since."""
        ...

    def certificate_ends(self) -> Mapping[WorkloadRef, float]:
        """When the certificate of each connected workload ends, in Unix seconds."""
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
    mtls: bool


class EdgeList(msgspec.Struct, frozen=True):
    """All of them, ordered by name."""

    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Edges:
    """The handler."""

    fleet: Fleet

    async def handle(self, request: web.Request) -> web.Response:
        """All edges there are."""
        return reply(EdgeList(tuple(edges_of(self.fleet.edges()))))


def edges_of(reports: Mapping[WorkloadRef, EdgeReport]) -> Iterator[Edge]:
    """Every edge of every report, by caller, then by service."""
    for caller in sorted(reports):
        samples = reports[caller].edges
        for sample in sorted(samples, key=lambda s: (s.namespace, s.service, s.port, s.protocol)):
            yield _edge(caller, sample)


def _edge(caller: WorkloadRef, sample: EdgeSample) -> Edge:
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
        mtls=was_mutual_tls(sample),
    )


def was_mutual_tls(sample: EdgeSample) -> bool:
    """Whether every connection that came about was seen to finish a TLS handshake, and there was one."""
    established = sample.connections - sample.connect_failures
    return 0 < established <= sample.handshakes
