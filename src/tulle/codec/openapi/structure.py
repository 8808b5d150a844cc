"""JSON Schema (2020-12) of a kind → a structural schema, which is what Kubernetes can work with. Pure.

A structural schema names one type for every part, forbids nothing beside what it names, and knows no `const`,
no `null` and no choice of types but that of a number or a text (`x-kubernetes-int-or-string`).
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from collections.abc import Mapping
from typing import Any

from tulle.codec.schemas import Schema, without_null

Structural = dict[str, Any]

INT_OR_STRING: Structural = {"x-kubernetes-int-or-string": True}
ANYTHING: Structural = {"x-kubernetes-preserve-unknown-fields": True}

_KEPT = frozenset(
    [
        "description",
        "enum",
        "items",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "pattern",
        "type",
    ]
)
_SAYS_NOTHING: tuple[object, ...] = (None, False, 0, "", [], (), {})


def structural(schema: Schema, int_or_string: Structural = INT_OR_STRING) -> Structural:
    """A part of a schema; `int_or_string` is what stands for a number or a text."""
    part = {**without_null(schema), **_own(schema)}
    if "const" in part:
        part = {**part, "enum": [part["const"]]}
    if "anyOf" in part:
        return {**int_or_string, **_described(part)}
    found = {key: value for key, value in part.items() if key in _KEPT or key.startswith("x-")}
    found["type"] = _type(part)
    if "items" in part:
        found["items"] = structural(part["items"], int_or_string)
        # A list that says nothing of itself is what its items are: `kubectl explain` shows only the list's words.
        found = {**_described(found["items"]), **found}
    if part.get("properties"):
        found["properties"] = {
            name: structural(child, int_or_string) for name, child in part["properties"].items()
        }
        found |= {"required": list(part["required"])} if part.get("required") else {}
    elif found["type"] == "object":
        found |= _mapping(part, int_or_string)
    if part.get("default") not in _SAYS_NOTHING:
        found["default"] = part["default"]
    return found


def _own(schema: Schema) -> Mapping[str, Any]:
    """What an optional part says beside its one choice."""
    return {key: value for key, value in schema.items() if key in {"description", "default"}}


def _described(part: Schema) -> Structural:
    return {"description": part["description"]} if "description" in part else {}


def _mapping(part: Schema, int_or_string: Structural) -> Structural:
    """An object whose keys the user chooses."""
    values = part.get("additionalProperties")
    if isinstance(values, Mapping) and values:
        return {"additionalProperties": structural(values, int_or_string)}
    return {} if values is False else dict(ANYTHING)


def _type(part: Schema) -> str:
    if "type" in part:
        return str(part["type"])
    return "string" if "enum" in part else "object"
