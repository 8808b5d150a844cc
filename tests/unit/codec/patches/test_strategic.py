"""Strategic merge patches, as Kubernetes documents them, on the lists of Services and of metadata."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.codec.patches import strategic
from tulle.codec.patches.errors import PatchError
from tulle.model.kinds.core import ConfigMap, Secret
from tulle.model.kinds.endpoint_slice import EndpointSlice
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.service import Service
from tulle.model.kinds.workload import Workload


def ports(*numbers: int) -> dict[str, Any]:
    return {"spec": {"ports": [{"port": number, "name": f"p{number}"} for number in numbers]}}


def numbers(document: dict[str, Any]) -> list[int]:
    return [port["port"] for port in document["spec"]["ports"]]


def patched(document: dict[str, Any], patch: object) -> dict[str, Any]:
    return strategic.apply(Service, document, patch)


def test_an_item_is_found_by_its_merge_key_and_merged() -> None:
    patch = {"spec": {"ports": [{"port": 81, "targetPort": 9}]}}

    assert patched(ports(80, 81), patch)["spec"]["ports"] == [
        {"port": 80, "name": "p80"},
        {"port": 81, "name": "p81", "targetPort": 9},
    ]


def test_an_item_nobody_has_is_added_behind() -> None:
    assert numbers(patched(ports(80), ports(82, 81))) == [80, 82, 81]


def test_an_item_is_deleted_by_a_directive() -> None:
    patch = {"spec": {"ports": [{"$patch": "delete", "port": 80}, {"port": 82}]}}

    assert numbers(patched(ports(80, 81), patch)) == [81, 82]


def test_a_list_is_replaced_by_a_directive() -> None:
    patch = {"spec": {"ports": [{"$patch": "replace"}, {"port": 90}]}}

    assert patched(ports(80, 81), patch)["spec"]["ports"] == [{"port": 90}]


def test_a_mapping_is_replaced_or_emptied_by_a_directive() -> None:
    document = {"metadata": {"labels": {"a": "1", "b": "2"}}}

    replaced = patched(document, {"metadata": {"labels": {"$patch": "replace", "c": "3"}}})
    emptied = patched(document, {"metadata": {"labels": {"$patch": "delete"}}})
    assert replaced == {"metadata": {"labels": {"c": "3"}}}
    assert emptied == {"metadata": {"labels": {}}}


def test_null_takes_a_field_away() -> None:
    document = {"spec": {"type": "NodePort", "clusterIP": "10.0.0.1"}}

    assert patched(document, {"spec": {"clusterIP": None, "x": None}}) == {
        "spec": {"type": "NodePort"}
    }


def test_the_order_of_the_patch_wins_and_others_stay_about_where_they_were() -> None:
    order = [{"port": 83}, {"port": 80}, {"port": 84}]
    patch = {"spec": {"$setElementOrder/ports": order, "ports": [{"port": 84}]}}

    assert numbers(patched(ports(80, 81, 83), patch)) == [81, 83, 80, 84]


def test_an_order_alone_moves_items() -> None:
    patch = {"spec": {"$setElementOrder/ports": [{"port": 81}, {"port": 80}]}}

    assert numbers(patched(ports(80, 81), patch)) == [81, 80]


def test_values_are_added_once_and_taken_away_by_a_directive() -> None:
    document = {"metadata": {"finalizers": ["a/a", "b/b", "c/c"]}}
    patch = {
        "metadata": {
            "$deleteFromPrimitiveList/finalizers": ["b/b"],
            "$setElementOrder/finalizers": ["d/d", "a/a", "c/c"],
            "finalizers": ["d/d", "a/a"],
        }
    }

    assert patched(document, patch) == {"metadata": {"finalizers": ["d/d", "a/a", "c/c"]}}


def test_only_what_is_retained_stays() -> None:
    document = {"spec": {"type": "NodePort", "clusterIP": "10.0.0.1", "selector": {"a": "1"}}}
    patch = {"spec": {"$retainKeys": ["type", "selector"], "type": "ClusterIP"}}

    assert patched(document, patch) == {"spec": {"type": "ClusterIP", "selector": {"a": "1"}}}


def test_lists_that_do_not_merge_are_replaced() -> None:
    document = {"endpoints": [{"addresses": ["10.0.0.1"]}]}
    patch = {"endpoints": [{"addresses": ["10.0.0.2"]}]}

    assert strategic.apply(EndpointSlice, document, patch) == patch


def test_directives_below_something_new_leave_no_trace() -> None:
    patch = {"spec": {"ports": [{"port": 80, "$patch": "merge"}], "$setElementOrder/ports": []}}

    assert patched({}, patch) == {"spec": {"ports": [{"port": 80}]}}


@pytest.mark.parametrize(
    "patch",
    [
        [],
        {"spec": {"$patch": "destroy"}},
        {"spec": {"ports": [{"name": "no-key"}]}},
        {"spec": {"ports": ["text"]}},
        {"spec": {"$retainKeys": "type"}},
        {"spec": {"$retainKeys": ["type"], "clusterIP": "x"}},
        {"spec": {"$setElementOrder/ports": {}}},
        {"spec": {"$setElementOrder/clusterIPs": ["10.0.0.1"]}},
        {"spec": {"$deleteFromPrimitiveList/type": ["x"]}},
    ],
)
def test_what_is_no_strategic_patch_is_refused(patch: object) -> None:
    with pytest.raises(PatchError):
        patched(ports(80), patch)


def test_core_kinds_have_them_and_added_ones_do_not() -> None:
    assert all(map(strategic.has_strategy, (Service, ConfigMap, Secret, EndpointSlice)))
    assert not any(map(strategic.has_strategy, (HTTPRoute, Workload)))


PORTS = st.lists(st.integers(1, 9), unique=True, max_size=6)


@given(PORTS, PORTS)
def test_merging_items_loses_and_doubles_none(have: list[int], want: list[int]) -> None:
    merged = numbers(patched(ports(*have), ports(*want)))

    assert sorted(merged) == sorted({*have, *want})
    assert merged[: len(have)] == have


@given(PORTS, PORTS, st.data())
def test_an_order_keeps_both_orders(have: list[int], want: list[int], data: st.DataObject) -> None:
    order = data.draw(st.permutations(want))
    keys = [{"port": number} for number in order]
    patch = {"spec": {"$setElementOrder/ports": keys, **ports(*want)["spec"]}}
    merged = numbers(patched(ports(*have), patch))

    assert [number for number in merged if number in want] == order
    assert [number for number in merged if number not in want] == [
        number for number in have if number not in want
    ]
