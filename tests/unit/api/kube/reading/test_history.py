"""The memory of the latest revisions: whole, in order, bounded."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from types import MappingProxyType

import pytest
from tests.unit.api.servers import WAIT_S, now

from tulle.api.kube.reading import history as history_module
from tulle.api.kube.reading.history import History
from tulle.model.kinds.core import ConfigMap
from tulle.model.resources import Metadata
from tulle.store.contract import Batch, Delete, Put
from tulle.store.errors import StoreReadOnly
from tulle.store.memory import MemoryStore


def config(name: str, **data: str) -> ConfigMap:
    return ConfigMap(metadata=Metadata(name=name, namespace="shop"), data=data)


@asynccontextmanager
async def following(store: MemoryStore, kept: int = 100) -> AsyncIterator[History]:
    history = await History.open(store, kept)
    async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
        task = group.create_task(history.run())
        yield history
        task.cancel()


async def change(store: MemoryStore, history: History, *changes: Put | Delete) -> int:
    revision = (await store.write(changes)).revision
    await history.reach(revision)
    return revision


async def test_every_revision_is_told_with_what_was_before() -> None:
    store = MemoryStore(now)
    async with following(store) as history:
        first = await change(store, history, Put(config("a", x="1")))
        second = await change(store, history, Put(config("a", x="2")), Put(config("b")))
        third = await change(store, history, Delete(config("a").key))
        moved = history.after(0)

    assert moved is not None
    assert [m.revision for m in moved] == [first, second - 1, second, third]
    made, changed, added, removed = moved
    assert (made.before, made.after) == (None, changed.before)
    assert changed.after == removed.before
    assert added.before is removed.after is None


async def test_what_is_replaced_in_one_write_goes_and_comes_at_revisions_of_its_own() -> None:
    store = MemoryStore(now)
    async with following(store) as history:
        await change(store, history, Put(config("a")))
        await change(store, history, Delete(config("a").key), Put(config("a")))
        _, went, came = history.after(0) or ()

    assert (went.revision, went.before is not None, went.after) == (2, True, None)
    assert (came.revision, came.before, came.after is not None) == (3, None, True)


async def test_a_watch_goes_on_amid_a_write() -> None:
    store = MemoryStore(now)
    async with following(store) as history:
        await change(store, history, *(Put(config(name)) for name in "abc"))
        rest = history.after(1)

        assert rest is not None
        assert [(move.revision, move.key.name) for move in rest] == [(2, "b"), (3, "c")]
        amid = history.world_at(1, await store.world())
        assert amid is not None
        assert [one.metadata.name for one in amid] == ["a"]


async def test_a_watch_goes_on_where_it_was_and_no_revision_is_skipped_or_repeated() -> None:
    store = MemoryStore(now)
    async with following(store) as history:
        for number in range(10):
            await change(store, history, Put(config("a", x=str(number))))
        for revision in range(11):
            moved = history.after(revision)
            assert moved is not None
            assert [m.revision for m in moved] == list(range(revision + 1, 11))


async def test_what_is_forgotten_or_has_not_been_is_told_apart_from_nothing_new() -> None:
    store = MemoryStore(now)
    async with following(store, kept=3) as history:
        for number in range(10):
            await change(store, history, Put(config("a", x=str(number))))

        assert history.after(6) is None
        assert history.oldest == 7
        assert history.after(10) == []
        assert history.after(11) is None


async def test_the_newest_write_is_kept_however_large_it_is() -> None:
    store = MemoryStore(now)
    async with following(store, kept=3) as history:
        await change(store, history, Put(config("a")))
        await change(store, history, *(Put(config(f"c{n}")) for n in range(10)))

        assert len(history.after(1) or ()) == 10
        assert history.after(0) is None


async def test_few_large_ones_weigh_as_much_as_many_small_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history_module, "KEPT_BYTES", 10_000)
    store = MemoryStore(now)
    async with following(store) as history:
        for number in range(6):
            await change(store, history, Put(config("a", x=str(number), y="y" * 4000)))

        assert history.oldest == 4
        await change(store, history, Delete(config("a").key))
        assert history.oldest == 4


async def test_earlier_worlds_can_be_had_as_they_were() -> None:
    store = MemoryStore(now)
    worlds = [await store.world()]
    async with following(store) as history:
        for changes in (
            [Put(config("a", x="1"))],
            [Put(config("a", x="2")), Put(config("b"))],
            [Delete(config("a").key)],
            [Put(config("a", x="3"))],
        ):
            await change(store, history, *changes)
            worlds.append(await store.world())

        for world in worlds:
            found = history.world_at(world.revision, worlds[-1])
            assert found is not None
            assert list(found) == list(world)
            assert found.revision == world.revision
        assert history.world_at(99, worlds[-1]) is None


async def test_waiting_ends_with_news_with_time_and_with_the_memory() -> None:
    store = MemoryStore(now)
    async with following(store) as history:
        await history.wait(0, 0.001)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(history.wait(0, WAIT_S))
            await store.write([Put(config("a"))])
        assert waiting.done()
        async with asyncio.TaskGroup() as group:
            group.create_task(history.wait(1, WAIT_S))
            await asyncio.sleep(0)
            history.close()
    assert history.closed


async def test_after_falling_behind_it_begins_anew_with_the_store_as_it_is() -> None:
    store = MemoryStore(now, keep=2)
    history = await History.open(store)
    for number in range(5):
        await store.write([Put(config("a", x=str(number)))])
    async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
        task = group.create_task(history.run())
        await history.reach(5)
        assert (history.oldest, history.after(0)) == (5, None)
        task.cancel()


class _Failing(MemoryStore):
    """A store whose log cannot be read, once."""

    failures = 1

    async def watch(self, after: int) -> AsyncGenerator[Batch, None]:
        if self.failures:
            self.failures -= 1
            raise StoreReadOnly("the disk is gone", "bring it back")
        async for batch in super().watch(after):
            yield batch


async def test_a_store_that_cannot_be_read_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "RETRY_S", 0.001)
    store = _Failing(now)
    async with following(store) as history:
        await change(store, history, Put(config("a")))

        assert history.revision == 1


async def test_labels_that_may_not_be_changed_weigh_as_much_as_others() -> None:
    """A workload's come from its token, which keeps them so."""
    labels = MappingProxyType({"app": "web"})
    store = MemoryStore(now)
    async with following(store) as history:
        metadata = Metadata(name="a", namespace="shop", labels=labels)
        revision = await change(store, history, Put(ConfigMap(metadata=metadata)))

        assert history.revision == revision


async def test_what_never_comes_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "REACH_S", 0.001)
    async with following(MemoryStore(now)) as history:
        await history.reach(99)

        assert history.after(99) is None


async def test_a_gap_in_the_revisions_makes_it_begin_anew() -> None:
    history = await History.open(MemoryStore(now))
    history._add(Batch(1, (config("a"),)))
    history._add(Batch(5, (config("b"),)))

    assert (history.oldest, history.after(1), history.after(5)) == (5, None, [])
