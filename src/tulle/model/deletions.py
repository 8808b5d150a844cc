"""How resources go: Kubernetes' finalizers and what becomes of those that are owned, as values.

A deleted resource with finalizers stays, marked with a time, until the last of them is taken away. Who owns
others is deleted by one of three ways, and two of them are finalizers of their own: the collector in
`reconcile` takes those away when it has done their work.
"""

from enum import StrEnum

import msgspec

from tulle.model.kinds.core import Namespace, NamespaceStatus
from tulle.model.resources import Metadata, Resource

FOREGROUND_FINALIZER = "foregroundDeletion"
"""First what it owns, then the owner."""

ORPHAN_FINALIZER = "orphan"
"""What it owns stays, and is told that it has no owner any more."""

CONTENTS_FINALIZER = "kubernetes"
"""A Namespace goes when nothing is in it any more."""


class Propagation(StrEnum):
    """What becomes of those a deleted resource owns."""

    BACKGROUND = "Background"
    FOREGROUND = "Foreground"
    ORPHAN = "Orphan"


_FINALIZER_OF = {
    Propagation.FOREGROUND: FOREGROUND_FINALIZER,
    Propagation.ORPHAN: ORPHAN_FINALIZER,
}
_OF_PROPAGATION = frozenset(_FINALIZER_OF.values())


def is_deleting(resource: Resource) -> bool:
    """Whether it was deleted and only waits for its finalizers."""
    return bool(resource.metadata.deletion_timestamp)


def deleted(
    resource: Resource, propagation: Propagation | None, when: str, *, is_empty: bool = True
) -> Resource | None:
    """The resource marked as deleted, or None if nothing holds it. `when` is RFC 3339.

    Without a propagation its finalizers decide. A Namespace that is not empty is held until it is.
    """
    finalizers = _finalizers(resource.metadata, propagation)
    if isinstance(resource, Namespace) and not is_empty and CONTENTS_FINALIZER not in finalizers:
        finalizers = (*finalizers, CONTENTS_FINALIZER)
    if not finalizers:
        return None
    metadata = msgspec.structs.replace(
        resource.metadata,
        finalizers=finalizers,
        deletion_timestamp=resource.metadata.deletion_timestamp or when,
        deletion_grace_period_seconds=0,
    )
    marked = msgspec.structs.replace(resource, metadata=metadata)
    if isinstance(marked, Namespace):
        return msgspec.structs.replace(marked, status=NamespaceStatus(phase="Terminating"))
    return marked


def without_finalizer(resource: Resource, finalizer: str) -> Resource:
    """A copy that waits for one thing less."""
    left = tuple(name for name in resource.metadata.finalizers if name != finalizer)
    metadata = msgspec.structs.replace(resource.metadata, finalizers=left)
    return msgspec.structs.replace(resource, metadata=metadata)


def _finalizers(metadata: Metadata, propagation: Propagation | None) -> tuple[str, ...]:
    if propagation is None:
        return metadata.finalizers
    wanted = _FINALIZER_OF.get(propagation)
    kept = tuple(name for name in metadata.finalizers if name not in _OF_PROPAGATION)
    return (*kept, wanted) if wanted else kept
