"""Server-side apply: what appliers want, own, share, take and give up."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.codec.patches.apply import (
    BEFORE_FIRST_APPLY,
    LAST_APPLIED,
    Applied,
    Live,
    Refused,
    Wish,
    apply,
    merge,
    with_last_applied,
)
from tulle.codec.patches.errors import NotAResource, PatchError
from tulle.codec.patches.fields import text_of
from tulle.codec.patches.managers import Writer, updated
from tulle.codec.patches.settling import settle
from tulle.codec.patches.shapes import shape_of_kind
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.service import Service
from tulle.model.resources import Resource

SHAPE = shape_of_kind(Service)
NOW, LATER = "2027-01-15T08:00:00Z", "2027-01-15T09:00:00Z"
NOTHING = Live(None, {})
ANN, BOB = Writer("ann", "Apply", "v1"), Writer("bob", "Apply", "v1")
KUBECTL = Writer("kubectl", "Apply", "v1")
CLIENT_SIDE = Writer("kubectl-client-side-apply", "Update", "v1")


def config(*ports: int, labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "web", "namespace": "shop"}
    if labels is not None:
        metadata["labels"] = labels
    if ports:
        spec["ports"] = [{"port": port, "name": f"p{port}"} for port in ports]
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def applied(
    live: Live,
    wanted: dict[str, Any],
    writer: Writer,
    now: str = NOW,
    *,
    force: bool = False,
    kind: type[Resource] = Service,
) -> Live:
    result = apply(kind, live, Wish(wanted, writer, now, force))
    assert isinstance(result, Applied), result
    return Live(result.result.value, result.managers)


def refused(live: Live, wanted: dict[str, Any], writer: Writer) -> set[tuple[str, str]]:
    result = apply(Service, live, Wish(wanted, writer, NOW))
    assert isinstance(result, Refused)
    return {(conflict.field, conflict.owner.manager) for conflict in result.conflicts}


def owned(live: Live, writer: Writer) -> set[str]:
    return {text_of(path) for path in live.managers[writer.identity].fields}


def spec(live: Live) -> Any:
    assert live.value is not None
    return live.value["spec"]


def port_numbers(live: Live) -> list[int]:
    return [port["port"] for port in spec(live).get("ports", [])]


def test_who_applies_first_creates_and_owns_what_was_said_but_no_default() -> None:
    live = applied(NOTHING, config(80), ANN)

    assert spec(live)["type"] == "ClusterIP"
    assert owned(live, ANN) == {
        '.spec.ports[port=80,protocol="TCP"]',
        '.spec.ports[port=80,protocol="TCP"].name',
        '.spec.ports[port=80,protocol="TCP"].port',
    }


def test_applying_the_same_again_changes_nothing_not_even_a_time() -> None:
    once = applied(NOTHING, config(80, labels={"a": "1"}), ANN)

    assert applied(once, config(80, labels={"a": "1"}), ANN, LATER) == once


def test_what_is_applied_no_more_goes() -> None:
    live = applied(NOTHING, config(80, 81, labels={"a": "1", "b": "1"}), ANN)
    live = applied(live, config(80, labels={"a": "1"}), ANN)

    assert live.value is not None
    assert port_numbers(live) == [80]
    assert live.value["metadata"]["labels"] == {"a": "1"}


def test_two_appliers_of_different_items_do_not_disturb_each_other() -> None:
    live = applied(applied(NOTHING, config(80), ANN), config(81), BOB)
    assert port_numbers(live) == [80, 81]

    live = applied(live, config(82), BOB)
    assert port_numbers(live) == [80, 82]


def test_a_value_somebody_else_owns_is_a_conflict_that_names_the_owner() -> None:
    live = applied(NOTHING, config(80, type="NodePort"), ANN)

    assert refused(live, config(80, type="ClusterIP"), BOB) == {(".spec.type", "ann")}


def test_by_force_a_value_changes_hands() -> None:
    live = applied(NOTHING, config(80, type="NodePort"), ANN)
    live = applied(live, config(80, type="ClusterIP"), BOB, force=True)

    assert spec(live)["type"] == "ClusterIP"
    assert ".spec.type" in owned(live, BOB)
    assert ".spec.type" not in owned(live, ANN)


def test_who_wants_the_same_value_shares_it_and_it_stays_until_both_give_it_up() -> None:
    live = applied(applied(NOTHING, config(80), ANN), config(80, type="ClusterIP"), BOB)
    assert port_numbers(live) == [80]
    alone = applied(live, config(81), ANN)
    assert port_numbers(alone) == [80, 81]

    nobody = applied(alone, config(82), BOB)
    assert port_numbers(nobody) == [81, 82]


def test_part_of_an_item_goes_and_the_rest_stays_for_its_other_owner() -> None:
    port = {"port": 80, "name": "p80"}
    live = applied(NOTHING, config(ports=[{**port, "appProtocol": "http"}]), ANN)
    live = applied(live, config(ports=[{**port, "targetPort": 9}]), BOB)
    live = applied(live, config(81), ANN)

    assert spec(live)["ports"][0] == {**port, "protocol": "TCP", "targetPort": 9}


def test_an_item_goes_with_the_defaults_nobody_owns() -> None:
    live = applied(applied(NOTHING, config(80), ANN), config(81), ANN)

    assert port_numbers(live) == [81]


def test_a_write_that_is_no_apply_takes_over_and_the_next_apply_conflicts() -> None:
    live = applied(NOTHING, config(80, type="NodePort"), ANN)
    assert live.value is not None
    edited = {**live.value, "spec": {**live.value["spec"], "type": "LoadBalancer"}}
    editor = Writer("kubectl-edit", api_version="v1")
    live = Live(edited, updated(live.managers, live.value, edited, SHAPE, editor, LATER))

    assert refused(live, config(80, type="NodePort"), ANN) == {(".spec.type", "kubectl-edit")}
    assert ".spec.type" in owned(applied(live, config(80, type="NodePort"), ANN, force=True), ANN)


def test_what_was_there_before_the_first_apply_has_an_owner() -> None:
    old = Live(settle(config(80, type="NodePort")).value, {})
    live = applied(old, config(80), ANN)
    before = Writer(BEFORE_FIRST_APPLY, "Update", "v1")

    assert ".spec.type" in owned(live, before)
    assert refused(old, config(80, type="ClusterIP"), ANN) == {(".spec.type", BEFORE_FIRST_APPLY)}


def client_side(wanted: dict[str, Any]) -> Live:
    """What `kubectl apply` leaves behind."""
    note = json.dumps(wanted)
    metadata = {**wanted["metadata"], "annotations": {LAST_APPLIED: note}}
    value = settle({**wanted, "metadata": metadata}).value
    return Live(value, updated({}, {}, value, SHAPE, CLIENT_SIDE, NOW))


def test_kubectl_takes_over_what_it_applied_client_side() -> None:
    live = applied(client_side(config(80, type="NodePort")), config(80, type="ClusterIP"), KUBECTL)

    assert spec(live)["type"] == "ClusterIP"
    assert ".spec.type" in owned(live, KUBECTL)


def test_nobody_but_kubectl_does_and_not_what_was_changed_since() -> None:
    live = client_side(config(80, type="NodePort"))
    assert refused(live, config(80, type="ClusterIP"), ANN) == {
        (".spec.type", "kubectl-client-side-apply")
    }
    assert live.value is not None
    edited = {**live.value, "spec": {**live.value["spec"], "type": "LoadBalancer"}}
    editor = Writer("edit", api_version="v1")
    live = Live(edited, updated(live.managers, live.value, edited, SHAPE, editor, LATER))
    assert refused(live, config(80, type="ClusterIP"), KUBECTL) == {(".spec.type", "edit")}


@pytest.mark.parametrize("note", ["", "[]", "{", '{"kind":"Service"}', "[" * 100_000])
def test_a_note_nobody_can_read_allows_nothing(note: str) -> None:
    live = client_side(config(80, type="NodePort"))
    assert live.value is not None
    metadata = {**live.value["metadata"], "annotations": {LAST_APPLIED: note}}
    broken = Live({**live.value, "metadata": metadata}, live.managers)

    assert refused(broken, config(80, type="ClusterIP"), KUBECTL)


def test_kubectls_note_follows_what_it_applies() -> None:
    noted = with_last_applied(client_side(config(80)).value or {}, config(81))

    note = json.loads(noted["metadata"]["annotations"][LAST_APPLIED])
    assert note["spec"] == config(81)["spec"]
    assert LAST_APPLIED not in note["metadata"]["annotations"]
    plain = settle(config(80)).value
    assert with_last_applied(plain, config(81)) == plain


def test_defaults_inside_of_an_atomic_list_are_no_conflict() -> None:
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"rules": [{"backendRefs": [{"name": "a", "port": 80}]}]},
    }
    once = applied(NOTHING, route, ANN, kind=HTTPRoute)

    assert applied(once, route, ANN, LATER, kind=HTTPRoute) == once
    shared = applied(once, route, BOB, kind=HTTPRoute)
    assert owned(shared, ANN) == owned(shared, BOB) == {".spec.rules"}


def test_what_the_wish_makes_must_be_a_resource() -> None:
    with pytest.raises(NotAResource) as caught:
        apply(Service, NOTHING, Wish(config(0), ANN, NOW))
    assert [one.path for one in caught.value.problems] == ["spec.ports[0].port"]
    twice = {**config(), "spec": {"ports": [{"port": 80}, {"port": 80}]}}
    with pytest.raises(PatchError, match="the same port"):
        apply(Service, NOTHING, Wish(twice, ANN, NOW))


def test_merging_keeps_what_only_the_live_object_has() -> None:
    live = {"metadata": {"labels": {"a": "1"}}, "spec": {"ports": [{"port": 80, "nodePort": 9}]}}
    wish = {"metadata": {"labels": {"b": "2"}}, "spec": {"ports": [{"port": 80, "name": "x"}]}}

    assert merge(live, wish, SHAPE) == {
        "metadata": {"labels": {"a": "1", "b": "2"}},
        "spec": {"ports": [{"port": 80, "nodePort": 9, "name": "x"}]},
    }


numbers = st.lists(st.integers(80, 84), unique=True, min_size=1, max_size=3)
keys = st.dictionaries(st.sampled_from("abc"), st.just("1"), max_size=3)
# An empty mapping is not kept, so nobody owns it for long: nothing is said about it here.
configs = st.builds(lambda ports, labels: config(*ports, labels=labels or None), numbers, keys)
appliers = st.sampled_from([ANN, BOB, Writer("eve", "Apply", "v1")])


def comparable(live: Live) -> Any:
    assert live.value is not None
    value = {**live.value, "spec": {**live.value["spec"], "ports": sorted(port_numbers(live))}}
    return value, {writer: one.fields for writer, one in live.managers.items()}


@given(st.lists(st.tuples(configs, appliers), min_size=1, max_size=6))
def test_ownership_is_never_lost_and_never_points_at_nothing(
    wishes: list[tuple[dict[str, Any], Writer]],
) -> None:
    live, last = NOTHING, dict[Writer, dict[str, Any]]()
    for wanted, writer in wishes:
        live = applied(live, wanted, writer)
        last[writer] = wanted

    assert live.value is not None
    for writer, wanted in last.items():
        merged = merge(live.value, wanted, SHAPE)
        assert isinstance(merged, dict)
        again = Live(settle(merged).value, live.managers)
        assert comparable(again) == comparable(live)
        for port in wanted["spec"]["ports"]:
            step = f'.spec.ports[port={port["port"]},protocol="TCP"]'
            assert step in owned(live, writer)
    assert set(port_numbers(live)) == {
        port["port"] for wanted in last.values() for port in wanted["spec"]["ports"]
    }


@given(configs, appliers)
def test_applying_is_idempotent(wanted: dict[str, Any], writer: Writer) -> None:
    once = applied(NOTHING, wanted, writer)

    assert applied(once, wanted, writer, LATER) == once


@given(configs, configs)
def test_the_order_of_independent_appliers_does_not_matter(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    there = applied(applied(NOTHING, one, ANN), other, BOB)
    back = applied(applied(NOTHING, other, BOB), one, ANN)

    assert comparable(there) == comparable(back)


@given(configs, configs, configs)
def test_what_an_applier_wanted_in_between_leaves_no_trace(
    first: dict[str, Any], second: dict[str, Any], others: dict[str, Any]
) -> None:
    base = applied(NOTHING, others, BOB)
    detour = applied(applied(base, first, ANN), second, ANN)

    assert comparable(detour) == comparable(applied(base, second, ANN))
