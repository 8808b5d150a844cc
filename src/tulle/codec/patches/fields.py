"""Sets of fields: who owns what, in the spelling of managed fields (`fieldsV1`).

A path is the steps from a resource's top: `f:NAME`, `k:{"port":80}`, `v:"x"`. A set of paths holds the fields
themselves, not what is below: an owner of a list's item owns that it is there (`.` in the tree).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tulle.codec.patches.errors import PatchError
from tulle.codec.patches.json_patch import is_same
from tulle.codec.patches.shapes import LEAF, Keyed, Leaf, Mapped, Shape, ValueSet, shape_of
from tulle.codec.paths import join

Path = tuple[str, ...]
FieldSet = frozenset[Path]

EMPTY: FieldSet = frozenset()
MAX_DEPTH = 64
_ITSELF = "."


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of the fields between two objects."""

    added: FieldSet = EMPTY
    modified: FieldSet = EMPTY
    removed: FieldSet = EMPTY

    def only(self, keep: Callable[[Path], bool]) -> "Difference":
        """The part of it that `keep` takes."""
        parts = (self.added, self.modified, self.removed)
        return Difference(*(frozenset(filter(keep, part)) for part in parts))


def fields_of(value: object, shape: Shape) -> FieldSet:
    """Every field an applier gives; raises PatchError where items of a list cannot be told apart."""
    return frozenset(_fields(value, shape, (), ""))


def difference(old: object, new: object, shape: Shape) -> Difference:
    """Fields only the new object has, that differ, and that only the old one has.

    A list whose items cannot be told apart, as nobody keeps others from storing, is one field.
    """
    added: set[Path] = set()
    modified: set[Path] = set()
    removed: set[Path] = set()
    for path, before, after, _ in _pairs(old, new, shape, ()):
        if before is _NOTHING:
            added.add(path)
        elif after is _NOTHING:
            removed.add(path)
        else:
            modified.add(path)
    return Difference(frozenset(added), frozenset(modified), frozenset(removed))


def without(value: object, fields: FieldSet, shape: Shape) -> object:
    """A copy without these fields; what is empty then, and was not before, goes too."""
    tree = to_tree(fields)
    return _without(value, tree, shape) if tree else value


def to_tree(fields: Iterable[Path]) -> dict[str, Any]:
    """The set as `fieldsV1` writes it, sorted."""
    tree: dict[str, Any] = {}
    for path in sorted(fields):
        node = tree
        for step in path:
            node = node.setdefault(step, {})
        node[_ITSELF] = {}
    return {step: _plain(node) for step, node in tree.items()}


def from_tree(tree: Mapping[str, Any]) -> FieldSet:
    """What `to_tree` wrote; raises PatchError for what is no such tree."""
    return frozenset(_paths(tree, ()))


def text_of(path: Path) -> str:
    """A path for people: `.spec.ports[port=80,protocol="TCP"].name`."""
    return "".join(map(_text, path))


def steps_of(value: Sequence[object], shape: Keyed | ValueSet, at: str = "") -> dict[str, object]:
    """The items of a list by what tells them apart; raises PatchError where two are alike."""
    found: dict[str, object] = {}
    for index, item in enumerate(value):
        place = join(at, index)
        step = shape.step(item, place)
        if step in found:
            raise PatchError(place, f"has the same {_keys(shape)} as an item before it", "keep one")
        found[step] = item
    return found


def steps_if_any(value: Sequence[object], shape: Keyed | ValueSet) -> dict[str, object] | None:
    """The same, or None where they cannot be told apart."""
    try:
        return steps_of(value, shape)
    except PatchError:
        return None


_NOTHING = object()
_Pair = tuple[Path, object, object, Shape]


