"""How each part of a kind merges: its schema's words (`model.lists`), read into a union of few cases."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tulle.codec.patches.errors import PatchError
from tulle.codec.schemas import Schema, shared_schema, without_null
from tulle.model import lists
from tulle.model.resources import Resource


@dataclass(frozen=True, slots=True)
class Leaf:
    """One owner, replaced whole: scalars, atomic lists and mappings, and what no schema knows."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """Every key is a part of its own. `fields` are those of a struct, `rest` the shape of free keys."""

    fields: Mapping[str, Schema] = field(repr=False)
    rest: Schema = field(repr=False)

    def at(self, key: str) -> "Shape":
        """The shape of the value under a key."""
        return shape_of(self.fields.get(key, self.rest))


@dataclass(frozen=True, slots=True)
class Keyed:
    """A list of mappings, told apart by `keys`."""

    keys: tuple[str, ...]
    item: Schema = field(repr=False)

    def step(self, item: object, at: str = "") -> str:
        """What tells an item from others, as managed fields write it; defaults count as written."""
        if not isinstance(item, dict):
            raise PatchError(at, "every item of this list must be a mapping")
        found = {key: item.get(key, self._default(key)) for key in sorted(self.keys)}
        for key, value in found.items():
            if value is None:
                raise PatchError(f"{at}.{key}", "is required: it tells the items of the list apart")
        return f"k:{_compact(found)}"

    def _default(self, key: str) -> object:
        return without_null(self.item)["properties"][key].get("default")


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A list of values that are there or not."""

    def step(self, item: object, at: str = "") -> str:
        """The value as managed fields write it."""
        if isinstance(item, dict | list):
            raise PatchError(at, "every item of this list must be a single value")
        return f"v:{_compact(item)}"


Shape = Leaf | Mapped | Keyed | ValueSet

LEAF = Leaf()


def shape_of_kind(kind: type[Resource]) -> Mapped:
    """The shape of a whole resource."""
    return Mapped(shared_schema(kind)["properties"], {})


def shape_of(schema: Schema) -> Shape:
    """How a part with this schema merges."""
    part = without_null(schema)
    match part.get("type"), part.get(lists.LIST_TYPE):
        case ("array", "map"):
            return Keyed(tuple(part[lists.LIST_KEYS]), part["items"])
        case ("array", "set"):
            return ValueSet()
        case ("object", _) if part.get(lists.MAP_TYPE) != "atomic":
            rest: Any = part.get("additionalProperties")
            return Mapped(part.get("properties", {}), rest if isinstance(rest, dict) else {})
        case _:
            return LEAF


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
