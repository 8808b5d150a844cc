"""World: all resources at one revision, immutable and indexed. What the compiler sees, and all it sees."""

from collections.abc import Iterable, Iterator, Mapping
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
        for key in remove:
            touched.setdefault(key.kind, dict(self._by_kind.get(key.kind, {}))).pop(key, None)
        for resource in put:
            touched.setdefault(resource.KIND, dict(self._by_kind.get(resource.KIND, {})))[
                resource.key
            ] = resource
        world._by_kind = {
            **self._by_kind,
            **{kind: MappingProxyType(index) for kind, index in touched.items()},
        }
        world._sorted = {kind: items for kind, items in self._sorted.items() if kind not in touched}
        return world
