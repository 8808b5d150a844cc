"""A column of a table of resources, and the words its cells are made of."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from tulle.model.resources import Condition

Cell = str | int


@dataclass(frozen=True, slots=True)
class Column:
    """One fact about every resource of a kind.

    `cell` takes a resource of that kind. `wide` columns are shown where there is room (`-o wide`). `path` is
    the same fact as a simple JSONPath, which is all a CustomResourceDefinition can have; "" where it is none.
    """

    header: str
    cell: Callable[[Any], Cell]
    description: str
    path: str = ""
    type: Literal["string", "integer"] = "string"
    wide: bool = False


def condition_column(type_: str, description: str, header: str = "") -> Column:
    """A column for a condition of the status."""
    path = f'.status.conditions[?(@.type=="{type_}")].status'
    return Column(
        header or type_, lambda r: condition(r.status.conditions, type_), description, path
    )


def condition(conditions: Iterable[Condition], type_: str) -> str:
    """Status of a condition, with its reason where it is not True; `-` where there is none."""
    for found in conditions:
        if found.type == type_:
            return found.status if found.status == "True" else f"{found.status} ({found.reason})"
    return "-"


def worst(conditions: Iterable[Condition], type_: str) -> str:
    """As `condition`, of the worst of several."""
    ordered = sorted(conditions, key=lambda c: c.status == "True")
    return condition(ordered, type_)


def joined(parts: Iterable[str]) -> str:
    """Several things in one cell; `-` for none."""
    return ",".join(parts) or "-"


def pairs(mapping: Iterable[tuple[str, str]]) -> str:
    """`a=b,c=d`, the way selectors and labels are written; `-` for none."""
    return joined(f"{key}={value}" for key, value in mapping)
