"""CustomResourceDefinitions of our own kinds: what a Kubernetes cluster needs to know them. Pure.

Kinds of others (Kubernetes' core, Gateway API) come from their own projects; we read a part of their fields and
must not define them.
"""

from collections.abc import Iterator
from typing import Any

from tulle.codec.columns import columns_of
from tulle.codec.columns.column import Column
from tulle.codec.groups import TULLE, Names, group_version, has_status, names_of
from tulle.codec.openapi.structure import structural
from tulle.codec.schemas import shared_schema
from tulle.model.kinds import ALL
from tulle.model.lists import MERGE_KEY, STRATEGY
from tulle.model.resources import Resource


def own_kinds() -> tuple[type[Resource], ...]:
    """The kinds that are ours to define."""
    return tuple(kind for kind in ALL if group_version(kind).group == TULLE)


def crd_of(kind: type[Resource]) -> dict[str, Any]:
    """The manifest of a kind."""
    names = names_of(kind)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names.plural}.{names.group}"},
        "spec": {
            "group": names.group,
            "names": _names(names),
            "scope": "Namespaced" if kind.NAMESPACED else "Cluster",
            "versions": [_version(kind, names)],
        },
    }


def _names(names: Names) -> dict[str, Any]:
    found: dict[str, Any] = {
        "kind": names.kind,
        "listKind": f"{names.kind}List",
        "plural": names.plural,
        "singular": names.singular,
    }
    if names.short:
        found["shortNames"] = list(names.short)
    return {**found, "categories": list(names.categories)}


def _version(kind: type[Resource], names: Names) -> dict[str, Any]:
    return {
        "name": names.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema_of_crd(kind)},
        **({"subresources": {"status": {}}} if has_status(kind) else {}),
        "additionalPrinterColumns": list(_columns(kind)),
    }


def schema_of_crd(kind: type[Resource]) -> dict[str, Any]:
    """The structural schema of a kind; a cluster brings the metadata's itself."""
    schema = shared_schema(kind)
    own = {
        name: _without_patches(structural(part))
        for name, part in schema["properties"].items()
        if name not in {"apiVersion", "kind", "metadata"}
    }
    required = [name for name in schema["required"] if name in own]
    return {
        "description": schema.get("description", ""),
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            **own,
        },
        **({"required": required} if required else {}),
    }


def _without_patches(part: Any) -> Any:
    """Without the words of strategic merge patches: clusters patch custom resources in other ways."""
    match part:
        case dict():
            kept = {k: v for k, v in part.items() if k not in {STRATEGY, MERGE_KEY}}
            return {key: _without_patches(value) for key, value in kept.items()}
        case list():
            return [_without_patches(item) for item in part]
        case _:
            return part


def _columns(kind: type[Resource]) -> Iterator[dict[str, Any]]:
    """Those a simple JSONPath can fill, and the age."""
    yield from (_column(column) for column in columns_of(kind) if column.path)
    yield {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


def _column(column: Column) -> dict[str, Any]:
    return {
        "name": column.header,
        "type": column.type,
        "description": column.description,
        "jsonPath": column.path,
        **({"priority": 1} if column.wide else {}),
    }
