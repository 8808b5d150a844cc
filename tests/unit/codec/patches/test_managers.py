"""Who owns what after writes that are no apply, and the written form of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.codec.patches.errors import PatchError
from tulle.codec.patches.fields import EMPTY, difference, fields_of, from_tree, text_of
from tulle.codec.patches.managers import (
    ANCIENT,
    MAX_UPDATERS,
    Managers,
    Owned,
    Writer,
    disowned,
    is_written_by,
    read,
    readable,
    timed,
    updated,
    write,
)
from tulle.codec.patches.shapes import shape_of_kind
from tulle.model.kinds.service import Service
from tulle.model.resources import ManagedFields

SHAPE = shape_of_kind(Service)
NOW, LATER = "2027-01-15T08:00:00Z", "2027-01-15T09:00:00Z"
ANN, BOB = Writer("ann", api_version="v1"), Writer("bob", api_version="v1")


def service(**labels: str) -> dict[str, Any]:
    return {"kind": "Service", "metadata": {"name": "web", "labels": labels}}


def owned(managers: Managers, writer: Writer) -> set[str]:
    return {text_of(path) for path in managers[writer].fields}


def test_who_creates_owns_all_but_the_name() -> None:
    managers = updated({}, {}, service(a="1"), SHAPE, ANN, NOW)

    assert owned(managers, ANN) == {".metadata.labels", ".metadata.labels.a"}
    assert managers[ANN].time == NOW


def test_who_changes_a_field_owns_it_and_others_do_not() -> None:
    first = updated({}, {}, service(a="1", b="1"), SHAPE, ANN, NOW)
    managers = updated(first, service(a="1", b="1"), service(a="2", b="1"), SHAPE, BOB, LATER)

    assert owned(managers, BOB) == {".metadata.labels.a"}
    assert owned(managers, ANN) == {".metadata.labels", ".metadata.labels.b"}


def test_who_writes_the_same_owns_nothing_new_and_no_time_moves() -> None:
    first = updated({}, {}, service(a="1"), SHAPE, ANN, NOW)

    assert updated(first, service(a="1"), service(a="1"), SHAPE, BOB, LATER) == first
    assert updated(first, service(a="1"), service(a="1"), SHAPE, ANN, LATER) == first


def test_what_is_gone_has_no_owner() -> None:
    first = updated({}, {}, service(a="1"), SHAPE, ANN, NOW)

    assert updated(first, service(a="1"), {"metadata": {"name": "web"}}, SHAPE, BOB, LATER) == {}


def test_a_status_is_owned_by_who_writes_the_status() -> None:
    status = Writer("ann", api_version="v1", subresource="status")
    new = {**service(), "status": {"virtualAddresses": ["240.0.0.1"]}}

    assert owned(updated({}, service(), new, SHAPE, status, NOW), status) == {
        ".status",
        ".status.virtualAddresses",
    }
    assert updated({}, service(), new, SHAPE, ANN, NOW) == {}
    assert is_written_by("status")(("f:status", "f:x"))
    assert not is_written_by("status")(("f:spec",))


def test_the_written_form_is_kubernetes() -> None:
    managers = updated({}, {}, service(a="1"), SHAPE, ANN, NOW)

    assert write(managers) == (
        ManagedFields(
            manager="ann",
            operation="Update",
            api_version="v1",
            time=NOW,
            fields_type="FieldsV1",
            fields_v1={"f:metadata": {"f:labels": {".": {}, "f:a": {}}}},
        ),
    )
    assert read(write(managers)) == managers


def test_appliers_stand_first_and_are_the_same_whatever_version_they_write() -> None:
    label = from_tree({"f:metadata": {"f:labels": {"f:a": {}}}})
    applier = Writer("zoe", "Apply", "v1").identity
    entries = write({ANN: Owned(label, "v1", NOW), applier: Owned(label, "v1", LATER)})

    assert [entry.manager for entry in entries] == ["zoe", "ann"]
    assert applier == Writer("zoe", "Apply", "v2").identity
    assert Writer("ann", api_version="v2").identity != ANN


def test_a_set_nobody_can_read_is_no_set() -> None:
    broken = [ManagedFields(manager="x", fields_v1={"nonsense": {}})]

    assert readable(broken) is None
    assert readable([]) == {}
    with pytest.raises(PatchError):
        read(broken)


def test_writers_are_bounded_and_the_oldest_become_one() -> None:
    managers: Managers = {}
    old = service()
    for number in range(MAX_UPDATERS + 5):
        new = service(**old["metadata"]["labels"], **{f"l{number}": "1"})
        when = f"2027-01-15T08:00:{number:02}Z"
        managers = updated(managers, old, new, SHAPE, Writer(f"w{number}", api_version="v1"), when)
        old = new

    assert len(managers) == MAX_UPDATERS
    ancient = Writer(ANCIENT, api_version="v1")
    assert ".metadata.labels.l0" in owned(managers, ancient)
    everything = EMPTY.union(*(one.fields for one in managers.values()))
    wanted = fields_of(old, SHAPE) - {("f:kind",), ("f:metadata", "f:name")}
    assert wanted <= everything


def test_who_owns_nothing_is_no_manager() -> None:
    changes = difference(service(a="1"), service(), SHAPE)
    label = from_tree({"f:metadata": {"f:labels": {"f:a": {}}}})

    assert timed(disowned({ANN: Owned(label, "v1", NOW)}, changes, EMPTY), {}, NOW) == {}


labels = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), max_size=3)


@given(st.lists(st.tuples(labels, st.sampled_from([ANN, BOB])), min_size=1, max_size=6))
def test_every_field_that_is_there_has_exactly_one_updater(
    writes: list[tuple[dict[str, str], Writer]],
) -> None:
    managers: Managers = {}
    old: dict[str, Any] = {}
    for given_labels, writer in writes:
        new = service(**given_labels)
        managers = updated(managers, old, new, SHAPE, writer, NOW)
        old = new

    leaves = {("f:metadata", "f:labels", f"f:{key}") for key in old["metadata"]["labels"]}
    for leaf in leaves:
        assert sum(leaf in one.fields for one in managers.values()) == 1
    everything = EMPTY.union(*(one.fields for one in managers.values()))
    assert everything <= leaves | {("f:metadata", "f:labels")}
