"""World: all resources at one revision, immutable and indexed. What the compiler sees, and all it sees."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from tulle.model.names import ResourceKey
from tulle.model.resources import Resource, key_of

R = TypeVar("R", bound=Resource)


class World:
    """Resources by kind and key. Making a changed copy costs what changed, plus one dict of that kind."""

    __slots__ = ("_by_kind", "_sorted", "revision")

    def __init__(self, resources: Iterable[Resource] = (), revision: int = 0) -> None:
        self.revision = revision
        self._by_kind: dict[str, Mapping[ResourceKey, Resource]] = {}
        self._sorted: dict[str, tuple[Resource, ...]] = {}
        kinds: dict[str, dict[ResourceKey, Resource]] = {}
        for resource in resources:
            kinds.setdefault(resource.KIND, {})[resource.key] = resource
        self._by_kind = {kind: MappingProxyType(index) for kind, index in kinds.items()}

    def get(self, kind: type[R], namespace: str, name: str) -> R | None:
        """The resource of that name, or None."""
        found = self._by_kind.get(kind.KIND, {}).get(key_of(kind, namespace, name))
        return found if isinstance(found, kind) else None

    def find(self, key: ResourceKey) -> Resource | None:
        """The resource under a key, or None."""
        return self._by_kind.get(key.kind, {}).get(key)

    def all(self, kind: type[R]) -> tuple[R, ...]:
        """Every resource of a kind, ordered by namespace and name whatever order they arrived in."""
        if kind.KIND not in self._sorted:
            index = self._by_kind.get(kind.KIND, {})
            self._sorted[kind.KIND] = tuple(index[key] for key in sorted(index))
        return self._sorted[kind.KIND]  # type: ignore[return-value]  # one kind, one class

    def __iter__(self) -> Iterator[Resource]:
        for kind in sorted(self._by_kind):
            index = self._by_kind[kind]
            yield from (index[key] for key in sorted(index))

    def changed(
        self,
        put: Iterable[Resource] = (),
        remove: Iterable[ResourceKey] = (),
        revision: int | None = None,
    ) -> "World":
        """A copy with some resources put in place and some removed; kinds untouched are shared."""
        world = World(revision=self.revision if revision is None else revision)
        touched: dict[str, dict[ResourceKey, Resource]] = {}
        replaced: dict[str, list[Resource]] = {}
        resized: set[str] = set()
        for key in remove:
            self._index(key.kind, touched).pop(key, None)
            resized.add(key.kind)
        for resource in put:
            index, key = self._index(resource.KIND, touched), resource.key
            if key not in index:
                resized.add(key.kind)
            index[key] = resource
            replaced.setdefault(key.kind, []).append(resource)
        world._by_kind = {
            **self._by_kind,
            **{kind: MappingProxyType(index) for kind, index in touched.items()},
        }
        world._sorted = {
            kind: _with(items, replaced.get(kind, ()))
            for kind, items in self._sorted.items()
            if kind not in resized
        }
        return world

    def _index(
        self, kind: str, touched: dict[str, dict[ResourceKey, Resource]]
    ) -> dict[ResourceKey, Resource]:
        """The copy of a kind's index that may be changed: one for all changes."""
        if kind not in touched:
            touched[kind] = dict(self._by_kind.get(kind, {}))
        return touched[kind]


def _with(items: tuple[Resource, ...], replaced: Sequence[Resource]) -> tuple[Resource, ...]:
    """Sorted resources with some replaced by others of the same keys."""
    if not replaced:
        return items
    changed = list(items)
    for resource in replaced:
        changed[bisect_left(items, resource.key, key=_key_of)] = resource
    return tuple(changed)


def _key_of(resource: Resource) -> ResourceKey:
    return resource.key
