"""JSON Merge Patch: the table of RFC 7386's appendix, and the property that makes it one."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.codec.patches import merge_patch
from tulle.codec.patches.errors import PatchError

VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3),  # a null cannot be said in a merge patch
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)

RFC_TABLE: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "expected"), RFC_TABLE)
def test_the_table_of_the_rfc(target: Any, patch: Any, expected: Any) -> None:
    assert merge_patch.merge(target, patch) == expected


def between(old: Any, new: Any) -> Any:
    """The merge patch that leads from one object to another."""
    patch: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        if key not in old:
            patch[key] = value
        elif isinstance(value, dict) and isinstance(old[key], dict):
            patch[key] = between(old[key], value)
        elif value != old[key] or type(value) is not type(old[key]):
            patch[key] = value
    return patch


@given(OBJECTS, OBJECTS)
def test_the_patch_from_one_object_to_another_leads_there(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    before = copy.deepcopy(old)

    assert merge_patch.apply(old, between(old, new)) == new
    assert old == before


@given(OBJECTS, OBJECTS)
def test_a_patch_applied_twice_is_applied_once(
    document: dict[str, Any], patch: dict[str, Any]
) -> None:
    once = merge_patch.apply(document, patch)

    assert merge_patch.apply(once, patch) == once


@pytest.mark.parametrize("patch", [None, [], "text", 1])
def test_a_resource_is_never_replaced_by_a_merge_patch(patch: object) -> None:
    with pytest.raises(PatchError):
        merge_patch.apply({"a": 1}, patch)
