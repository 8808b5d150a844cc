"""What a store promises, and the rules every store shares.

A store holds all resources at a revision. A write is one transaction: all of its changes, or none. Each of its
changes has a number of its own, the next revision, so that who was told some of them can be told the rest; the
last is the revision the write makes. Revisions are numbered in the order of their commits, without gaps, and a
watch gives every one of them once, in that order. The rules of a write are the pure function `plan`: stores
differ only in where they keep what it decides.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Protocol

import msgspec

from tulle.model.deletions import (
    CONTENTS_FINALIZER,
    Propagation,
    deleted,
    is_deleting,
    without_finalizer,
)
from tulle.model.kinds.core import Namespace
from tulle.model.names import ResourceKey
from tulle.model.resources import Metadata, Resource, spec_of
from tulle.model.worlds import World
from tulle.pki.tokens import TokenRecord
from tulle.store.errors import AlreadyExists, Compacted, ConflictError, InvalidChange, NotFound

KEPT_REVISIONS = 10_000
"""How many revisions a watch can go back; the newest write is kept whole."""

ABSENT = "0"
"""As `expect`: the resource must not exist yet."""


@dataclass(frozen=True, slots=True)
class Put:
    """Create or replace. `expect` is the resourceVersion it must have, "0" for none; None does not care.

    The spec, labels, annotations, finalizers, owners and managed fields are taken, the stored status is kept (a
    new resource begins without one); with `status_only` only the status is taken, and the resource must exist;
    `managed_too` takes the managed fields with it. Without its last finalizer, what was deleted is gone.
    """

    resource: Resource
    expect: str | None = None
    status_only: bool = False
    managed_too: bool = False

    @property
    def key(self) -> ResourceKey:
        """What it changes."""
        return self.resource.key


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove what is under a key; it must be there. With finalizers it stays, marked as deleted.

    `uid` is the one it must have, "" for any; `propagation` what becomes of those it owns.
    """

    key: ResourceKey
    expect: str | None = None
    uid: str = ""
    propagation: Propagation | None = None


Change = Put | Delete


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction changed: new versions, and keys that are gone. Empty if it changed nothing.

    What is gone comes first, each by key: what was replaced by another of its name is removed, then made.
    """

    revision: int
    """The number of its last change."""
    changed: tuple[Resource, ...] = ()
    removed: tuple[ResourceKey, ...] = ()

    def __len__(self) -> int:
        return len(self.removed) + len(self.changed)

    @property
    def before(self) -> int:
        """The revision it follows."""
        return self.revision - len(self)

    def numbered(self) -> Iterator[tuple[int, ResourceKey, Resource | None]]:
        """Its changes with their numbers, in their order; None for what is gone."""
        gone = ((key, None) for key in self.removed)
        made = ((resource.key, resource) for resource in self.changed)
        for number, (key, resource) in enumerate(chain(gone, made), self.before + 1):
            yield number, key, resource

    def after(self, revision: int) -> "Batch":
        """The rest of it for who has seen up to a revision: all of it, if that is from before."""
        seen = max(revision - self.before, 0)
        made = max(seen - len(self.removed), 0)
        return Batch(self.revision, self.changed[made:], self.removed[seen:])


class Store(Protocol):
    """The memory of the control plane. One event loop uses it."""

    async def world(self) -> World:
        """Everything, at the newest revision."""
        ...

    async def write(self, changes: Iterable[Change], dry_run: bool = False) -> Batch:
        """Make all changes or none, and say what they changed; a dry run says it without doing it.

        `expect` speaks of what was stored before this write. Raises ConflictError, NotFound, InvalidChange or
        another StoreError; nothing was written then. Once it returns, the changes survive kill -9.
        """
        ...

    def watch(self, after: int) -> AsyncGenerator[Batch, None]:
        """Every revision after one, in order, without end until the store is closed.

        Transactions come whole, but for the one that revision lies within: of that comes the rest. Raises
        Compacted if some revisions are gone, at the start or when the reader is too slow.
        """
        ...

    async def save_token(self, record: TokenRecord) -> None:
        """Remember a join token. Expired ones are forgotten on the way."""
        ...

    async def take_token(self, token_id: str, secret_hash: str, now: float) -> TokenRecord | None:
        """Use a token up: of any number of callers one gets it. None if unknown, used, expired or not it."""
        ...

    async def close(self) -> None:
        """Let go of everything; watches end."""
        ...


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a store gives a write: the time, and names for what is new."""

    now: float
    new_uid: Callable[[], str]


