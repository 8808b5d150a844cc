"""The envelope every resource has: metadata, spec, status; and the conditions a status is made of.

A kind is one class below `Resource`. Its fields are the only definition there is: decoding, JSON Schema,
`explain` and the reference pages are derived from it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from tulle.model.lists import MERGED_SET, keyed
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


class OwnerReference(Value, frozen=True, kw_only=True):
    """An owner, of the same namespace or of the whole mesh: what it owns goes when it goes.

    With `block_owner_deletion` an owner deleted in the foreground waits for what it owns.
    """

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool | None = None
    block_owner_deletion: bool | None = None


class ManagedFields(Value, frozen=True, kw_only=True):
    """What one manager owns: `fields_v1` is a tree of `f:FIELD`, `k:{KEYS}`, `v:VALUE` and `.` for the node itself.

    `operation` tells server-side apply from every other way of writing; `time` is when the set last changed.
    """

    manager: str = ""
    operation: Literal["Apply", "Update"] = "Update"
    api_version: str = ""
    time: str = ""
    fields_type: str = ""
    fields_v1: Mapping[str, Any] = msgspec.field(default_factory=dict, name="fieldsV1")
    subresource: str = ""


class Metadata(Value, frozen=True, kw_only=True):
    """Name and bookkeeping. `generation` counts changes of the spec; `resource_version` those of everything.

    A resource with a `deletion_timestamp` is being deleted: it goes when its last finalizer is taken away.
    """

    name: Name
    generate_name: Annotated[
        str, msgspec.Meta(description="Without a name, one is made up that begins with this.")
    ] = ""
    namespace: Annotated[
        str, msgspec.Meta(description="Where it lives; none for kinds of the whole mesh.")
    ] = ""
    labels: Annotated[
        Mapping[str, Label], msgspec.Meta(description="What selectors choose by.")
    ] = {}
    annotations: Annotated[
        Mapping[str, str],
        msgspec.Meta(description="Notes of tools and people; nothing selects by them."),
    ] = {}
    generation: Annotated[
        int, msgspec.Meta(description="Counts changes of the spec, and the deletion.")
    ] = 0
    resource_version: Annotated[
        str,
        msgspec.Meta(
            description="The revision that wrote it; sent along, only that one is replaced."
        ),
    ] = ""
    uid: Annotated[
        str, msgspec.Meta(description="Tells it from others of its name, before and after.")
    ] = ""
    creation_timestamp: Annotated[str, msgspec.Meta(description="When it was made (RFC 3339).")] = (
        ""
    )
    deletion_timestamp: Annotated[
        str,
        msgspec.Meta(
            description="Since when it is being deleted: it goes with its last finalizer."
        ),
    ] = ""
    deletion_grace_period_seconds: Annotated[
        int | None, msgspec.Meta(description="Always 0: nothing here ends slowly.")
    ] = None
    finalizers: Annotated[
        tuple[str, ...],
        MERGED_SET,
        msgspec.Meta(
            description="DOMAIN/NAME of whoever must act before it may go, and then takes it away."
        ),
    ] = ()
    owner_references: Annotated[
        tuple[OwnerReference, ...],
        keyed("uid", merge_key="uid"),
        msgspec.Meta(description="It goes when none of these is there any more."),
    ] = ()
    managed_fields: Annotated[
        tuple[ManagedFields, ...],
        msgspec.Meta(description="Who owns which field; the API writes it."),
    ] = ()


class Condition(Value, frozen=True, kw_only=True):
    """One line of a status, as Kubernetes writes them; `status` is True, False or Unknown."""

    type: str
    status: str
    reason: str
    message: str = ""
    observed_generation: int = 0
    last_transition_time: str = ""


Conditions = Annotated[tuple[Condition, ...], keyed("type", merge_key="type")]
"""The conditions of a status: one of each type."""


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
