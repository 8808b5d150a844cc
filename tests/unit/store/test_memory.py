"""What is particular to the store in memory; the contract is tested in `tests/contract/test_store.py`."""

import asyncio

import pytest

from tulle.model.kinds.core import ConfigMap
from tulle.model.resources import Metadata
from tulle.store.contract import Put
from tulle.store.errors import Compacted
from tulle.store.memory import MemoryStore


def config(value: str) -> ConfigMap:
    return ConfigMap(metadata=Metadata(name="c", namespace="shop"), data={"k": value})


async def test_the_log_holds_no_more_than_it_was_told_to_keep() -> None:
    store = MemoryStore(lambda: 0.0, keep=10)
    for number in range(100):
        await store.write([Put(config(str(number)))])

    assert len(store._log) == 10
    with pytest.raises(Compacted):
        await anext(store.watch(89))
    assert (await anext(store.watch(90))).revision == 91


async def test_one_write_wakes_every_watch() -> None:
    store = MemoryStore(lambda: 0.0)
    async with asyncio.TaskGroup() as group:
        watches = [group.create_task(anext(store.watch(0))) for _ in range(5)]
        batch = await store.write([Put(config("x"))])

    assert [watch.result() for watch in watches] == [batch] * 5
