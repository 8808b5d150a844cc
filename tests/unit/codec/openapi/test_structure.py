"""JSON Schema → structural schema: one type for every part, nothing a cluster refuses."""

import pytest

from tulle.codec.openapi.structure import ANYTHING, INT_OR_STRING, structural
from tulle.codec.schemas import Schema

NULL = {"type": "null"}
NUMBER, TEXT = {"type": "integer", "minimum": 1}, {"type": "string", "maxLength": 9}


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"type": "string", "title": "T", "default": ""}, {"type": "string"}),
        (
            {"enum": ["A", "B"], "default": "A"},
            {"type": "string", "enum": ["A", "B"], "default": "A"},
        ),
        ({"const": "A"}, {"type": "string", "enum": ["A"]}),
        ({"anyOf": [NUMBER, NULL], "default": None}, NUMBER),
        (
            {"anyOf": [NUMBER, NULL], "description": "Own."},
            {**NUMBER, "description": "Own."},
        ),
        ({"anyOf": [NUMBER, TEXT], "description": "D"}, {**INT_OR_STRING, "description": "D"}),
        (
            {"type": "array", "items": {**TEXT, "description": "One."}},
            {"type": "array", "items": {**TEXT, "description": "One."}, "description": "One."},
        ),
        (
            {"type": "array", "items": TEXT, "minItems": 1, "x-kubernetes-list-type": "set"},
            {"type": "array", "items": TEXT, "minItems": 1, "x-kubernetes-list-type": "set"},
        ),
        (
            {"type": "object", "additionalProperties": TEXT, "default": {}},
            {"type": "object", "additionalProperties": TEXT},
        ),
        ({"type": "object"}, {"type": "object", **ANYTHING}),
        ({"type": "object", "additionalProperties": False}, {"type": "object"}),
        (
            {
                "type": "object",
                "properties": {"a": NUMBER, "b": {"anyOf": [TEXT, NULL]}},
                "required": ["a"],
                "additionalProperties": False,
            },
            {"type": "object", "properties": {"a": NUMBER, "b": TEXT}, "required": ["a"]},
        ),
        (
            {"type": "object", "properties": {"a": TEXT}, "required": []},
            {"type": "object", "properties": {"a": TEXT}},
        ),
    ],
)
def test_each_part_says_what_it_said_in_a_way_clusters_take(schema: Schema, wanted: Schema) -> None:
    assert structural(schema) == wanted


def test_what_stands_for_a_number_or_a_text_can_be_chosen() -> None:
    assert structural({"anyOf": [NUMBER, TEXT]}, {"$ref": "x"}) == {"$ref": "x"}
