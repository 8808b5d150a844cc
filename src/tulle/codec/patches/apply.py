"""Server-side apply: an applier says what it wants, whole; the resource becomes that, and keeps what others own.

What the applier said before and says no more goes, unless somebody else owns it too. A value somebody else owns
and that would change is a conflict; by force it changes hands. Rules: KEP-555, "structured merge and diff".
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from tulle.codec.patches.errors import PatchError
from tulle.codec.patches.fields import (
    EMPTY,
    FieldSet,
    Path,
    difference,
    fields_of,
    steps_if_any,
    steps_of,
    text_of,
    without,
)
from tulle.codec.patches.json_patch import is_same
from tulle.codec.patches.managers import (
    Managers,
    Owned,
    Writer,
    capped,
    disowned,
    is_written_by,
    timed,
)
from tulle.codec.patches.orders import interleave
from tulle.codec.patches.settling import Settled, settle
from tulle.codec.patches.shapes import Keyed, Mapped, Shape, ValueSet, shape_of, shape_of_kind
from tulle.model.resources import Resource

BEFORE_FIRST_APPLY = "before-first-apply"
"""Owns what was there before anybody's ownership was written down."""

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
KUBECTL = "kubectl"
"""The applier that may take over what the same tool applied client-side."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that would change, and who owns it."""

    path: Path
    owner: Writer
    since: str = ""

    @property
    def field(self) -> str:
        """The field as Kubernetes writes it in a conflict."""
        return text_of(self.path)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a writer applies, and when (RFC 3339); by `force` it takes what others own."""

    config: Mapping[str, Any]
    writer: Writer
    now: str
    force: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """What to store and who owns it then."""

    result: Settled
    managers: Managers


@dataclass(frozen=True, slots=True)
class Refused:
    """Others own what would change."""

    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class Live:
    """What is stored, as clients see it, and who owns it; `value` is None where there is nothing yet."""

    value: Mapping[str, Any] | None
    managers: Managers


def apply(kind: type[Resource], live: Live, wish: Wish) -> Applied | Refused:
    """What a wish makes of `live`; raises PatchError where it makes no sense, NotAResource where its result does."""
    shape, me = shape_of_kind(kind), wish.writer.identity
    managers = _with_history(live, shape, wish.writer)
    wanted = frozenset(filter(is_written_by(me.subresource), fields_of(wish.config, shape)))
    others = {one: owned for one, owned in managers.items() if one != me}
    last = managers.get(me, Owned(EMPTY, "")).fields
    old = live.value if live.value is not None else {}
    value = without(merge(old, wish.config, shape), _dropped(last, wanted, others), shape)
    result = settle(cast("Mapping[str, Any]", value))
    changes = difference(old, result.value, shape)
    taken = _ends_of(changes.added | changes.modified)
    conflicts = _conflicts(others, taken)
    if conflicts and not wish.force and not _are_kubectls_own(conflicts, live, shape, wish.writer):
        return Refused(conflicts)
    left = disowned(others, changes, taken)
    after = {**left, me: Owned(wanted, wish.writer.api_version)}
    return Applied(result, capped(timed(after, managers, wish.now)))


def merge(live: object, config: object, shape: Shape) -> object:
    """The configuration laid over what is there: mappings and keyed lists merge, everything else is replaced."""
    match live, config, shape:
        case (dict(), dict(), Mapped()):
            laid = {
                key: merge(live.get(key), value, shape.at(key)) for key, value in config.items()
            }
            return {**live, **laid}
        case (list(), list(), Keyed() | ValueSet()):
            return _merged_items(live, config, shape)
        case _:
            return config


def _merged_items(
    live: Sequence[Any], config: Sequence[Any], shape: Keyed | ValueSet
) -> list[object]:
    before, wanted = steps_if_any(live, shape) or {}, steps_of(config, shape)
    order = interleave([step for step in before if step not in wanted], [*wanted], [*before])
    item = shape_of(shape.item) if isinstance(shape, Keyed) else None
    return [
        before[step]
        if step not in wanted
        else (merge(before.get(step), wanted[step], item) if item else wanted[step])
        for step in map(str, order)
    ]


def _with_history(live: Live, shape: Mapped, writer: Writer) -> Managers:
    """What nobody is known to own, because it is older than such knowledge, has an owner too."""
    if live.value is None or live.managers:
        return live.managers
    old = Writer(BEFORE_FIRST_APPLY, "Update", writer.api_version)
    everything = difference({}, live.value, shape).added
    fields = frozenset(filter(is_written_by(""), everything))
    return {old: Owned(fields, writer.api_version)} if fields else {}


def _dropped(last: FieldSet, wanted: FieldSet, others: Managers) -> FieldSet:
    """What the applier owned and wants no more, unless others own it or something in it."""
    kept = {path[:end] for owned in others.values() for path in owned.fields for end in _ends(path)}
    kept |= {path[:end] for path in wanted for end in _ends(path)}
    return frozenset(path for path in last - wanted if path not in kept)


def _ends_of(paths: FieldSet) -> FieldSet:
    """Without those others begin with: who fills an empty mapping takes nothing from who wanted it empty."""
    begun = {path[:end] for path in paths for end in range(1, len(path))}
    return frozenset(path for path in paths if path not in begun)


def _ends(path: Path) -> range:
    return range(1, len(path) + 1)


def _conflicts(others: Managers, taken: FieldSet) -> tuple[Conflict, ...]:
    return tuple(
        Conflict(path, writer, owned.time)
        for writer, owned in sorted(others.items())
        for path in sorted(owned.fields & taken)
    )


def _are_kubectls_own(
    conflicts: Sequence[Conflict], live: Live, shape: Mapped, writer: Writer
) -> bool:
    """Whether kubectl conflicts with nothing but what it applied client-side, and nobody changed since."""
    if writer.manager != KUBECTL or live.value is None:
        return False
    text = live.value.get("metadata", {}).get("annotations", {}).get(LAST_APPLIED)
    try:
        last = json.loads(text) if isinstance(text, str) else None
        allowed = _still_there(last, live.value, shape) if isinstance(last, dict) else EMPTY
    except (ValueError, RecursionError, PatchError):
        return False
    return all(conflict.path in allowed for conflict in conflicts)


def _still_there(last: Mapping[str, Any], live: Mapping[str, Any], shape: Mapped) -> FieldSet:
    then = settle(last).value
    changes = difference(then, live, shape)
    return difference({}, then, shape).added - changes.modified - changes.added - changes.removed


def with_last_applied(value: Mapping[str, Any], config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object with kubectl's note of the last configuration brought up to date, where it has one."""
    metadata = value.get("metadata", {})
    annotations = metadata.get("annotations", {})
    if LAST_APPLIED not in annotations:
        return value
    note = json.dumps(_noted(config), separators=(",", ":"), sort_keys=True) + "\n"
    if is_same(annotations[LAST_APPLIED], note):
        return value
    renewed = {**metadata, "annotations": {**annotations, LAST_APPLIED: note}}
    return {**value, "metadata": renewed}


def _noted(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration as kubectl notes it: with annotations, but not with the note itself."""
    metadata = config.get("metadata", {})
    annotations = {
        key: value for key, value in metadata.get("annotations", {}).items() if key != LAST_APPLIED
    }
    return {**config, "metadata": {**metadata, "annotations": annotations}}
