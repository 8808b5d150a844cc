"""A resource as a line of a table: what `get` prints once, and watching prints of every change."""

from datetime import datetime
from typing import TYPE_CHECKING

from tulle.cli.output import age_text

if TYPE_CHECKING:
    from tulle.model.resources import Resource


def row_of(resource: "Resource", now: datetime, *, wide: bool) -> dict[str, str]:
    """What a line says of a resource, by header."""
    from tulle.codec.columns import columns_of

    columns = [c for c in columns_of(type(resource)) if wide or not c.wide]
    return {
        "NAMESPACE": resource.metadata.namespace,
        "NAME": resource.metadata.name,
        **{column.header.upper(): str(column.cell(resource)) for column in columns},
        "AGE": age_of(resource.metadata.creation_timestamp, now),
    }


def age_of(created: str, now: datetime) -> str:
    """How old something is by its timestamp (RFC 3339); `-` without one."""
    if not created:
        return "-"
    return age_text((now - datetime.fromisoformat(created)).total_seconds())
