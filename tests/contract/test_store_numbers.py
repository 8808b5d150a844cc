"""Every change has a revision of its own, in every store: what a write makes, and a watch that begins amid it."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from tulle.model.kinds.workload import Workload, WorkloadSpec
from tulle.model.resources import Metadata
from tulle.store.contract import Batch, Delete, Put, Store
from tulle.store.errors import ConflictError
from tulle.store.memory import MemoryStore
from tulle.store.sqlite import SqliteStore


def now() -> float:
    return 1_800_000_000.0


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    in_memory = request.param == "memory"
    opened: Store = MemoryStore(now) if in_memory else SqliteStore.open(tmp_path / "a.db", now)
    yield opened
    await opened.close()


def workload(name: str, address: str = "10.0.0.1") -> Workload:
    metadata = Metadata(name=name, namespace="shop")
    return Workload(metadata=metadata, spec=WorkloadSpec(address=address))


async def take(store: Store, after: int, count: int) -> list[Batch]:
    found: list[Batch] = []
    async with aclosing(store.watch(after)) as batches:
        async for batch in batches:
            found.append(batch)
            if len(found) == count:
                break
    return found


async def test_every_change_of_a_write_has_a_revision_of_its_own(store: Store) -> None:
    await store.write([Put(workload("a"))])

    batch = await store.write([Put(workload("c")), Put(workload("b")), Delete(workload("a").key)])

    assert [(number, key.name) for number, key, _ in batch.numbered()] == [
        (2, "a"),
        (3, "b"),
        (4, "c"),
    ]
    assert [one.metadata.resource_version for one in await store.world()] == ["3", "4"]
    assert (await store.world()).revision == batch.revision == 4


async def test_of_what_was_written_together_each_is_expected_at_its_own_version(
    store: Store,
) -> None:
    await store.write([Put(workload("a")), Put(workload("b"))])

    with pytest.raises(ConflictError):
        await store.write([Put(workload("a", "10.0.0.2"), expect="2")])
    await store.write([Put(workload("a", "10.0.0.2"), expect="1")])


async def test_a_watch_that_begins_amid_a_write_gives_the_rest_of_it(store: Store) -> None:
    written = await store.write([Put(workload(name)) for name in "abc"])
    later = await store.write([Put(workload("d")), Delete(workload("a").key)])

    assert await take(store, 1, 2) == [written.after(1), later]
    assert [one.metadata.name for one in written.after(1).changed] == ["b", "c"]


async def test_what_is_replaced_in_one_write_goes_and_comes_at_revisions_of_its_own(
    store: Store,
) -> None:
    await store.write([Put(workload("a"))])

    batch = await store.write([Delete(workload("a").key), Put(workload("a"))])

    assert [(number, bool(made)) for number, _, made in batch.numbered()] == [(2, False), (3, True)]
    assert await take(store, 2, 1) == [batch.after(2)]
    assert list(await store.world()) == list(batch.changed)
