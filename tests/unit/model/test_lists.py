"""The words of merging stand where both readers look: in the schema of the kinds."""

from typing import Any

import pytest

from tulle.codec.schemas import shared_schema, without_null
from tulle.model import lists
from tulle.model.kinds import ALL
from tulle.model.kinds.service import Service
from tulle.model.resources import Resource


def parts(schema: Any) -> Any:
    schema = without_null(schema)
    yield schema
    for part in schema.get("properties", {}).values():
        yield from parts(part)
    if "items" in schema:
        yield from parts(schema["items"])


def test_ports_of_a_service_merge_as_in_kubernetes() -> None:
    spec = shared_schema(Service)["properties"]["spec"]["properties"]

    assert spec["ports"][lists.LIST_TYPE] == "map"
    assert spec["ports"][lists.LIST_KEYS] == ["port", "protocol"]
    assert (spec["ports"][lists.STRATEGY], spec["ports"][lists.MERGE_KEY]) == ("merge", "port")
    assert spec["selector"][lists.MAP_TYPE] == "atomic"


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.KIND)
def test_every_key_of_a_list_is_a_field_of_its_items_that_is_always_there(
    kind: type[Resource],
) -> None:
    for part in parts(shared_schema(kind)):
        for key in part.get(lists.LIST_KEYS, ()):
            items = part["items"]
            assert key in items["required"] or items["properties"][key].get("default")


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.KIND)
def test_the_metadata_of_every_kind_merge_alike(kind: type[Resource]) -> None:
    metadata = shared_schema(kind)["properties"]["metadata"]["properties"]

    assert metadata["finalizers"][lists.LIST_TYPE] == "set"
    assert metadata["ownerReferences"][lists.LIST_KEYS] == ["uid"]
