"""The schemas of an OpenAPI v3 document: every kind of a group and version, its list, and what all share. Pure.

Names follow Kubernetes': `dev.tulle.v1.Workload`, `io.k8s.api.core.v1.Service`.
"""

from collections.abc import Iterable
from typing import Any

from tulle.codec.groups import GroupVersion, group_version
from tulle.codec.openapi.structure import Structural, structural
from tulle.codec.schemas import shared_schema
from tulle.model.resources import Resource

META = "io.k8s.apimachinery.pkg.apis.meta.v1"
OBJECT_META, LIST_META = f"{META}.ObjectMeta", f"{META}.ListMeta"
INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
GVK = "x-kubernetes-group-version-kind"

_KUBERNETES = {"": "io.k8s.api.core", "discovery.k8s.io": "io.k8s.api.discovery"}

_API_VERSION = "Group and version of the kind, as the first line of a manifest has it."
_KIND = "What it is."
_METADATA = "Name, namespace, labels and bookkeeping."


def components(kinds: Iterable[type[Resource]]) -> dict[str, Structural]:
    """Schemas by name."""
    found: dict[str, Structural] = {}
    meta: Structural = {}
    for kind in kinds:
        found[schema_name(kind)] = _kind(kind)
        found[f"{schema_name(kind)}List"] = _list(kind)
        meta = shared_schema(kind)["properties"]["metadata"]
    if meta:
        found[OBJECT_META] = _structural(meta)
    found[LIST_META] = _LIST_META
    found[INT_OR_STRING] = {
        "description": "A number or a text.",
        "oneOf": [{"type": "integer"}, {"type": "string"}],
        "format": "int-or-string",
    }
    return dict(sorted(found.items()))


def schema_name(kind: type[Resource]) -> str:
    """The name of a kind's schema."""
    where = group_version(kind)
    prefix = _KUBERNETES.get(where.group) or ".".join(reversed(where.group.split(".")))
    return f"{prefix}.{where.version}.{kind.KIND}"


def ref(name: str) -> Structural:
    """A reference to a schema of the same document."""
    return {"$ref": f"#/components/schemas/{name}"}


def gvk(where: GroupVersion, kind: str) -> dict[str, str]:
    """Group, version and kind, as clients look schemas up by."""
    return {"group": where.group, "kind": kind, "version": where.version}


def _kind(kind: type[Resource]) -> Structural:
    schema = shared_schema(kind)
    own = {
        name: _structural(part)
        for name, part in schema["properties"].items()
        if name not in {"apiVersion", "kind", "metadata"}
    }
    required = [name for name in schema["required"] if name in own]
    return {
        "description": schema.get("description", ""),
        "type": "object",
        "properties": {**_head(OBJECT_META), **own},
        **({"required": required} if required else {}),
        GVK: [gvk(group_version(kind), kind.KIND)],
    }


def _list(kind: type[Resource]) -> Structural:
    items = {"type": "array", "items": {"allOf": [ref(schema_name(kind))]}}
    return {
        "description": f"Several of {kind.KIND}.",
        "type": "object",
        "properties": {**_head(LIST_META), "items": items},
        "required": ["items"],
        GVK: [gvk(group_version(kind), f"{kind.KIND}List")],
    }


def _head(meta: str) -> dict[str, Any]:
    return {
        "apiVersion": {"description": _API_VERSION, "type": "string"},
        "kind": {"description": _KIND, "type": "string"},
        "metadata": {"description": _METADATA, "allOf": [ref(meta)], "default": {}},
    }


def _structural(part: Structural) -> Structural:
    return structural(part, {"allOf": [ref(INT_OR_STRING)]})


_LIST_META: Structural = {
    "description": "What a list says of itself.",
    "type": "object",
    "properties": {
        "continue": {
            "description": "Asks for the next page of a list that has one.",
            "type": "string",
        },
        "remainingItemCount": {
            "description": "How many come after this page.",
            "type": "integer",
        },
        "resourceVersion": {
            "description": "The revision the list is of: watches go on from it.",
            "type": "string",
        },
    },
}