def _fields(value: object, shape: Shape, path: Path, at: str) -> Iterator[Path]:
    match value, shape:
        case (dict(), Mapped()):
            for key, item in value.items():
                child = (*path, f"f:{key}")
                yield from _fields(item, shape.at(key), child, join(at, key))
                if key not in shape.fields or item in ({}, None):
                    yield child
        case (list(), Keyed() | ValueSet()):
            for step, item in steps_of(value, shape, at).items():
                yield from _fields(item, _item_shape(shape), (*path, step), at)
                yield (*path, step)
        case _:
            yield path


def _item_shape(shape: Keyed | ValueSet) -> Shape:
    return shape_of(shape.item) if isinstance(shape, Keyed) else LEAF


def _pairs(old: object, new: object, shape: Shape, path: Path) -> Iterator[_Pair]:
    """Every field that differs, with what it was and is; parents that came or went count too."""
    before, after = _children(old, shape), _children(new, shape)
    if before is None or after is None:
        if not is_same_or_nothing(old, new):
            yield path, old, new, shape
        return
    if path and (old is _NOTHING) != (new is _NOTHING):
        yield path, old, new, shape
    for step in dict.fromkeys((*before, *after)):
        one, other = before.get(step, _NOTHING), after.get(step, _NOTHING)
        yield from _pairs(one, other, _below(shape, step), (*path, step))


def is_same_or_nothing(old: object, new: object) -> bool:
    """Equal as JSON, or both absent."""
    return old is new or is_same(old, new)


def _children(value: object, shape: Shape) -> Mapping[str, object] | None:
    """What is below a value, by steps; none below nothing; None for what has no below."""
    match value, shape:
        case (_, Leaf()):
            return None
        case (dict(), Mapped()):
            return {f"f:{key}": item for key, item in value.items()}
        case (list(), Keyed() | ValueSet()):
            return steps_if_any(value, shape)
        case _:
            return {} if value is _NOTHING else None


def _below(shape: Shape, step: str) -> Shape:
    match shape:
        case Mapped():
            return shape.at(step.removeprefix("f:"))
        case Keyed() | ValueSet():
            return _item_shape(shape)
        case _:
            return LEAF


def _without(value: object, tree: Mapping[str, Any], shape: Shape) -> object:
    children = _children(value, shape)
    if children is None:
        return value
    kept: dict[str, object] = {}
    for step, item in children.items():
        node = tree.get(step)
        if node is None:
            kept[step] = item
        elif node and _ITSELF not in node:
            left = _without(item, node, _below(shape, step))
            if left or not item:
                kept[step] = left
    if isinstance(value, list):
        return list(kept.values())
    return {step.removeprefix("f:"): item for step, item in kept.items()}


def _plain(node: Mapping[str, Any]) -> dict[str, Any]:
    """Without the mark where there is nothing else to tell it from."""
    if node.keys() == {_ITSELF}:
        return {}
    return {step: {} if step == _ITSELF else _plain(child) for step, child in node.items()}


def _paths(tree: Mapping[str, Any], path: Path) -> Iterator[Path]:
    if len(path) > MAX_DEPTH:
        raise PatchError("fieldsV1", "nests too deeply")
    for step, node in tree.items():
        if not isinstance(node, dict):
            raise PatchError("fieldsV1", "must be a tree of mappings")
        if step == _ITSELF:
            yield path
        elif step[:2] not in {"f:", "k:", "v:", "i:"}:
            raise PatchError(
                "fieldsV1", f"has a step {step[:60]!r} that is none of f:, k:, v: and ."
            )
        elif node:
            yield from _paths(node, (*path, step))
        else:
            yield (*path, step)


def _keys(shape: Keyed | ValueSet) -> str:
    return ", ".join(shape.keys) if isinstance(shape, Keyed) else "value"


def _text(step: str) -> str:
    kind, rest = step[:2], step[2:]
    match kind:
        case "f:":
            return f".{rest}"
        case "k:":
            keys = json.loads(rest)
            shown = (f"{key}={json.dumps(value)}" for key, value in keys.items())
            return f"[{','.join(shown)}]"
        case _:
            return f"[={rest}]"
