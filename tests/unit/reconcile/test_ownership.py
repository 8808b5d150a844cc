"""Who goes with whom: owners, namespaces, and rings of those who wait for each other."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.model.deletions import Propagation
from tulle.model.kinds.core import ConfigMap, Namespace
from tulle.model.kinds.mesh import Mesh
from tulle.model.names import ResourceKey
from tulle.model.resources import Metadata, OwnerReference, Resource
from tulle.model.worlds import World
from tulle.reconcile.ownership import due, matters
from tulle.store.contract import Batch, Change, Delete, Put, Stamp, plan


def key(name: str) -> ResourceKey:
    return ResourceKey("ConfigMap", "shop", name)


class Meshlet:
    """A world under change, by the rules of every store."""

    def __init__(self) -> None:
        self.world = World()

    def write(self, *changes: Change) -> Batch:
        revision = self.world.revision + 1
        batch = plan(self.world, changes, Stamp(0.0, lambda: f"uid-{revision}"))
        if batch:
            self.world = self.world.changed(batch.changed, batch.removed, batch.revision)
        return batch

    def add(self, name: str, *owners: str, blocks: bool = False, finalizer: str = "") -> None:
        refs = tuple(self.ref(owner, blocks=blocks) for owner in owners)
        finalizers = (finalizer,) if finalizer else ()
        metadata = Metadata(
            name=name, namespace="shop", owner_references=refs, finalizers=finalizers
        )
        self.write(Put(ConfigMap(metadata=metadata)))

    def ref(self, owner: str, *, blocks: bool = False) -> OwnerReference:
        found = self.world.find(key(owner))
        uid = found.metadata.uid if found else "gone"
        block = blocks or None
        return OwnerReference(
            api_version="v1", kind="ConfigMap", name=owner, uid=uid, block_owner_deletion=block
        )

    def delete(self, name: str, propagation: Propagation | None = None) -> None:
        self.write(Delete(key(name), propagation=propagation))

    def settle(self) -> int:
        """Do what is due until nothing is; how often that was."""
        for times in range(50):
            changes = due(self.world)
            if not changes:
                return times
            assert self.write(*changes), "something is due, and changes nothing"
        raise AssertionError("it never ends")

    @property
    def names(self) -> set[str]:
        return {one.metadata.name for one in self.world}

    def get(self, name: str) -> Resource:
        found = self.world.find(key(name))
        assert found is not None
        return found


@pytest.fixture
def meshlet() -> Meshlet:
    return Meshlet()


def test_who_has_an_owner_stays_as_long_as_the_owner(meshlet: Meshlet) -> None:
    meshlet.add("a")
    meshlet.add("b", "a")
    meshlet.add("c", "b")
    assert due(meshlet.world) == []

    meshlet.delete("a")
    meshlet.settle()
    assert meshlet.names == set()


def test_who_has_another_owner_stays_and_forgets_the_one_that_is_gone(meshlet: Meshlet) -> None:
    meshlet.add("a")
    meshlet.add("b")
    meshlet.add("c", "a", "b")
    meshlet.delete("a")
    meshlet.settle()

    assert meshlet.names == {"b", "c"}
    assert [ref.name for ref in meshlet.get("c").metadata.owner_references] == ["b"]


def test_another_of_the_same_name_is_no_owner(meshlet: Meshlet) -> None:
    meshlet.add("a")
    meshlet.add("b", "a")
    meshlet.delete("a")
    meshlet.add("a")
    meshlet.settle()

    assert meshlet.names == {"a"}


def test_an_orphan_stays_and_has_no_owner_any_more(meshlet: Meshlet) -> None:
    meshlet.add("a")
    meshlet.add("b", "a")
    meshlet.delete("a", Propagation.ORPHAN)
    meshlet.settle()

    assert meshlet.names == {"b"}
    assert meshlet.get("b").metadata.owner_references == ()


def test_in_the_foreground_the_owner_goes_last(meshlet: Meshlet) -> None:
    meshlet.add("a")
    meshlet.add("b", "a", blocks=True, finalizer="tulle.dev/test")
    meshlet.delete("a", Propagation.FOREGROUND)
    meshlet.settle()
    assert meshlet.names == {"a", "b"}
    assert meshlet.get("b").metadata.deletion_timestamp

    held = meshlet.get("b")
    metadata = Metadata(name="b", namespace="shop", owner_references=held.metadata.owner_references)
    meshlet.write(Put(ConfigMap(metadata=metadata)))
    meshlet.settle()
    assert meshlet.names == set()


def test_who_does_not_block_is_not_waited_for(meshlet: Meshlet) -> None:
    meshlet.add("a")
    meshlet.add("b", "a", finalizer="tulle.dev/test")
    meshlet.delete("a", Propagation.FOREGROUND)
    meshlet.settle()

    assert meshlet.names == {"b"}


def test_a_ring_of_owners_that_wait_for_each_other_comes_apart(meshlet: Meshlet) -> None:
    meshlet.add("a")
    meshlet.add("b", "a", blocks=True)
    refs = (meshlet.ref("b", blocks=True),)
    meshlet.write(
        Put(ConfigMap(metadata=Metadata(name="a", namespace="shop", owner_references=refs)))
    )
    meshlet.delete("a", Propagation.FOREGROUND)
    meshlet.settle()

    assert meshlet.names == set()


@pytest.mark.parametrize(
    "owner",
    [
        OwnerReference(api_version="apps/v1", kind="Deployment", name="x", uid="1"),
        OwnerReference(api_version="other/v1", kind="ConfigMap", name="x", uid="1"),
    ],
)
def test_owners_of_kinds_we_do_not_know_are_left_in_peace(
    meshlet: Meshlet, owner: OwnerReference
) -> None:
    metadata = Metadata(name="a", namespace="shop", owner_references=(owner,))
    meshlet.write(Put(ConfigMap(metadata=metadata)))

    assert due(meshlet.world) == []


def test_what_belongs_to_the_whole_mesh_is_not_owned_from_within_a_namespace(
    meshlet: Meshlet,
) -> None:
    refs = (meshlet.ref("gone"),)
    meshlet.write(Put(Namespace(metadata=Metadata(name="n", owner_references=refs))))

    assert due(meshlet.world) == []


def test_the_mesh_is_never_taken_away(meshlet: Meshlet) -> None:
    gone = OwnerReference(api_version="v1", kind="Namespace", name="n", uid="gone")
    meshlet.write(Put(Mesh(metadata=Metadata(name="default", owner_references=(gone,)))))

    assert due(meshlet.world) == []


def test_a_namespace_takes_everything_in_it_along(meshlet: Meshlet) -> None:
    meshlet.add("a")
    meshlet.add("b", "a")
    shop = Namespace(metadata=Metadata(name="shop"))
    meshlet.write(Put(shop), Put(Namespace(metadata=Metadata(name="other"))))
    meshlet.write(Delete(shop.key))
    assert meshlet.names == {"a", "b", "shop", "other"}

    meshlet.settle()
    assert meshlet.names == {"other"}


def test_a_namespace_waits_for_what_a_finalizer_holds(meshlet: Meshlet) -> None:
    meshlet.add("a", finalizer="tulle.dev/test")
    shop = Namespace(metadata=Metadata(name="shop"))
    meshlet.write(Put(shop))
    meshlet.write(Delete(shop.key))
    meshlet.settle()

    assert meshlet.names == {"a", "shop"}
    meshlet.write(Put(ConfigMap(metadata=Metadata(name="a", namespace="shop"))))
    meshlet.settle()
    assert meshlet.names == set()


def test_only_deletions_and_owners_matter(meshlet: Meshlet) -> None:
    plain = Put(ConfigMap(metadata=Metadata(name="a", namespace="shop")))
    assert not matters(meshlet.write(plain))
    assert matters(meshlet.write(Delete(key("a"))))
    refs = (meshlet.ref("x"),)
    owned = ConfigMap(metadata=Metadata(name="b", namespace="shop", owner_references=refs))
    assert matters(meshlet.write(Put(owned)))


names = st.sampled_from("abcdef")
graphs = st.lists(
    st.tuples(names, st.lists(names, max_size=2, unique=True), st.booleans()), max_size=8
)
deletions = st.lists(st.tuples(names, st.sampled_from([None, *Propagation])), max_size=3)


@given(graphs, deletions)
def test_whatever_owns_whatever_it_comes_to_an_end_and_leaves_nobody_without_an_owner(
    graph: Sequence[tuple[str, list[str], bool]],
    deleted: Sequence[tuple[str, Propagation | None]],
) -> None:
    meshlet = Meshlet()
    for name, owners, blocks in graph:
        meshlet.add(name, *owners, blocks=blocks)
    for name, propagation in deleted:
        if meshlet.world.find(key(name)):
            meshlet.delete(name, propagation)
    meshlet.settle()

    uids = {one.metadata.uid for one in meshlet.world}
    for one in meshlet.world:
        assert not one.metadata.deletion_timestamp
        assert all(ref.uid in uids for ref in one.metadata.owner_references)
