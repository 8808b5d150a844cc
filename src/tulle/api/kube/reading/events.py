"""What one client is told of revisions: only of what it asked for, in the words of a watch. Pure.

What begins to match is ADDED and what ceases to is DELETED, whatever else happened to it: to this client it
came and went. A deleted resource is told as it last was, at the revision that took it away.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from tulle.api.kube.reading.history import Move
from tulle.codec.selectors import Selector
from tulle.model.resources import Resource

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a client asked for: a kind, everywhere or in one namespace, by selector."""

    kind: type[Resource]
    namespace: str | None
    selector: Selector

    def wants(self, resource: Resource | None) -> bool:
        """Whether a resource of any kind is among it."""
        return (
            resource is not None
            and resource.KIND == self.kind.KIND
            and self.namespace in {None, resource.metadata.namespace}
            and self.selector.wants(resource)
        )


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a watch."""

    type: str
    resource: Resource


def events_of(moves: Iterable[Move], scope: Scope) -> Iterator[Event]:
    """The events of moves for who asked for a scope: one of each at most, so each has a version of its own."""
    for move in moves:
        before = move.before if scope.wants(move.before) else None
        if move.after and scope.wants(move.after):
            yield Event(MODIFIED if before else ADDED, move.after)
        elif before:
            version = str(move.revision)
            metadata = msgspec.structs.replace(before.metadata, resource_version=version)
            yield Event(DELETED, msgspec.structs.replace(before, metadata=metadata))
