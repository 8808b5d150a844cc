"""The rules of a write, as the pure function they are. `tests/contract/test_store.py` has the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.model.kinds.core import Namespace
from tulle.model.kinds.mesh import Mesh, MeshSpec, MeshStatus
from tulle.model.names import ResourceKey
from tulle.model.resources import Metadata
from tulle.model.worlds import World
from tulle.store.contract import (
    ABSENT,
    Batch,
    Delete,
    Put,
    Stamp,
    check_watchable,
    plan,
)
from tulle.store.errors import Compacted, ConflictError, NotFound

STAMP = Stamp(now=0.0, new_uid=lambda: "uid-1")


def mesh(**fields: object) -> Mesh:
    return Mesh(metadata=Metadata(name="default"), **fields)  # type: ignore[arg-type]


def stored(revision: int = 7) -> World:
    batch = plan(World((), revision - 1), [Put(mesh())], Stamp(0.0, lambda: "uid-0"))
    return World(batch.changed, revision)


def test_planning_does_not_touch_the_world() -> None:
    world = stored()

    batch = plan(world, [Delete(mesh().key), Put(Namespace(metadata=Metadata(name="n")))], STAMP)

    assert [resource.KIND for resource in batch.changed] == ["Namespace"]
    assert batch.removed == (ResourceKey("Mesh", "", "default"),)
    assert [resource.KIND for resource in world] == ["Mesh"]


def test_stamps_come_from_the_store() -> None:
    (created,) = plan(World((), 7), [Put(mesh())], STAMP).changed

    assert created.metadata == Metadata(
        name="default",
        generation=1,
        resource_version="8",
        uid="uid-1",
        creation_timestamp="1970-01-01T00:00:00Z",
    )


def test_every_change_has_a_number_of_its_own_and_what_goes_goes_first() -> None:
    puts = [Put(Namespace(metadata=Metadata(name=name))) for name in ("b", "a")]

    batch = plan(stored(7), [*puts, Delete(mesh().key)], STAMP)

    assert (batch.before, batch.revision, len(batch)) == (7, 10, 3)
    numbered = [(number, key.name, bool(new)) for number, key, new in batch.numbered()]
    assert numbered == [(8, "default", False), (9, "a", True), (10, "b", True)]
    assert [one.metadata.resource_version for one in batch.changed] == ["9", "10"]


def test_what_is_replaced_goes_at_one_number_and_comes_at_another() -> None:
    batch = plan(stored(7), [Delete(mesh().key), Put(mesh())], STAMP)

    assert [(number, bool(new)) for number, _, new in batch.numbered()] == [(8, False), (9, True)]
    assert {key for _, key, _ in batch.numbered()} == {mesh().key}


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 20))
def test_the_rest_of_a_batch_is_what_has_later_numbers(
    changed: int, removed: int, revision: int
) -> None:
    namespaces = tuple(Namespace(metadata=Metadata(name=f"c{n}")) for n in range(changed))
    gone = tuple(ResourceKey("Namespace", "", f"r{n}") for n in range(removed))
    batch = Batch(12, namespaces, gone)

    rest = batch.after(revision)

    assert list(rest.numbered()) == [one for one in batch.numbered() if one[0] > revision]
    assert rest.revision == 12


def test_no_change_is_the_worlds_own_revision() -> None:
    assert plan(stored(7), [Put(mesh())], STAMP) == Batch(7)


def test_a_resource_made_and_removed_by_one_set_never_was() -> None:
    key = ResourceKey("Namespace", "", "n")

    batch = plan(World(), [Put(Namespace(metadata=Metadata(name="n"))), Delete(key)], STAMP)

    assert batch == Batch(0)


def test_a_spec_that_ends_as_it_was_keeps_its_generation() -> None:
    other = mesh(spec=MeshSpec(trust_domain="other"))

    assert plan(stored(7), [Put(other), Put(mesh())], STAMP) == Batch(7)
    (changed,) = plan(stored(7), [Put(mesh()), Put(other), Put(other)], STAMP).changed
    assert changed.metadata.generation == 2


def test_expectations_speak_of_what_was_before_the_set() -> None:
    status = MeshStatus(trust_bundle=("pem",))
    changes = [Put(mesh(), expect="7"), Put(mesh(status=status), expect="7", status_only=True)]

    (changed,) = plan(stored(7), changes, STAMP).changed

    assert isinstance(changed, Mesh)
    assert changed.status == status


def test_a_conflict_names_both_versions_and_the_resource() -> None:
    with pytest.raises(ConflictError, match="version 7, not 3") as caught:
        plan(stored(7), [Put(mesh(), expect="3")], STAMP)

    assert caught.value.resource == mesh().key
    assert caught.value.problem.code == "conflict"


def test_what_must_be_absent_and_is_there_conflicts() -> None:
    with pytest.raises(ConflictError, match="exists already"):
        plan(stored(7), [Put(mesh(), expect=ABSENT)], STAMP)


def test_what_must_be_at_a_version_and_is_gone_is_not_found() -> None:
    with pytest.raises(NotFound):
        plan(World(), [Delete(mesh().key, expect="3")], STAMP)


@pytest.mark.parametrize("after", [3, 5, 9])
def test_kept_revisions_can_be_watched(after: int) -> None:
    check_watchable(after, compacted=3, revision=9)


@pytest.mark.parametrize("after", [0, 2, 10])
def test_revisions_that_are_gone_or_unknown_cannot_be_watched(after: int) -> None:
    with pytest.raises(Compacted, match=f"revision {after}"):
        check_watchable(after, compacted=3, revision=9)
