"""JSON Patch: the examples of RFC 6902's appendix, and what a hostile patch may not do."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.codec.patches import json_patch
from tulle.codec.patches.errors import PatchError, PatchMisses, PatchTooLarge

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)

RFC_EXAMPLES: list[tuple[Any, list[dict[str, Any]], Any]] = [
    ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}),
    (
        {"foo": ["bar", "baz"]},
        [{"op": "add", "path": "/foo/1", "value": "qux"}],
        {"foo": ["bar", "qux", "baz"]},
    ),
    ({"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
    ({"foo": ["bar", "qux", "baz"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["bar", "baz"]}),
    (
        {"baz": "qux", "foo": "bar"},
        [{"op": "replace", "path": "/baz", "value": "boo"}],
        {"baz": "boo", "foo": "bar"},
    ),
    (
        {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
        [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
        {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
    ),
    (
        {"foo": ["all", "grass", "cows", "eat"]},
        [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
        {"foo": ["all", "cows", "eat", "grass"]},
    ),
    (
        {"baz": "qux", "foo": ["a", 2, "c"]},
        [
            {"op": "test", "path": "/baz", "value": "qux"},
            {"op": "test", "path": "/foo/1", "value": 2},
        ],
        {"baz": "qux", "foo": ["a", 2, "c"]},
    ),
    (
        {"foo": "bar"},
        [{"op": "add", "path": "/child", "value": {"grandchild": {}}}],
        {"foo": "bar", "child": {"grandchild": {}}},
    ),
    (
        {"foo": "bar"},
        [{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}],
        {"foo": "bar", "baz": "qux"},
    ),
    ({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
    (
        {"foo": ["bar"]},
        [{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}],
        {"foo": ["bar", ["abc", "def"]]},
    ),
    ({"a": 1}, [{"op": "replace", "path": "", "value": [1]}], [1]),
    ({"a": 1}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": 1, "b": 1}),
]


@pytest.mark.parametrize(("document", "patch", "expected"), RFC_EXAMPLES)
def test_the_examples_of_the_rfc(document: Any, patch: Any, expected: Any) -> None:
    before = copy.deepcopy(document)

    assert json_patch.apply(document, patch) == expected
    assert document == before


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/baz", "value": "bar"},
        {"op": "test", "path": "/one", "value": "1"},
        {"op": "test", "path": "/one", "value": True},
        {"op": "add", "path": "/none/bat", "value": "qux"},
        {"op": "add", "path": "/list/5", "value": "qux"},
        {"op": "add", "path": "/list/01", "value": "qux"},
        {"op": "remove", "path": "/none"},
        {"op": "remove", "path": "/list/-"},
        {"op": "replace", "path": "/none", "value": 1},
        {"op": "replace", "path": "/list/9", "value": 1},
        {"op": "copy", "from": "/none", "path": "/a"},
        {"op": "move", "from": "/one/two", "path": "/a"},
    ],
)
def test_what_does_not_fit_the_document_changes_nothing(operation: dict[str, Any]) -> None:
    document = {"baz": "qux", "one": 1, "list": [1]}
    with pytest.raises(PatchMisses, match="patch-misses"):
        json_patch.apply(document, [{"op": "add", "path": "/x", "value": 1}, operation])

    assert document == {"baz": "qux", "one": 1, "list": [1]}


@pytest.mark.parametrize(
    "patch",
    [
        {},
        "text",
        ["text"],
        [{"path": "/a"}],
        [{"op": "merge", "path": "/a"}],
        [{"op": ["add"], "path": "/a"}],
        [{"op": "add", "path": "/a"}],
        [{"op": "add", "value": 1}],
        [{"op": "add", "path": "a", "value": 1}],
        [{"op": "add", "path": "/~2", "value": 1}],
        [{"op": "add", "path": "/a" * 65, "value": 1}],
        [{"op": "remove", "path": ""}],
        [{"op": "move", "from": "/a", "path": "/a/b"}],
    ],
)
def test_what_is_no_patch_is_refused(patch: object) -> None:
    with pytest.raises(PatchError, match="bad-patch"):
        json_patch.apply({"a": {"b": 1}}, patch)


def test_operations_are_bounded() -> None:
    many = [{"op": "test", "path": "", "value": 1}] * (json_patch.MAX_OPERATIONS + 1)
    with pytest.raises(PatchTooLarge):
        json_patch.apply(1, many)


def test_copying_copies_cannot_grow_without_bound() -> None:
    doubling = [{"op": "copy", "from": "/a", "path": "/a/-"}] * 40
    with pytest.raises(PatchTooLarge):
        json_patch.apply({"a": ["x" * 100]}, doubling)


def test_one_value_added_twice_is_two_values() -> None:
    value = {"n": [1]}
    patch = [
        {"op": "add", "path": "/a", "value": value},
        {"op": "copy", "from": "/a", "path": "/b"},
        {"op": "add", "path": "/a/n/-", "value": 2},
    ]

    assert json_patch.apply({}, patch) == {"a": {"n": [1, 2]}, "b": {"n": [1]}}
    assert value == {"n": [1]}


@given(JSON, JSON)
def test_replacing_the_whole_gives_what_it_says(document: object, value: object) -> None:
    patched = json_patch.apply(document, [{"op": "replace", "path": "", "value": value}])

    assert json.dumps(patched) == json.dumps(value)


@given(JSON)
def test_everything_is_the_same_as_itself(value: object) -> None:
    assert json_patch.is_same(value, copy.deepcopy(value))
