"""Strategic merge patch: a merge patch that knows which lists merge, by which key. Core kinds only.

Directives: `$patch: delete|replace|merge` in a mapping or an item, `$retainKeys`, `$setElementOrder/LIST`,
`$deleteFromPrimitiveList/LIST`. As Kubernetes documents them in "Strategic Merge Patch".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tulle.codec.patches.errors import PatchError
from tulle.codec.patches.json_patch import is_same
from tulle.codec.patches.orders import interleave
from tulle.codec.paths import join
from tulle.codec.schemas import Schema, shared_schema, without_null
from tulle.model import lists
from tulle.model.resources import Resource

_PATCH = "$patch"
_RETAIN = "$retainKeys"
_ORDER = "$setElementOrder/"
_TAKE = "$deleteFromPrimitiveList/"

Object = Mapping[str, Any]


def apply(kind: type[Resource], document: Object, patch: object) -> dict[str, Any]:
    """The document after the patch; raises PatchError where it is none."""
    if not isinstance(patch, dict):
        raise PatchError("", "a strategic merge patch is a mapping of the fields to change")
    return _mapping(document, patch, shared_schema(kind), "")


def has_strategy(kind: type[Resource]) -> bool:
    """Whether clients may send one: Kubernetes has them for its own kinds, not for those added to it."""
    group = kind.API_VERSION.rpartition("/")[0]
    return group in {"", "discovery.k8s.io"}


def _mapping(original: Object, patch: Object, schema: Schema, at: str) -> dict[str, Any]:
    match patch.get(_PATCH):
        case None | "merge":
            pass
        case "delete":
            return {}
        case "replace":
            return {key: value for key, value in patch.items() if key != _PATCH}
        case other:
            raise PatchError(join(at, _PATCH), f"must be delete, merge or replace, not {other!r}")
    merged = _retained(original, patch, at)
    for key in _named(patch):
        child = join(at, key)
        if key in patch and patch[key] is None:
            merged.pop(key, None)
        else:
            part = without_null(_part(schema, key))
            if key not in patch and part.get(lists.STRATEGY) != "merge":
                raise PatchError(child, "has a directive of merging lists, and is none")
            merged[key] = _value(merged.get(key), _Change.of(patch, key, child), part)
    return merged


def _named(patch: Object) -> list[str]:
    """Every field the patch speaks of, by itself or by a directive beside it; each once."""
    names = [key.partition("/")[2] if key.startswith((_ORDER, _TAKE)) else key for key in patch]
    return list(dict.fromkeys(name for name in names if name not in {_PATCH, _RETAIN}))


def _retained(original: Object, patch: Object, at: str) -> dict[str, Any]:
    if _RETAIN not in patch:
        return dict(original)
    kept = patch[_RETAIN]
    if not isinstance(kept, list):
        raise PatchError(join(at, _RETAIN), "must be a list of names of fields")
    if strangers := [
        name for name in _named(patch) if name not in kept and patch[name] is not None
    ]:
        message = f"does not name {strangers[0]}, which the patch sets"
        raise PatchError(join(at, _RETAIN), message)
    return {key: value for key, value in original.items() if key in kept}


def _part(schema: Schema, key: str) -> Schema:
    rest: Any = schema.get("additionalProperties")
    part: Schema = schema.get("properties", {}).get(key, rest if isinstance(rest, dict) else {})
    return part


class _Change:
    """What a patch says of one field: a value, an order, values to take away."""

    def __init__(self, value: Any, order: Any, take: Any, at: str) -> None:
        self.value, self.order, self.take, self.at = value, order, take, at

    @classmethod
    def of(cls, patch: Object, key: str, at: str) -> "_Change":
        """The parts of a patch that speak of a field."""
        order, take = patch.get(_ORDER + key, []), patch.get(_TAKE + key, [])
        if not isinstance(order, list) or not isinstance(take, list):
            raise PatchError(at, "its directives must be lists")
        return cls(patch.get(key, [] if key not in patch else None), order, take, at)


def _value(original: Any, change: _Change, schema: Schema) -> Any:
    value = change.value
    if isinstance(value, dict):
        known = original if isinstance(original, dict) else {}
        return _mapping(known, value, schema, change.at)
    if not isinstance(value, list) or schema.get(lists.STRATEGY) != "merge":
        return value
    before = original if isinstance(original, list) else []
    if lists.MERGE_KEY in schema:
        return _items(before, change, schema)
    return _values(before, change)


def _values(original: Sequence[Any], change: _Change) -> list[Any]:
    """A merged list of single values."""
    taken = [value for value in original if not _among(value, change.take)]
    added = [value for value in change.value if not _among(value, taken)]
    return _ordered([*taken, *added], original, change, lambda value: value)


def _among(value: object, values: Sequence[object]) -> bool:
    return any(is_same(value, other) for other in values)


def _items(original: Sequence[Any], change: _Change, schema: Schema) -> list[Any]:
    """A merged list of mappings."""
    key, item_schema = schema[lists.MERGE_KEY], without_null(schema["items"])
    merged = list(original)
    if any(_is_replacement(item) for item in change.value):
        return [item for item in change.value if not _is_replacement(item)]
    for index, item in enumerate(change.value):
        at = join(change.at, index)
        if not isinstance(item, dict) or key not in item:
            raise PatchError(join(at, key), "is required: it tells the items of the list apart")
        found = next((i for i, one in enumerate(merged) if _has_key(one, key, item[key])), None)
        if item.get(_PATCH) == "delete":
            merged = [one for one in merged if not _has_key(one, key, item[key])]
        elif found is None:
            merged.append(_mapping({}, item, item_schema, at))
        else:
            merged[found] = _mapping(merged[found], item, item_schema, at)
    return _ordered(
        merged, original, change, lambda one: one.get(key) if isinstance(one, dict) else one
    )


def _is_replacement(item: object) -> bool:
    """`{$patch: replace}` alone: the other items are the whole list."""
    return isinstance(item, dict) and item == {_PATCH: "replace"}


def _has_key(item: object, key: str, value: object) -> bool:
    return isinstance(item, dict) and is_same(item.get(key), value)


def _ordered(
    merged: Sequence[Any], original: Sequence[Any], change: _Change, key_of: Callable[[Any], Any]
) -> list[Any]:
    """The merged list as the patch orders it; without an order new ones stand last."""
    if not change.order:
        return list(merged)
    by_key: dict[str, list[Any]] = {}
    for item in merged:
        by_key.setdefault(_mark(key_of(item)), []).append(item)
    wanted = [
        mark
        for mark in dict.fromkeys(_mark(key_of(item)) for item in change.order)
        if mark in by_key
    ]
    others = [mark for mark in by_key if mark not in wanted]
    before = list(dict.fromkeys(_mark(key_of(item)) for item in original))
    order = interleave(others, wanted, before)
    return [item for mark in order for item in by_key[str(mark)]]


def _mark(key: object) -> str:
    return f"{type(key).__name__}:{key}"
