"""Managers: who owns which fields of one resource, as values. `metadata.managedFields` is their written form.

A writer is known by its name, how it writes (server-side apply or any other way) and to which part. Rules and
limits are those of Kubernetes' server-side apply (KEP-555).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from tulle.codec.patches.errors import PatchError
from tulle.codec.patches.fields import (
    EMPTY,
    Difference,
    FieldSet,
    Path,
    difference,
    from_tree,
    to_tree,
)
from tulle.codec.patches.shapes import Mapped
from tulle.model.resources import ManagedFields

MAX_UPDATERS = 10
"""Of writers that do not apply, the oldest beyond this many become one."""

ANCIENT = "ancient-changes"

Operation = Literal["Apply", "Update"]

_BOOKKEEPING = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "name",
        "namespace",
        "resourceVersion",
        "uid",
    }
)
_UNOWNED: frozenset[Path] = frozenset(
    {
        ("f:apiVersion",),
        ("f:kind",),
        ("f:metadata",),
        *(("f:metadata", f"f:{name}") for name in _BOOKKEEPING),
    }
)
"""What makes a resource the one it is, and what only the store writes: nobody owns it."""


@dataclass(frozen=True, slots=True, order=True)
class Writer:
    """Who writes. `api_version` is the one it wrote last with, and does not tell an applier apart."""

    manager: str
    operation: Operation = "Update"
    api_version: str = ""
    subresource: str = ""

    @property
    def identity(self) -> "Writer":
        """The same without what may change from one apply to the next."""
        return replace(self, api_version="") if self.operation == "Apply" else self


@dataclass(frozen=True, slots=True)
class Owned:
    """Fields, the version they were written with, and since when the set is this one (RFC 3339)."""

    fields: FieldSet
    api_version: str
    time: str = ""


Managers = Mapping[Writer, Owned]


def read(entries: Iterable[ManagedFields]) -> Managers:
    """Managers out of their written form; raises PatchError for a set that is none."""
    managers: dict[Writer, Owned] = {}
    for entry in entries:
        writer = Writer(entry.manager, entry.operation, entry.api_version, entry.subresource)
        fields = from_tree(entry.fields_v1)
        managers[writer.identity] = Owned(fields, entry.api_version, entry.time)
    return managers


def write(managers: Managers) -> tuple[ManagedFields, ...]:
    """The written form: appliers first, then by age."""
    order = sorted(managers.items(), key=lambda one: (one[0].operation, one[1].time, one[0]))
    return tuple(
        ManagedFields(
            manager=writer.manager,
            operation=writer.operation,
            api_version=owned.api_version,
            time=owned.time,
            fields_type="FieldsV1",
            fields_v1=to_tree(owned.fields),
            subresource=writer.subresource,
        )
        for writer, owned in order
    )


def is_written_by(subresource: str) -> Callable[[Path], bool]:
    """Which fields a write to this part of a resource can own."""

    def takes(path: Path) -> bool:
        of_status = path[:1] == ("f:status",)
        return path not in _UNOWNED and of_status == (subresource == "status")

    return takes


def updated(
    managers: Managers, old: object, new: object, shape: Mapped, writer: Writer, now: str
) -> Managers:
    """Managers after a write that was no apply: what it changed is the writer's, and nobody else's."""
    changes = difference(old, new, shape)
    # Whatever went is nobody's any more, whoever's part of the resource it was.
    left = disowned(managers, changes, changes.removed | changes.modified | changes.added)
    mine = changes.only(is_written_by(writer.subresource))
    before = managers.get(writer, Owned(EMPTY, writer.api_version)).fields
    fields = (before - changes.removed) | mine.added | mine.modified
    others = {one: owned for one, owned in left.items() if one != writer}
    return capped(timed({**others, writer: Owned(fields, writer.api_version)}, managers, now))


def disowned(managers: Managers, changes: Difference, taken: FieldSet) -> Managers:
    """Without the fields taken from everyone; those that are gone have no owner."""
    lost = taken | changes.removed
    return {
        writer: replace(owned, fields=owned.fields - lost) for writer, owned in managers.items()
    }


def timed(managers: Managers, before: Managers, now: str) -> Managers:
    """Those that own something; a set that did not change keeps its time."""
    result: dict[Writer, Owned] = {}
    for writer, owned in managers.items():
        old = before.get(writer)
        is_as_before = old is not None and (old.fields, old.api_version) == (
            owned.fields,
            owned.api_version,
        )
        if owned.fields:
            result[writer] = old if old is not None and is_as_before else replace(owned, time=now)
    return result


def capped(managers: Managers) -> Managers:
    """Bounded: the oldest of too many writers become one manager of ancient changes."""
    updaters = [writer for writer in managers if writer.operation == "Update"]
    excess = len(updaters) - MAX_UPDATERS
    if excess <= 0:
        return managers
    oldest = sorted(updaters, key=lambda one: (managers[one].time, one))[: excess + 1]
    result = {writer: owned for writer, owned in managers.items() if writer not in oldest}
    for writer in oldest:
        ancient = Writer(ANCIENT, "Update", writer.api_version, writer.subresource)
        known = result.get(ancient, Owned(EMPTY, writer.api_version))
        owned = managers[writer]
        time = max(known.time, owned.time)
        result[ancient] = Owned(known.fields | owned.fields, owned.api_version, time)
    return result


def readable(entries: Iterable[ManagedFields]) -> Managers | None:
    """The managers a client sent, or None where it sent none that can be read."""
    try:
        return read(entries)
    except PatchError:
        return None
