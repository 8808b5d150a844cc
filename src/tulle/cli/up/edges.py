"""The edges a mesh declares: who may send what to whom, every upstream of every workload, split by routes.

Pure, over the graph. `verdict` holds them against what proxies counted; `mesh` ends callers first by them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tulle.graph.mesh import (
    DestinationRef,
    HttpRouting,
    MeshGraph,
    OutboundView,
    Share,
    TcpRouting,
    View,
)
from tulle.graph.views import view_of
from tulle.model.names import ServiceRef, WorkloadRef


@dataclass(frozen=True, slots=True, order=True)
class DeclaredEdge:
    """One workload that is meant to call one service."""

    source: WorkloadRef
    to: ServiceRef
    port: int

    def __str__(self) -> str:
        return f"{self.source} -> {self.to}:{self.port}"


def declared_edges(graph: MeshGraph, workloads: Iterable[WorkloadRef]) -> tuple[DeclaredEdge, ...]:
    """Every upstream of every workload, and where routes lead: only backends that get a share."""
    return tuple(
        dict.fromkeys(
            DeclaredEdge(ref, to.service, to.port)
            for ref in workloads
            for outbound in _views(graph, ref)
            for to in reached(outbound)
        )
    )


def reached(outbound: OutboundView) -> Iterator[DestinationRef]:
    """The destinations behind one upstream that get any traffic."""
    match outbound.routing:
        case HttpRouting(rules=()) | TcpRouting(shares=()):
            yield outbound.default
        case HttpRouting(rules=rules):
            yield from _weighted(share for rule in rules for share in rule.shares)
        case TcpRouting(shares=shares):
            yield from _weighted(shares)


def called_workloads(graph: MeshGraph, ref: WorkloadRef) -> set[WorkloadRef]:
    """The workloads that may get calls of one."""
    view = view_of(graph, ref)
    endpoints = [end for to in (view.destinations if view else ()) for end in to.endpoints]
    return {end.workload for end in endpoints if end.workload is not None}


def _views(graph: MeshGraph, ref: WorkloadRef) -> Sequence[OutboundView]:
    view: View | None = view_of(graph, ref)
    return view.outbound if view else ()


def _weighted(shares: Iterable[Share]) -> Iterator[DestinationRef]:
    for share in shares:
        if share.to is not None and share.weight > 0:
            yield share.to
