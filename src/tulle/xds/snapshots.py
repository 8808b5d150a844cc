"""XdsSnapshot: the Envoy resources of one View, by type and name, as bytes ready to be sent.

Bytes are deterministic protobuf, wrapped once as field 2 (`resources`) of a DeltaDiscoveryResponse; the
version is a hash of the content. Equal content gives equal bytes in every process.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from tulle.graph.mesh import Origin
from tulle.model.problems import Problem


class TypeUrl(StrEnum):
    """The xDS types we serve, in the order they are sent when several are due."""

    SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"  # noqa: S105 - a type, no password
    CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
    ENDPOINTS = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
    EXTENSION = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"
    LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
    ROUTE = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
    NAME = "type.googleapis.com/tulle.v1.Name"


FOR_ENVOY = tuple(type_url for type_url in TypeUrl if type_url is not TypeUrl.NAME)
"""Those an Envoy asks for. Names are ours: agents that answer DNS ask for them, and keep them to themselves."""

_IN_ORDER = tuple(TypeUrl)
"""As a tuple: going over the enumeration itself costs more than all that is done with it."""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class XdsResource:
    """One resource: `framed` is the serialised `resources` field of a delta response, name and version inside."""

    name: str
    version: str
    framed: bytes = field(repr=False)
    origins: tuple[Origin, ...] = ()


Resources = Mapping[str, XdsResource]

EMPTY: Resources = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Reference:
    """That one resource needs another: a cluster its endpoints, a listener its routes."""

    source: str
    type: TypeUrl
    name: str


@dataclass(frozen=True, slots=True)
class XdsSnapshot:
    """Everything one proxy gets. `references` are what must resolve inside it."""

    by_type: Mapping[TypeUrl, Resources] = field(default_factory=lambda: MappingProxyType({}))
    references: frozenset[Reference] = frozenset()

    def of(self, type_url: TypeUrl) -> Resources:
        """Resources of a type by name."""
        return self.by_type.get(type_url, EMPTY)

    def with_names(self, names: Resources) -> "XdsSnapshot":
        """The same, with the mesh's names: one mapping, shared by all who get them."""
        return XdsSnapshot(MappingProxyType({**self.by_type, TypeUrl.NAME: names}), self.references)

    def dangling(self) -> Iterator[Problem]:
        """References that nothing answers: our own mistake, and refused before any proxy sees it."""
        lacking = [one for one in self.references if one.name not in self.of(one.type)]
        for reference in sorted(lacking, key=lambda r: (r.source, r.type, r.name)):
            yield Problem(
                reference.source,
                "xds-dangling-reference",
                f"needs {reference.type.rpartition('.')[2]} {reference.name!r}, which the snapshot lacks",
                "the proxy keeps the last good one; this is a bug of Tulle, please report it",
            )

    def sharing(self, before: "XdsSnapshot | None") -> "XdsSnapshot":
        """An equal snapshot in which all that is as it was `before` is the same object; `before` itself if all is.

        Whoever follows a proxy then sees by identity which types there is nothing new of.
        """
        if before is None:
            return self
        by_type = {kind: _kept(before.of(kind), now) for kind, now in self.by_type.items()}
        references = before.references if before.references == self.references else self.references
        same = [by_type[kind] is before.of(kind) for kind in by_type]
        if all(same) and len(same) == len(before.by_type) and references is before.references:
            return before
        return XdsSnapshot(MappingProxyType(by_type), references)


def _kept(before: Resources, now: Resources) -> Resources:
    return before if before == now else now


def snapshot_of(
    resources: Iterable[tuple[TypeUrl, XdsResource]], references: Iterable[Reference] = ()
) -> XdsSnapshot:
    """A snapshot of typed resources; names are sorted, so equal sets give equal snapshots."""
    by_type: dict[TypeUrl, dict[str, XdsResource]] = {}
    for type_url, resource in resources:
        by_type.setdefault(type_url, {})[resource.name] = resource
    frozen = {
        type_url: MappingProxyType(dict(sorted(by_type[type_url].items())))
        for type_url in _IN_ORDER
        if type_url in by_type
    }
    return XdsSnapshot(MappingProxyType(frozen), frozenset(references))
