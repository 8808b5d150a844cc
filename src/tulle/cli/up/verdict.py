"""Whether a run was good: every declared edge carried traffic, and over mutual TLS that was seen. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from tulle.cli.answers import Edge
from tulle.cli.up.edges import DeclaredEdge


def complaints(declared: Iterable[DeclaredEdge], edges: Sequence[Edge]) -> Iterator[str]:
    """A sentence for each declared edge that was not good; none for a good run."""
    by_name = {(edge.source, edge.to): edge for edge in edges}
    for wanted in declared:
        edge = by_name.get((str(wanted.source), f"{wanted.to}:{wanted.port}"))
        edge = edge or by_name.get((str(wanted.source), str(wanted.to)))
        if fault := _fault(edge):
            yield f"{wanted}: {fault}"


def _fault(edge: Edge | None) -> str:
    if edge is None or not (edge.requests or edge.connections):
        return "carried no traffic"
    if edge.protocol != "tcp" and edge.requests <= edge.failures:
        return f"none of {edge.requests} requests was answered well"
    if not edge.mtls:
        return "carried traffic, but not all of it was seen to use mutual TLS"
    return ""
