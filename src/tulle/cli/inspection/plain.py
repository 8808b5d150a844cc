"""Values of the graph as what JSON and YAML know, for people who want to see them."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass

import msgspec


def plain(value: object) -> object:
    """Values of the graph as what JSON knows: references as their names, nothing left out."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        if type(value).__str__ is not object.__str__:
            return str(value)
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
