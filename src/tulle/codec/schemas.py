"""JSON Schema of every kind, and its fields one by one: both derived from the kind's class, nothing else.

`schema_of` is what decoding checks against; `describe_fields` is what `explain` and the reference pages show.
References are written out in place: no kind contains itself.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from tulle.model.resources import Resource

Schema = Mapping[str, Any]

_TYPES = {"string": "text", "integer": "number", "boolean": "true or false", "null": "nothing"}
_ATTRIBUTE = re.compile(r"(?<=`)[a-z]+(?:_[a-z]+)+(?=`)")


@dataclass(frozen=True, slots=True)
class FieldText:
    """A field for people. `path` has `[]` for lists and `[key]` for mappings; `default` is JSON, or ""."""

    path: str
    type: str
    required: bool
    default: str
    description: str


def schema_of(kind: type[Resource]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a kind, apiVersion and kind included; the caller may change it."""
    return copy.deepcopy(dict(shared_schema(kind)))


@cache
def shared_schema(kind: type[Resource]) -> Schema:
    """`schema_of`, made once and shared: read it, never change it."""
    raw = msgspec.json.schema(kind)
    schema: dict[str, Any] = _inlined(raw, raw["$defs"])
    head = {"apiVersion": {"const": kind.API_VERSION}, "kind": {"const": kind.KIND}}
    return {
        **schema,
        "properties": {**head, **schema["properties"]},
        "required": [*head, *schema["required"]],
    }


def _inlined(part: Any, defs: Schema) -> Any:
    """A part of a schema with every `$ref` replaced by what it names, and texts on one line."""
    if isinstance(part, list):
        return [_inlined(item, defs) for item in part]
    if not isinstance(part, dict):
        return part
    own = {
        key: _inlined_key(key, value, defs)
        for key, value in part.items()
        if key not in {"$ref", "$defs"}
    }
    if "$ref" not in part:
        return own
    return {**_inlined(defs[part["$ref"].rpartition("/")[2]], defs), **own}


def _inlined_key(key: str, value: Any, defs: Schema) -> Any:
    match key:
        case "default":  # data: nothing in it is schema
            return value
        case "description" if isinstance(value, str):
            return for_users(value)
        case _:
            return _inlined(value, defs)


def for_users(text: str) -> str:
    """A docstring on one line, our `attribute_names` spelt as the fields users write."""
    return _ATTRIBUTE.sub(lambda m: _camel(m[0]), " ".join(text.split()))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def describe_fields(kind: type[Resource]) -> Iterator[FieldText]:
    """Every field of a kind, parents before children, in the order of the class."""
    yield from _fields(shared_schema(kind), "")


def _fields(schema: Schema, path: str) -> Iterator[FieldText]:
    required = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        whole = without_null(part)
        child = f"{path}.{name}" if path else name
        item, item_path = whole, child
        while item.get("type") == "array":
            item, item_path = item["items"], f"{item_path}[]"
        described = (part, whole, item)
        description = next((str(p["description"]) for p in described if "description" in p), "")
        default = json.dumps(part["default"]) if part.get("default") is not None else ""
        yield FieldText(child, type_text(whole), name in required, default, description)
        yield from _fields(item, item_path)


def without_null(part: Schema) -> Schema:
    """The one thing an optional field may be."""
    choices = [choice for choice in part.get("anyOf", ()) if choice.get("type") != "null"]
    return choices[0] if len(choices) == 1 else part


def type_text(part: Schema) -> str:
    """A type as people read it: `list of text`, `number 1 to 65535`, `"A" or "B"`."""
    if "anyOf" in part:
        return " or ".join(type_text(choice) for choice in part["anyOf"])
    if "const" in part or "enum" in part:
        return " or ".join(json.dumps(value) for value in part.get("enum", [part.get("const")]))
    name = str(part.get("type", "anything"))
    if name == "array":
        return f"list of {type_text(part['items'])}"
    if "minimum" in part and "maximum" in part:
        return f"number {part['minimum']} to {part['maximum']}"
    if name == "object" and "properties" not in part:
        return f"mapping to {type_text(part.get('additionalProperties', {}))}"
    return _TYPES.get(name, name)