def plan(world: World, changes: Iterable[Change], stamp: Stamp) -> Batch:
    """What a write would change in a world, metadata stamped; empty at the world's revision if nothing.

    Later changes of a set see the earlier ones; what ends as it was is no change.
    """
    after: dict[ResourceKey, Resource | None] = {}
    for change in changes:
        key, before = change.key, world.find(change.key)
        _check_expectation(key, before, change.expect)
        after[key] = _apply(change, after.get(key, before), stamp, world)
    _let_emptied_go(world, after)
    ends = [(key, world.find(key), new) for key, new in sorted(after.items())]
    counted = [(before, _counted(new, before)) for _, before, new in ends if new is not None]
    changed = [new for before, new in counted if new != before]
    removed = [key for key, before, new in ends if before is not None and _is_gone(before, new)]
    batch = Batch(world.revision + len(removed) + len(changed), tuple(changed), tuple(removed))
    stamped = (
        _with_metadata(new, resource_version=str(number))
        for number, _, new in batch.numbered()
        if new is not None
    )
    return replace(batch, changed=tuple(stamped))


def check_watchable(after: int, compacted: int, revision: int) -> None:
    """Refuse a watch that would miss revisions: those up to `compacted` are gone.

    A revision we have not reached comes from another store (or from before a restored backup): the caller
    does not know our world either.
    """
    if compacted <= after <= revision:
        return
    raise Compacted(
        f"revision {after} is not kept any more (the store has {compacted} to {revision})",
        "read the world again and watch from its revision",
    )


def _check_expectation(key: ResourceKey, before: Resource | None, expect: str | None) -> None:
    version = before.metadata.resource_version if before else ABSENT
    if expect is None or expect == version:
        return
    if before is None:
        raise _not_found(key)
    if expect == ABSENT:
        raise AlreadyExists(f"{key} exists already", "choose another name or change it", key)
    raise ConflictError(
        f"{key} was changed by somebody else: it is at version {version}, not {expect}",
        "read it again and repeat the change",
        key,
    )


def _apply(change: Change, before: Resource | None, stamp: Stamp, world: World) -> Resource | None:
    match change:
        case Delete(key=key):
            if before is None:
                raise _not_found(key)
            return _deleted(change, before, stamp, world)
        case Put(resource=resource, status_only=True):
            if before is None:
                raise _not_found(resource.key)
            changed = _with_status(before, _status(resource))
            return _with_managed(changed, resource) if change.managed_too else changed
        case Put(resource=resource):
            _check_names(resource)
            return _created(resource, stamp) if before is None else _replaced(resource, before)


def _deleted(change: Delete, before: Resource, stamp: Stamp, world: World) -> Resource | None:
    if change.uid not in {"", before.metadata.uid}:
        raise ConflictError(
            f"{change.key} is another one than was meant: its uid is {before.metadata.uid}, "
            f"not {change.uid}",
            "it was deleted and made anew since; look at it again",
            change.key,
        )
    is_empty = not isinstance(before, Namespace) or _is_empty(world, before.metadata.name)
    return deleted(before, change.propagation, _timestamp(stamp.now), is_empty=is_empty)


def _is_empty(world: World, namespace: str) -> bool:
    return all(resource.metadata.namespace != namespace for resource in world)


