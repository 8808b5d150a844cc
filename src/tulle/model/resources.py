"""The envelope every resource has: metadata, spec, status; and the conditions a status is made of.

A kind is one class below `Resource`. Its fields are the only definition there is: decoding, JSON Schema,
`explain` and the reference pages are derived from it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec

from tulle.model.names import ResourceKey

Name = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
        max_length=253,
        description="Lower-case letters, digits, dashes and dots.",
    ),
]
Label = Annotated[
    str, msgspec.Meta(pattern=r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$", max_length=63)
]
PortNumber = Annotated[int, msgspec.Meta(ge=1, le=65535)]
PortName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]


class Value(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """A part of a resource: immutable, camelCase in text, unknown fields refused."""


class Metadata(Value, frozen=True, kw_only=True):
    """Name and bookkeeping. `generation` counts changes of the spec; `resource_version` those of everything."""

    name: Name
    namespace: str = ""
    labels: Mapping[str, Label] = {}
    annotations: Mapping[str, str] = {}
    generation: int = 0
    resource_version: str = ""
    uid: str = ""
    creation_timestamp: str = ""


class Condition(Value, frozen=True, kw_only=True):
    """One line of a status, as Kubernetes writes them; `status` is True, False or Unknown."""

    type: str
    status: str
    reason: str
    message: str = ""
    observed_generation: int = 0
    last_transition_time: str = ""


class Resource(Value, frozen=True, kw_only=True):
    """What a user writes. Subclasses set `KIND`, `API_VERSION`, `PLURAL` and, if mesh-wide, `NAMESPACED`."""

    KIND: ClassVar[str] = ""
    API_VERSION: ClassVar[str] = ""
    PLURAL: ClassVar[str] = ""
    SHORT_NAMES: ClassVar[tuple[str, ...]] = ()
    NAMESPACED: ClassVar[bool] = True

    metadata: Metadata

    @property
    def key(self) -> ResourceKey:
        """What makes it unique."""
        return key_of(type(self), self.metadata.namespace, self.metadata.name)


def key_of(kind: type[Resource], namespace: str, name: str) -> ResourceKey:
    """The key of a resource of `kind`; the namespace of a mesh-wide kind is ""."""
    return ResourceKey(kind.KIND, namespace if kind.NAMESPACED else "", name)


def spec_of(resource: Resource) -> Any:
    """Everything but metadata and status, as one comparable value: a change here raises the generation."""
    names = [name for name in resource.__struct_fields__ if name not in {"metadata", "status"}]
    return tuple(getattr(resource, name) for name in names)
