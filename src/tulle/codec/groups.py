"""How Kubernetes names kinds: group, version, plural, singular, short names, categories. Pure.

One place for all who tell it: discovery, OpenAPI, CustomResourceDefinitions.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tulle.model.kinds.service import Service
from tulle.model.kinds.workload import Workload
from tulle.model.resources import Resource

TULLE, GATEWAY = "tulle.dev", "gateway.networking.k8s.io"

_CATEGORIES = {TULLE: ("tulle",), GATEWAY: ("gateway-api",)}
_EVERYDAY: tuple[type[Resource], ...] = (Service, Workload)
"""What `kubectl get all` shows."""


@dataclass(frozen=True, slots=True, order=True)
class GroupVersion:
    """Where kinds belong together; the group of Kubernetes' core is ""."""

    group: str
    version: str

    @property
    def root(self) -> str:
        """Where it is served: `api/v1`, `apis/tulle.dev/v1`."""
        return f"apis/{self.group}/{self.version}" if self.group else f"api/{self.version}"

    def __str__(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True)
class Names:
    """Everything a kind is called."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    short: tuple[str, ...]
    categories: tuple[str, ...]


def group_version(kind: type[Resource]) -> GroupVersion:
    """Where a kind belongs."""
    group, _, version = kind.API_VERSION.rpartition("/")
    return GroupVersion(group, version)


def names_of(kind: type[Resource]) -> Names:
    """What a kind is called."""
    where = group_version(kind)
    everyday = ("all",) if kind in _EVERYDAY else ()
    return Names(
        group=where.group,
        version=where.version,
        kind=kind.KIND,
        plural=kind.PLURAL,
        singular=kind.KIND.lower(),
        short=kind.SHORT_NAMES,
        categories=(*everyday, *_CATEGORIES.get(where.group, ())),
    )


def grouped(
    kinds: Iterable[type[Resource]],
) -> Iterator[tuple[GroupVersion, tuple[type[Resource], ...]]]:
    """Kinds by group and version, both in order."""
    found: dict[GroupVersion, list[type[Resource]]] = {}
    for kind in kinds:
        found.setdefault(group_version(kind), []).append(kind)
    for where in sorted(found):
        yield where, tuple(sorted(found[where], key=lambda kind: kind.PLURAL))


def has_status(kind: type[Resource]) -> bool:
    """Whether a kind has a status, and so a subresource to write it by."""
    return "status" in kind.__struct_fields__
