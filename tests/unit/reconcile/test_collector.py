"""The loop that takes away what is due, on a real store."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from tulle.model.kinds.core import ConfigMap, Namespace
from tulle.model.names import ResourceKey
from tulle.model.resources import Metadata, OwnerReference
from tulle.reconcile.collector import Collector
from tulle.store.contract import Batch, Change, Delete, Put
from tulle.store.errors import ConflictError, StoreFull
from tulle.store.memory import MemoryStore

WAIT_S = 20.0


class Troubled(MemoryStore):
    """A store whose next writes fail with these."""

    def __init__(self) -> None:
        super().__init__(lambda: 0.0)
        self.troubles: list[Exception] = []

    async def write(self, changes: Iterable[Change], dry_run: bool = False) -> Batch:
        if self.troubles:
            raise self.troubles.pop()
        return await super().write(changes, dry_run)


@pytest.fixture
async def store() -> Troubled:
    return Troubled()


@pytest.fixture
async def collecting(store: Troubled) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(Collector(store).run())
        yield
        running.cancel()


async def gone(store: Troubled, revision: int, *keys: ResourceKey) -> None:
    """Wait until none of them is there."""
    async with asyncio.timeout(WAIT_S):
        async for _ in store.watch(revision - 1):
            if not any(map((await store.world()).find, keys)):
                return


def config_map(name: str, *owners: OwnerReference) -> ConfigMap:
    return ConfigMap(metadata=Metadata(name=name, namespace="shop", owner_references=owners))


async def owned(store: Troubled) -> tuple[ConfigMap, ConfigMap]:
    await store.write([Put(config_map("a"))])
    owner = (await store.world()).get(ConfigMap, "shop", "a")
    assert owner is not None
    ref = OwnerReference(api_version="v1", kind="ConfigMap", name="a", uid=owner.metadata.uid)
    await store.write([Put(config_map("b", ref))])
    return config_map("a"), config_map("b")


@pytest.mark.usefixtures("collecting")
async def test_what_has_no_owner_any_more_is_deleted(store: Troubled) -> None:
    a, b = await owned(store)
    batch = await store.write([Delete(a.key)])

    await gone(store, batch.revision, b.key)


@pytest.mark.usefixtures("collecting")
async def test_a_deleted_namespace_is_emptied_and_goes(store: Troubled) -> None:
    shop = Namespace(metadata=Metadata(name="shop"))
    await store.write([Put(shop), Put(config_map("a"))])
    batch = await store.write([Delete(shop.key)])

    await gone(store, batch.revision, shop.key, config_map("a").key)


async def test_what_was_left_behind_before_it_began_is_found(store: Troubled) -> None:
    a, b = await owned(store)
    await store.write([Delete(a.key)])
    await Collector(store).sweep()

    assert (await store.world()).find(b.key) is None


async def test_who_is_overtaken_looks_again(store: Troubled) -> None:
    a, b = await owned(store)
    await store.write([Delete(a.key)])
    store.troubles = [ConflictError("overtaken"), ConflictError("overtaken")]
    await Collector(store).sweep()

    assert (await store.world()).find(b.key) is None


async def test_a_store_that_fails_is_tried_again(
    store: Troubled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tulle.reconcile.collector.RETRY_S", 0.0)
    a, b = await owned(store)
    batch = await store.write([Delete(a.key)])
    store.troubles = [StoreFull("full")]
    async with asyncio.TaskGroup() as group:
        running = group.create_task(Collector(store).run())
        await gone(store, batch.revision, b.key)
        running.cancel()


async def test_it_ends_with_the_store(store: Troubled) -> None:
    async with asyncio.TaskGroup() as group, asyncio.timeout(WAIT_S):
        running = group.create_task(Collector(store).run())
        await asyncio.sleep(0)
        await store.close()
        await running
