"""Which proxies a new graph concerns: work in proportion to what changed.

A View is made of its workload, the mesh's settings, the services its listeners and routes reach and, where its
agent answers DNS, the mesh's names; it can only change when one of these did. Of a captured program all services
may concern it, and the ports of the programs behind them. Two graphs are compared once, by identity first, and an
index from services to proxies gives who is touched. A property test pins this to looking at every proxy.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import compress
from operator import is_, is_not
from typing import TypeVar

from tulle.graph.mesh import MeshGraph, View
from tulle.model.names import ServiceRef, WorkloadRef

K = TypeVar("K")
V = TypeVar("V")

ViewOf = Callable[[MeshGraph, WorkloadRef], View | None]


@dataclass(frozen=True, slots=True)
class Touched:
    """What a new graph changes: views that are new or other than before, and proxies without a view now."""

    views: tuple[View, ...] = ()
    gone: tuple[WorkloadRef, ...] = ()


class ViewMemo:
    """The views of the latest graph."""

    def __init__(self, view_of: ViewOf) -> None:
        self._view_of = view_of
        self._graph: MeshGraph | None = None
        self._views: dict[WorkloadRef, View] = {}
        self._users: dict[ServiceRef, set[WorkloadRef]] = {}

    def update(self, graph: MeshGraph) -> Touched:
        """Move on to a new graph. If a view cannot be made, nothing has moved."""
        suspects = sorted(self._suspects(graph))
        found = [(ref, self._view_of(graph, ref)) for ref in suspects]
        changed = [(ref, new) for ref, new in found if new != self._views.get(ref)]
        for ref, new in changed:
            self._replace(ref, new)
        self._graph = graph
        return Touched(
            tuple(new for _, new in changed if new is not None),
            tuple(ref for ref, new in changed if new is None),
        )

    def _suspects(self, graph: MeshGraph) -> set[WorkloadRef]:
        """Every proxy whose view may differ."""
        old = self._graph
        if old is None or old.settings != graph.settings:
            return {*self._views, *graph.workloads}
        suspects = set(differing(old.workloads, graph.workloads))
        services = list(differing(old.services, graph.services))
        for service in services:
            suspects |= self._users.get(service, set())
        if services or any(_ports_differ(old, graph, ref) for ref in suspects):
            captured = (ref for ref, view in self._views.items() if view.workload.capture)
            suspects.update(captured)
        if old.names is not graph.names:
            told = (ref for ref, view in self._views.items() if view.workload.resolves_names)
            suspects.update(told)
        return suspects

    def _replace(self, ref: WorkloadRef, new: View | None) -> None:
        before, after = services_of(self._views.get(ref)), services_of(new)
        if before != after:  # as a rule the services stay, and one of them is other than before
            self._move(ref, set(before), set(after))
        if new is None:
            self._views.pop(ref, None)
        else:
            self._views[ref] = new

    def _move(self, ref: WorkloadRef, before: set[ServiceRef], after: set[ServiceRef]) -> None:
        for service in before - after:
            self._users[service].discard(ref)
            if not self._users[service]:
                del self._users[service]
        for service in after - before:
            self._users.setdefault(service, set()).add(ref)


def _ports_differ(old: MeshGraph, new: MeshGraph, ref: WorkloadRef) -> bool:
    before, after = old.workloads.get(ref), new.workloads.get(ref)
    return before is None or after is None or before.inbound != after.inbound


def services_of(view: View | None) -> tuple[ServiceRef, ...]:
    """The services a view depends on, some twice; also those asked for that do not exist (yet)."""
    if view is None:
        return ()
    asked = [port.service for port in view.workload.outbound]
    reached = [destination.service for destination in view.destinations]
    return (*asked, *reached)


def differing(old: Mapping[K, V], new: Mapping[K, V]) -> Iterable[K]:
    """Keys whose value is not what it was: added, gone, or unequal (looked at only if not the same object).

    As a rule both have the very same keys in the same order; then no key has to be looked up.
    """
    if len(old) == len(new) and all(map(is_, old, new)):
        others = map(is_not, old.values(), new.values())
        yield from (key for key in compress(new, others) if old[key] != new[key])
        return
    for key, value in new.items():
        before = old.get(key)
        if before is not value and before != value:
            yield key
    yield from (key for key in old if key not in new)
