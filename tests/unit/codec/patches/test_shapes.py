"""How the parts of a kind merge, read from its schema."""

import pytest

from tulle.codec.patches.errors import PatchError
from tulle.codec.patches.shapes import LEAF, Keyed, Mapped, ValueSet, shape_of_kind
from tulle.model.kinds.endpoint_slice import EndpointSlice
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.service import Service
from tulle.model.resources import Resource


def shape(kind: type[Resource], *path: str) -> object:
    found = shape_of_kind(kind)
    for key in path[:-1]:
        below = found.at(key)
        assert isinstance(below, Mapped)
        found = below
    return found.at(path[-1])


def test_parts_are_what_their_words_say() -> None:
    ports = shape(Service, "spec", "ports")
    assert isinstance(ports, Keyed)
    assert ports.keys == ("port", "protocol")
    assert isinstance(shape(Service, "metadata", "labels"), Mapped)
    assert isinstance(shape(Service, "metadata", "finalizers"), ValueSet)
    assert shape(Service, "spec", "selector") is LEAF
    assert shape(Service, "spec", "clusterIPs") is LEAF
    assert shape(Service, "spec", "type") is LEAF
    assert shape(EndpointSlice, "endpoints") is LEAF
    assert shape(HTTPRoute, "spec", "rules") is LEAF
    assert shape(Service, "nonsense") is LEAF


def test_an_item_is_told_apart_by_its_keys_defaults_included() -> None:
    ports = shape(Service, "spec", "ports")
    assert isinstance(ports, Keyed)

    assert ports.step({"port": 80, "name": "x"}) == 'k:{"port":80,"protocol":"TCP"}'
    assert ports.step({"port": 80, "protocol": "UDP"}) == 'k:{"port":80,"protocol":"UDP"}'
    with pytest.raises(PatchError, match="port: is required"):
        ports.step({"name": "x"})
    with pytest.raises(PatchError, match="must be a mapping"):
        ports.step("x")


def test_a_value_is_told_apart_by_itself() -> None:
    finalizers = shape(Service, "metadata", "finalizers")
    assert isinstance(finalizers, ValueSet)

    assert finalizers.step("a/ä") == 'v:"a/ä"'
    with pytest.raises(PatchError, match="single value"):
        finalizers.step({})
