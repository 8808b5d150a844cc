"""Resources as rows under columns (`meta.k8s.io` Table), made for programs that print. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

from tulle.codec.columns import cells_of, columns_of
from tulle.model.resources import Resource

Object = dict[str, object]

_NAME = "Its name, unique among those of its kind in a namespace."
_AGE = "How long ago it was made."


def table_of(
    kind: type[Resource] | None, rows: Sequence[Object], meta: Mapping[str, object], version: str
) -> Object:
    """Rows under the columns of a kind; without one, under those of an earlier table of the same watch."""
    return {
        "apiVersion": f"meta.k8s.io/{version}",
        "kind": "Table",
        "metadata": dict(meta),
        "columnDefinitions": definitions(kind) if kind else [],
        "rows": list(rows),
    }


@cache
def definitions(kind: type[Resource]) -> list[Object]:
    """The columns, as they are told: read it, never change it."""
    return [
        _definition("Name", "string", _NAME, form="name"),
        *(
            _definition(c.header, c.type, c.description, priority=int(c.wide))
            for c in columns_of(kind)
        ),
        _definition("Age", "string", _AGE),
    ]


def row_of(resource: Resource, carried: Object | None, now: float) -> Object:
    """The cells of a resource, and what the row carries of it."""
    metadata = resource.metadata
    cells = [metadata.name, *cells_of(resource), age_of(metadata.creation_timestamp, now)]
    return {"cells": cells} if carried is None else {"cells": cells, "object": carried}


def age_of(created: str, now: float) -> str:
    """How old something is by its timestamp (RFC 3339), at `now` (Unix seconds)."""
    if not created:
        return "<unknown>"
    return age_text(now - datetime.fromisoformat(created).timestamp())


def age_text(seconds: float) -> str:
    """Two units at most, fewer the longer it is: as kubectl itself words durations."""
    s = max(0, int(seconds))
    minutes, hours, days = s // 60, s // 3600, s // 86400
    if s < 120:
        return f"{s}s"
    if minutes < 180:
        return _two(minutes, "m", s % 60 if minutes < 10 else 0, "s")
    if hours < 48:
        return _two(hours, "h", minutes % 60 if hours < 8 else 0, "m")
    if days < 730:
        return _two(days, "d", hours % 24 if days < 8 else 0, "h")
    years = days // 365
    return _two(years, "y", days % 365 if years < 8 else 0, "d")


def _two(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large}{unit}{small}{small_unit}" if small else f"{large}{unit}"


def _definition(
    name: str, type_: str, description: str, *, form: str = "", priority: int = 0
) -> Object:
    return {
        "name": name,
        "type": type_,
        "format": form,
        "description": description,
        "priority": priority,
    }
