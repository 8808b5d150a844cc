"""CustomResourceDefinitions: what a cluster would refuse is not in them.

The rules are those of apiextensions.k8s.io/v1, written down here, since no cluster is at hand.
"""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from tulle.codec import encode
from tulle.codec.decode import read
from tulle.codec.openapi.crds import crd_of, own_kinds, schema_of_crd
from tulle.model.kinds import ALL
from tulle.model.kinds.service import Service
from tulle.model.kinds.workload import Workload
from tulle.model.resources import Resource

# The fields of JSONSchemaProps that structural schemas may have.
FIELDS = frozenset(
    [
        "additionalProperties",
        "default",
        "description",
        "enum",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "nullable",
        "pattern",
        "properties",
        "required",
        "title",
        "type",
        "x-kubernetes-int-or-string",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-list-type",
        "x-kubernetes-map-type",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-validations",
    ]
)
SIMPLE_PATH = re.compile(r'(\.[A-Za-z]+(\[\d+\])?|\[\?\(@\.[a-z]+=="[A-Za-z]+"\)\])+')


def parts(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part of a schema with where it stands."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from parts(child, f"{path}.{name}")
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from parts(schema[name], f"{path}[]")


def faults(schema: dict[str, Any]) -> Iterator[str]:
    """What a cluster would refuse."""
    for path, part in parts(schema):
        for found in (*shape_faults(part), *list_faults(part)):
            yield f"{path}: {found}"


def shape_faults(part: dict[str, Any]) -> Iterator[str]:
    if unknown := set(part) - FIELDS:
        yield f"unknown {unknown}"
    if ("type" in part) is bool(part.get("x-kubernetes-int-or-string")):
        yield "has no one type"
    if "properties" in part and "additionalProperties" in part:
        yield "names properties and allows others"
    if missing := set(part.get("required", ())) - set(part.get("properties", ())):
        yield f"requires {missing}, which it does not have"
    if "default" in part and not jsonschema_rs.is_valid(part, part["default"]):
        yield "the default is none of what may be there"


def list_faults(part: dict[str, Any]) -> Iterator[str]:
    items = part.get("items", {})
    if part.get("type") == "array" and not items:
        yield "a list of nothing"
    for key in part.get("x-kubernetes-list-map-keys", ()):
        if key not in items.get("required", ()) and "default" not in items["properties"][key]:
            yield f"key {key} may be missing"
    if part.get("x-kubernetes-list-type") == "set" and items.get("type") == "object":
        yield "a set of objects that are not atomic"


@pytest.mark.parametrize("kind", own_kinds())
def test_every_schema_is_structural(kind: type[Resource]) -> None:
    assert list(faults(schema_of_crd(kind))) == []


@pytest.mark.parametrize("kind", own_kinds())
def test_names_scope_and_columns_are_those_of_the_kind(kind: type[Resource]) -> None:
    crd = crd_of(kind)
    spec, (version,) = crd["spec"], crd["spec"]["versions"]

    assert crd["metadata"]["name"] == f"{kind.PLURAL}.tulle.dev"
    assert spec["names"]["kind"] == kind.KIND
    assert spec["scope"] == ("Namespaced" if kind.NAMESPACED else "Cluster")
    assert ("subresources" in version) is ("status" in kind.__struct_fields__)
    metadata = version["schema"]["openAPIV3Schema"]["properties"]["metadata"]
    assert metadata == {"type": "object"}
    for column in version["additionalPrinterColumns"]:
        assert SIMPLE_PATH.fullmatch(column["jsonPath"]), column
        assert column["type"] in {"string", "integer", "date"}


def test_kinds_of_others_are_not_ours_to_define() -> None:
    assert Service not in own_kinds()
    assert set(own_kinds()) < set(ALL)


def test_what_the_schema_takes_is_what_our_own_decoding_takes() -> None:
    text = (
        "apiVersion: tulle.dev/v1\nkind: Workload\nmetadata: {name: a}\n"
        "spec: {address: 10.0.0.1, ports: [{name: http, port: 80}]}\n"
    )
    (workload,) = read(text, "w.yaml").resources
    schema = schema_of_crd(Workload)

    assert jsonschema_rs.is_valid(schema, encode.to_object(workload, defaults=True))
    wrong = encode.to_object(workload) | {"spec": {"ports": [{"port": 0}]}}
    assert not jsonschema_rs.is_valid(schema, wrong)
