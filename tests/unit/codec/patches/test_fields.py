"""Sets of fields: of an object, between two objects, and in their written form."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.codec.patches.errors import PatchError
from tulle.codec.patches.fields import (
    difference,
    fields_of,
    from_tree,
    steps_if_any,
    text_of,
    to_tree,
    without,
)
from tulle.codec.patches.shapes import Keyed, shape_of_kind
from tulle.codec.schemas import shared_schema
from tulle.model.kinds.service import Service

SHAPE = shape_of_kind(Service)
PORTS = Keyed(
    ("port", "protocol"),
    shared_schema(Service)["properties"]["spec"]["properties"]["ports"]["items"],
)
PORT_80 = 'k:{"port":80,"protocol":"TCP"}'

SERVICE: dict[str, Any] = {
    "metadata": {"name": "web", "labels": {"app": "web"}, "finalizers": ["a/b"]},
    "spec": {"ports": [{"port": 80, "name": "http"}], "selector": {"app": "web"}},
}

ports = st.lists(
    st.fixed_dictionaries(
        {"port": st.integers(80, 83)},
        optional={"name": st.sampled_from(["a", "b"]), "targetPort": st.integers(1, 2)},
    ),
    unique_by=lambda port: port["port"],
    max_size=3,
)
labels = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), max_size=3)


def without_empty(service: dict[str, Any]) -> dict[str, Any]:
    """As stored objects are: what is empty is not there."""
    parts = {
        name: {key: value for key, value in part.items() if value} for name, part in service.items()
    }
    return {name: part for name, part in parts.items() if part}


services = st.builds(
    lambda labels, ports, finalizers, kind: without_empty(
        {
            "metadata": {"labels": labels, "finalizers": finalizers},
            "spec": {"ports": ports, "type": kind},
        }
    ),
    labels,
    ports,
    st.lists(st.sampled_from(["a/a", "b/b"]), unique=True),
    st.sampled_from(["ClusterIP", "NodePort"]),
)


def test_the_fields_of_an_object_are_those_it_gives() -> None:
    assert to_tree(fields_of(SERVICE, SHAPE)) == {
        "f:metadata": {"f:finalizers": {'v:"a/b"': {}}, "f:labels": {"f:app": {}}, "f:name": {}},
        "f:spec": {
            "f:ports": {PORT_80: {".": {}, "f:name": {}, "f:port": {}}},
            "f:selector": {},
        },
    }


def test_what_is_given_empty_is_given() -> None:
    assert fields_of({"metadata": {"labels": {}}}, SHAPE) == {("f:metadata", "f:labels")}


def test_a_list_whose_items_are_alike_cannot_be_owned() -> None:
    twice = {"spec": {"ports": [{"port": 80}, {"port": 80, "protocol": "TCP"}]}}
    with pytest.raises(PatchError, match=r"ports\[1\]: has the same port, protocol"):
        fields_of(twice, SHAPE)


def test_differences_are_told_field_by_field_with_parents_that_came_or_went() -> None:
    new = {
        "metadata": {"name": "web", "labels": {"app": "shop", "v": "1"}},
        "spec": {"ports": [{"port": 80}, {"port": 81}], "selector": {"app": "web"}},
    }
    changes = difference(SERVICE, new, SHAPE)

    assert {text_of(path) for path in changes.added} == {
        ".metadata.labels.v",
        '.spec.ports[port=81,protocol="TCP"]',
        '.spec.ports[port=81,protocol="TCP"].port',
    }
    assert {text_of(path) for path in changes.modified} == {".metadata.labels.app"}
    assert {text_of(path) for path in changes.removed} == {
        ".metadata.finalizers",
        '.metadata.finalizers[="a/b"]',
        '.spec.ports[port=80,protocol="TCP"].name',
    }


def test_what_loses_its_last_field_goes_too() -> None:
    gone = from_tree(
        {"f:metadata": {"f:labels": {"f:app": {}}}, "f:spec": {"f:ports": {PORT_80: {}}}}
    )

    assert without(SERVICE, gone, SHAPE) == {
        "metadata": {"name": "web", "finalizers": ["a/b"]},
        "spec": {"selector": {"app": "web"}},
    }


@pytest.mark.parametrize("tree", [{"f:a": 1}, {"x": {}}, {"f:a": {"b": {}}}, {"f:a": {".": []}}])
def test_what_is_no_tree_of_fields_is_refused(tree: dict[str, Any]) -> None:
    with pytest.raises(PatchError, match="fieldsV1"):
        from_tree(tree)


def test_trees_are_bounded_in_depth() -> None:
    tree: dict[str, Any] = {}
    for _ in range(100):
        tree = {"f:a": tree}
    with pytest.raises(PatchError, match="too deeply"):
        from_tree(tree)


@given(services)
def test_the_written_form_reads_back(service: dict[str, Any]) -> None:
    fields = fields_of(service, SHAPE)

    assert from_tree(to_tree(fields)) == fields


@given(services)
def test_nothing_differs_from_itself(service: dict[str, Any]) -> None:
    changes = difference(service, service, SHAPE)

    assert not (changes.added | changes.modified | changes.removed)


@given(services, services)
def test_a_difference_is_the_same_seen_from_the_other_side(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    there, back = difference(old, new, SHAPE), difference(new, old, SHAPE)

    assert (there.added, there.removed) == (back.removed, back.added)
    assert there.modified == back.modified
    assert fields_of(new, SHAPE) - fields_of(old, SHAPE) <= there.added


@given(services)
def test_without_its_fields_an_object_has_none(service: dict[str, Any]) -> None:
    assert without(service, fields_of(service, SHAPE), SHAPE) == {}


def test_a_stored_list_whose_items_are_alike_is_one_field() -> None:
    def with_ports(*names: str) -> dict[str, Any]:
        return {"spec": {"ports": [{"port": 80, "name": name} for name in names]}}

    changes = difference(with_ports("a", "b"), with_ports("a", "c"), SHAPE)
    assert changes.modified == {("f:spec", "f:ports")}
    assert difference(with_ports("a", "b"), with_ports("a"), SHAPE).modified == {
        ("f:spec", "f:ports")
    }
    assert steps_if_any([{"name": "no key"}], PORTS) is None