def _let_emptied_go(world: World, after: dict[ResourceKey, Resource | None]) -> None:
    """A namespace that is deleted together with all that is in it has nothing to wait for."""
    for key, resource in after.items():
        if isinstance(resource, Namespace) and CONTENTS_FINALIZER in resource.metadata.finalizers:
            left = {one.key for one in world if one.metadata.namespace == key.name}
            left = {one for one in left if after.get(one, world.find(one)) is not None}
            if not left and is_deleting(resource):
                free = without_finalizer(resource, CONTENTS_FINALIZER)
                after[key] = free if free.metadata.finalizers else None


def _check_names(resource: Resource) -> None:
    if not resource.KIND or not resource.metadata.name:
        raise InvalidChange("a resource needs a kind and a name", resource=resource.key)
    if resource.NAMESPACED and not resource.metadata.namespace:
        raise InvalidChange(f"{resource.key} needs a namespace", resource=resource.key)


def _created(resource: Resource, stamp: Stamp) -> Resource:
    fresh = _without_status(resource)
    return _with_metadata(
        fresh,
        namespace=resource.key.namespace,
        generation=1,
        resource_version="",
        uid=stamp.new_uid(),
        creation_timestamp=_timestamp(stamp.now),
        deletion_timestamp="",
        deletion_grace_period_seconds=None,
    )


def _replaced(resource: Resource, before: Resource) -> Resource | None:
    old = before.metadata
    if is_deleting(before):
        _check_finalizers(resource, before)
        if not resource.metadata.finalizers:
            return None
    new = _with_metadata(
        resource,
        namespace=old.namespace,
        generation=old.generation,
        resource_version=old.resource_version,
        uid=old.uid,
        creation_timestamp=old.creation_timestamp,
        deletion_timestamp=old.deletion_timestamp,
        deletion_grace_period_seconds=old.deletion_grace_period_seconds,
    )
    return _with_status(new, _status(before)) if _has_status(before) else new


def _check_finalizers(resource: Resource, before: Resource) -> None:
    if added := set(resource.metadata.finalizers) - set(before.metadata.finalizers):
        names = ", ".join(sorted(added))
        message = f"{before.key} is being deleted, so it takes no new finalizers ({names})"
        raise InvalidChange(message, resource=before.key)


def _is_gone(before: Resource, new: Resource | None) -> bool:
    return new is None or new.metadata.uid != before.metadata.uid


def _counted(new: Resource, before: Resource | None) -> Resource:
    # Against what was before the whole set: what a set undoes again was no change.
    if before is None or _is_gone(before, new):
        return new
    grown = spec_of(new) != spec_of(before) or (is_deleting(new) and not is_deleting(before))
    return _with_metadata(new, generation=before.metadata.generation + grown)


def _timestamp(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _with_managed(resource: Resource, other: Resource) -> Resource:
    return _with_metadata(resource, managed_fields=other.metadata.managed_fields)


def _with_metadata(resource: Resource, **fields: object) -> Resource:
    metadata: Metadata = msgspec.structs.replace(resource.metadata, **fields)
    return msgspec.structs.replace(resource, metadata=metadata)


def _has_status(resource: Resource) -> bool:
    return "status" in resource.__struct_fields__


def _status(resource: Resource) -> object:
    if not _has_status(resource):
        raise InvalidChange(f"{resource.KIND} has no status", resource=resource.key)
    status: object = getattr(resource, "status")  # noqa: B009 - not every kind has one
    return status


def _with_status(resource: Resource, status: object) -> Resource:
    return msgspec.structs.replace(resource, status=status)


def _without_status(resource: Resource) -> Resource:
    for field in msgspec.structs.fields(resource):
        if field.name == "status":
            return _with_status(resource, field.default)
    return resource


def _not_found(key: ResourceKey) -> NotFound:
    return NotFound(f"there is no {key}", "`tulle get` lists what there is", key)
