"""Bodies: JSON or YAML, bounded, with the fields that were written twice."""

import json

import pytest
from tests.unit.codec.wire.test_reader import CONFIG_MAP

from tulle.api.errors import ApiError
from tulle.api.kube.writing.bodies import (
    JSON,
    MAX_DEPTH,
    PROTOBUF,
    YAML,
    read_json,
    read_object,
    read_yaml,
)


@pytest.mark.parametrize("kind", ["application/yaml", "application/x-yaml", "text/yaml"])
def test_yaml_is_read(kind: str) -> None:
    assert read_object(b"a: [1, yes]", kind).value == {"a": [1, True]}


def test_json_is_read_also_where_nobody_says_so() -> None:
    assert read_object(b'{"a": 1}', JSON).value == read_object(b'{"a": 1}', "").value == {"a": 1}


def test_fields_written_twice_are_told_with_their_place() -> None:
    body = read_json(b'{"a": {"b": 1, "b": 2}, "c": 1, "c": 2}')

    assert body.value == {"a": {"b": 2}, "c": 2}
    assert [one.path for one in body.twice] == ["a.b", "c"]
    assert [one.path for one in read_yaml(b"a: 1\na: 2").twice] == ["a"]


@pytest.mark.parametrize("kind", ["application/cbor", "text/html", "x"])
def test_other_forms_are_refused_with_those_that_are_not(kind: str) -> None:
    with pytest.raises(ApiError, match=f"{JSON}, {YAML}") as caught:
        read_object(b"", kind)
    assert caught.value.status == 415


@pytest.mark.parametrize(
    "data", [b"", b"{", b"NaN", b"-Infinity", b"\xff", b"[" * 100_000, b'{"a": 1} x']
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        read_json(data)
    assert caught.value.status == 400


@pytest.mark.parametrize("data", [b"", b"a: b: c", b"\xff", b"a: 1\n---\na: 2", b"a: !!python/x y"])
def test_what_is_not_one_document_of_yaml_is_refused(data: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        read_yaml(data)
    assert caught.value.status == 400


def test_depth_is_bounded() -> None:
    def deep(levels: int) -> bytes:
        return json.dumps(json.loads("[" * levels + "]" * levels)).encode()

    assert read_json(deep(MAX_DEPTH)).value
    with pytest.raises(ApiError, match="too deeply"):
        read_json(deep(MAX_DEPTH + 1))


def test_what_typed_clients_send_is_read_too() -> None:
    assert read_object(CONFIG_MAP, PROTOBUF).value["data"] == {"x": "y"}
    with pytest.raises(ApiError) as caught:
        read_object(b"k8s", PROTOBUF)
    assert caught.value.status == 400
