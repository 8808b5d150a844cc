"""What must go because its owners or its namespace go: Kubernetes' garbage collection, as a function of a world.

`due` gives the next changes; done again and again it comes to an end. The rules: who has no owner left goes. Who
is deleted in the foreground waits for those it owns that block it; who is deleted as "orphan" takes its name out
of theirs first. A namespace takes everything in it along. What refers to a kind we do not know stays.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from tulle.model.deletions import (
    CONTENTS_FINALIZER,
    FOREGROUND_FINALIZER,
    ORPHAN_FINALIZER,
    Propagation,
    is_deleting,
    without_finalizer,
)
from tulle.model.kinds import BY_KIND
from tulle.model.kinds.core import Namespace
from tulle.model.kinds.mesh import Mesh
from tulle.model.resources import OwnerReference, Resource, key_of
from tulle.model.worlds import World
from tulle.store.contract import Batch, Change, Delete, Put

Refs = tuple[OwnerReference, ...]


def matters(batch: Batch) -> bool:
    """Whether something may be due after it."""
    return bool(batch.removed) or any(
        is_deleting(resource) or resource.metadata.owner_references for resource in batch.changed
    )


def due(world: World) -> list[Change]:
    """What must change now, each only if it is still as it is in this world; one change for each resource."""
    everything = [one for one in world if _may_matter(one)]
    owned = _owned(everything)
    changes: list[Change] = []
    for resource in everything:
        changes += _of_deleted(resource, owned) if is_deleting(resource) else ()
        if resource.metadata.owner_references:
            changes += _of_owned(resource, world, owned)
    changes += _of_namespaces(world)
    return list({change.key: change for change in changes}.values())


@dataclass(frozen=True, slots=True)
class _Owners:
    """The references of a resource, by how their owners are: there, waiting for what they own, or gone."""

    solid: Refs
    waiting: Refs
    dangling: Refs


def _may_matter(resource: Resource) -> bool:
    return is_deleting(resource) or bool(resource.metadata.owner_references)


def _owned(resources: Iterable[Resource]) -> Mapping[str, list[Resource]]:
    """Whoever is owned, by the uid of the owner."""
    owned: dict[str, list[Resource]] = {}
    for resource in resources:
        for ref in resource.metadata.owner_references:
            owned.setdefault(ref.uid, []).append(resource)
    return owned


def _of_deleted(owner: Resource, owned: Mapping[str, list[Resource]]) -> Iterator[Change]:
    """What a deleted owner waits for."""
    finalizers = owner.metadata.finalizers
    mine = owned.get(owner.metadata.uid, [])
    if ORPHAN_FINALIZER in finalizers:
        yield from (_put(_without_owner(one, owner.metadata.uid), one) for one in mine)
        yield _put(without_finalizer(owner, ORPHAN_FINALIZER), owner)
    elif FOREGROUND_FINALIZER in finalizers and not any(_blocks(one, owner) for one in mine):
        yield _put(without_finalizer(owner, FOREGROUND_FINALIZER), owner)


def _of_owned(
    resource: Resource, world: World, owned: Mapping[str, list[Resource]]
) -> Iterator[Change]:
    """What becomes of a resource when its owners go."""
    owners = _owners(resource, world)
    if owners.solid:
        if owners.waiting or owners.dangling:
            yield _put(_with_owners(resource, owners.solid), resource)
        return
    if is_deleting(resource):
        if _is_in_a_ring(resource, owners.waiting, owned):
            yield _put(_unblocked(resource), resource)
    elif not isinstance(resource, Mesh):  # the settings of the mesh are nobody's to take away
        version = resource.metadata.resource_version
        foreground = owners.waiting and owned.get(resource.metadata.uid)
        propagation = Propagation.FOREGROUND if foreground else None
        yield Delete(resource.key, version, resource.metadata.uid, propagation)


def _of_namespaces(world: World) -> Iterator[Change]:
    ending = {
        one.metadata.name: one
        for one in world.all(Namespace)
        if is_deleting(one) and CONTENTS_FINALIZER in one.metadata.finalizers
    }
    if not ending:
        return
    contents = [one for one in world if one.metadata.namespace in ending]
    for one in contents:
        if not is_deleting(one):
            yield Delete(one.key, one.metadata.resource_version, one.metadata.uid)
    for name in ending.keys() - {one.metadata.namespace for one in contents}:
        yield _put(without_finalizer(ending[name], CONTENTS_FINALIZER), ending[name])


def _owners(resource: Resource, world: World) -> _Owners:
    solid: list[OwnerReference] = []
    waiting: list[OwnerReference] = []
    dangling: list[OwnerReference] = []
    for ref in resource.metadata.owner_references:
        owner = _find(ref, resource, world)
        if owner is None:
            dangling.append(ref)
        elif isinstance(owner, Resource) and _waits(owner):
            waiting.append(ref)
        else:
            solid.append(ref)
    return _Owners(tuple(solid), tuple(waiting), tuple(dangling))


class _Unknown:
    """An owner we cannot look for."""


def _find(ref: OwnerReference, resource: Resource, world: World) -> Resource | _Unknown | None:
    """The owner; None if it is gone. Another of its name is not it."""
    kind = BY_KIND.get(ref.kind)
    if kind is None or _group(kind.API_VERSION) != _group(ref.api_version):
        return _Unknown()
    namespace = resource.metadata.namespace
    if kind.NAMESPACED and not namespace:
        return _Unknown()  # what belongs to the whole mesh cannot be owned from within a namespace
    owner = world.find(key_of(kind, namespace, ref.name))
    return owner if owner is not None and owner.metadata.uid == ref.uid else None


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def _waits(owner: Resource) -> bool:
    return is_deleting(owner) and FOREGROUND_FINALIZER in owner.metadata.finalizers


def _blocks(resource: Resource, owner: Resource) -> bool:
    return any(
        ref.uid == owner.metadata.uid and bool(ref.block_owner_deletion)
        for ref in resource.metadata.owner_references
    )


def _is_in_a_ring(
    resource: Resource, waiting: Sequence[OwnerReference], owned: Mapping[str, list[Resource]]
) -> bool:
    """Whether who it blocks waits for it, and it for them: one of them has to give way."""
    return any(bool(ref.block_owner_deletion) for ref in waiting) and any(
        is_deleting(one) and _waits(one) for one in owned.get(resource.metadata.uid, [])
    )


def _unblocked(resource: Resource) -> Resource:
    refs = tuple(
        msgspec.structs.replace(ref, block_owner_deletion=False)
        for ref in resource.metadata.owner_references
    )
    return _with_owners(resource, refs)


def _without_owner(resource: Resource, uid: str) -> Resource:
    refs = tuple(ref for ref in resource.metadata.owner_references if ref.uid != uid)
    return _with_owners(resource, refs)


def _with_owners(resource: Resource, refs: Refs) -> Resource:
    metadata = msgspec.structs.replace(resource.metadata, owner_references=refs)
    return msgspec.structs.replace(resource, metadata=metadata)


def _put(resource: Resource, before: Resource) -> Put:
    return Put(resource, before.metadata.resource_version)
