"""What a deletion means to every store: finalizers, namespaces, preconditions."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from tulle.model.kinds.core import Namespace
from tulle.model.kinds.workload import Workload, WorkloadSpec, WorkloadStatus
from tulle.model.resources import Condition, ManagedFields, Metadata
from tulle.store.contract import Batch, Delete, Put, Store
from tulle.store.errors import ConflictError, InvalidChange
from tulle.store.memory import MemoryStore
from tulle.store.sqlite import SqliteStore

NOW = 1_800_000_000.0
READY = Condition(type="Ready", status="True", reason="Healthy")


def now() -> float:
    return NOW


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    in_memory = request.param == "memory"
    opened: Store = MemoryStore(now) if in_memory else SqliteStore.open(tmp_path / "a.db", now)
    yield opened
    await opened.close()


def workload(name: str, *, status: tuple[Condition, ...] = ()) -> Workload:
    return Workload(
        metadata=Metadata(name=name, namespace="shop"),
        spec=WorkloadSpec(address="10.0.0.1"),
        status=WorkloadStatus(conditions=status),
    )


async def find(store: Store, name: str) -> Workload:
    found = (await store.world()).get(Workload, "shop", name)
    assert found is not None
    return found


def held(name: str, *finalizers: str) -> Workload:
    metadata = Metadata(name=name, namespace="shop", finalizers=finalizers)
    return Workload(metadata=metadata, spec=WorkloadSpec(address="10.0.0.1"))


async def test_what_a_finalizer_holds_stays_until_it_is_taken_away(store: Store) -> None:
    await store.write([Put(held("a", "tulle.dev/x", "tulle.dev/y"))])
    deleted = await store.write([Delete(held("a").key)])

    marked = (await find(store, "a")).metadata
    assert deleted.removed == ()
    assert (marked.deletion_timestamp, marked.generation) == ("2027-01-15T08:00:00Z", 2)
    await store.write([Put(held("a", "tulle.dev/x"))])
    assert (await find(store, "a")).metadata.deletion_timestamp == "2027-01-15T08:00:00Z"
    gone = await store.write([Put(held("a"))])
    assert gone.removed == (held("a").key,)
    assert list(await store.world()) == []


async def test_deleting_again_what_waits_for_a_finalizer_changes_nothing(store: Store) -> None:
    await store.write([Put(held("a", "tulle.dev/x"))])
    first = await store.write([Delete(held("a").key)])

    assert await store.write([Delete(held("a").key)]) == Batch(first.revision)


async def test_what_is_being_deleted_takes_no_new_finalizer(store: Store) -> None:
    await store.write([Put(held("a", "tulle.dev/x"))])
    await store.write([Delete(held("a").key)])

    with pytest.raises(InvalidChange, match="no new finalizers"):
        await store.write([Put(held("a", "tulle.dev/x", "tulle.dev/y"))])


async def test_nobody_but_the_store_says_that_a_resource_is_being_deleted(store: Store) -> None:
    forged = Metadata(
        name="a",
        namespace="shop",
        deletion_timestamp="2027-01-15T08:00:00Z",
        deletion_grace_period_seconds=30,
        finalizers=("tulle.dev/x",),
    )
    await store.write([Put(Workload(metadata=forged, spec=WorkloadSpec(address="10.0.0.1")))])

    found = (await find(store, "a")).metadata
    assert (found.deletion_timestamp, found.deletion_grace_period_seconds) == ("", None)
    assert found.finalizers == ("tulle.dev/x",)


async def test_a_deletion_that_means_another_uid_is_a_conflict(store: Store) -> None:
    await store.write([Put(workload("a"))])

    with pytest.raises(ConflictError, match="another one than was meant"):
        await store.write([Delete(workload("a").key, uid="other")])
    uid = (await find(store, "a")).metadata.uid
    assert (await store.write([Delete(workload("a").key, uid=uid)])).removed


async def test_a_namespace_stays_while_something_is_in_it(store: Store) -> None:
    shop = Namespace(metadata=Metadata(name="shop"))
    await store.write([Put(shop), Put(workload("a"))])
    await store.write([Delete(shop.key)])

    marked = (await store.world()).find(shop.key)
    assert isinstance(marked, Namespace)
    assert (marked.status.phase, marked.metadata.finalizers) == ("Terminating", ("kubernetes",))
    await store.write([Delete(workload("a").key), Put(shop)])
    assert list(await store.world()) == []


async def test_a_namespace_deleted_with_all_that_is_in_it_goes_at_once(store: Store) -> None:
    shop = Namespace(metadata=Metadata(name="shop"))
    await store.write([Put(shop), Put(workload("a")), Put(held("b", "tulle.dev/x"))])
    await store.write([Delete(shop.key), Delete(workload("a").key)])
    assert (await store.world()).find(shop.key) is not None

    await store.write([Delete(held("b").key)])
    await store.write([Put(held("b")), Put(shop)])
    assert list(await store.world()) == []
    await store.write([Put(shop), Put(workload("a"))])
    await store.write([Delete(shop.key), Delete(workload("a").key)])
    assert list(await store.world()) == []


async def test_a_status_can_bring_who_wrote_it(store: Store) -> None:
    await store.write([Put(workload("a"))])
    managed = (ManagedFields(manager="me", subresource="status"),)
    changed = workload("a", status=(READY,))
    metadata = msgspec.structs.replace(changed.metadata, managed_fields=managed)
    changed = msgspec.structs.replace(changed, metadata=metadata)

    await store.write([Put(changed, status_only=True)])
    assert (await find(store, "a")).metadata.managed_fields == ()
    await store.write([Put(changed, status_only=True, managed_too=True)])
    assert (await find(store, "a")).metadata.managed_fields == managed
