"""JSON Schema and field lists, derived from the kinds."""

import json

import jsonschema_rs
import pytest

from tulle.codec.schemas import describe_fields, schema_of, type_text
from tulle.model.kinds import ALL
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.process import Process
from tulle.model.kinds.service import Service
from tulle.model.resources import Resource


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.KIND)
def test_every_kind_has_a_schema_that_stands_alone(kind: type[Resource]) -> None:
    schema = schema_of(kind)

    jsonschema_rs.meta.validate(schema)
    assert "$ref" not in json.dumps(schema)
    assert schema["properties"]["apiVersion"] == {"const": kind.API_VERSION}
    assert schema["properties"]["kind"] == {"const": kind.KIND}
    assert schema["additionalProperties"] is False


def test_a_schema_belongs_to_who_asked_for_it() -> None:
    schema_of(Service)["properties"].clear()

    assert "spec" in schema_of(Service)["properties"]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.KIND)
def test_every_field_is_described_once_and_after_its_parent(kind: type[Resource]) -> None:
    paths = [field.path for field in describe_fields(kind)]

    assert len(paths) == len(set(paths))
    for index, path in enumerate(paths):
        above = path.rpartition(".")[0].rstrip("[]")
        assert not above or above in paths[:index]


def test_a_field_has_type_default_and_description() -> None:
    fields = {field.path: field for field in describe_fields(HTTPRoute)}

    weight = fields["spec.rules[].backendRefs[].weight"]
    assert (weight.type, weight.default, weight.required) == ("number 0 to 1000000", "1", False)
    assert fields["metadata.name"].required
    assert fields["spec.rules[].matches[].path.type"].type == (
        '"Exact" or "PathPrefix" or "RegularExpression"'
    )
    assert fields["spec.rules[].timeouts.request"].description.startswith("A duration")
    assert fields["spec.parentRefs"].description.startswith("What a route attaches to")


def test_descriptions_speak_of_fields_as_users_write_them() -> None:
    fields = {field.path: field for field in describe_fields(HTTPRoute)}

    assert "`backendRequest`" in fields["spec.rules[].timeouts"].description
    assert "\n" not in "".join(field.description for field in fields.values())


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "array", "items": {"type": "string"}}, "list of text"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "mapping to text"),
        ({"type": "object", "properties": {}}, "object"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "number or nothing"),
        ({"const": "v1"}, '"v1"'),
        ({"type": "boolean"}, "true or false"),
        ({}, "anything"),
    ],
)
def test_types_read_like_words(schema: dict[str, object], text: str) -> None:
    assert type_text(schema) == text


def test_optional_parts_are_described_as_what_they_may_be() -> None:
    fields = {field.path: field for field in describe_fields(Process)}

    assert fields["spec.health"].type == "object"
    assert "spec.health.exec.command" in fields
