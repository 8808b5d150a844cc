"""Any sequence of writes: stores agree with each other, sets are atomic, and watches tell the whole story."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tulle.model.kinds.core import Namespace, Secret
from tulle.model.kinds.workload import Workload, WorkloadSpec, WorkloadStatus
from tulle.model.resources import Condition, Metadata, Resource, key_of, spec_of
from tulle.model.worlds import World
from tulle.store.contract import Batch, Change, Delete, Put, Store
from tulle.store.errors import StoreError
from tulle.store.memory import MemoryStore
from tulle.store.sqlite import SqliteStore

NOW = 1_800_000_000.0

names = st.sampled_from(["a", "b", "c"])
metadata = st.builds(
    Metadata,
    name=names,
    namespace=st.sampled_from(["shop", "bank"]),
    labels=st.dictionaries(st.sampled_from(["app", "v"]), st.sampled_from(["1", "2"]), max_size=2),
)
statuses = st.builds(
    WorkloadStatus,
    conditions=st.lists(
        st.builds(Condition, type=st.just("Ready"), status=names, reason=st.just("r")), max_size=1
    ).map(tuple),
)
resources: st.SearchStrategy[Resource] = st.one_of(
    st.builds(
        Workload,
        metadata=metadata,
        spec=st.builds(WorkloadSpec, address=st.sampled_from(["10.0.0.1", "10.0.0.2"])),
        status=statuses,
    ),
    st.builds(Secret, metadata=metadata, data=st.dictionaries(names, names, max_size=1)),
    st.builds(Namespace, metadata=metadata),
)
expectations = st.one_of(st.none(), st.sampled_from(["0", "1", "2", "3"]))
keys = st.builds(key_of, st.sampled_from([Workload, Secret, Namespace]), st.just("shop"), names)
changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(Put, resources, expectations, st.booleans()),
    st.builds(Put, resources),
    st.builds(Delete, keys, expectations),
)
write_sets = st.lists(st.lists(changes, max_size=4), max_size=8)


def without_uids(resources: Sequence[Resource] | World) -> list[Resource]:
    return [
        msgspec.structs.replace(r, metadata=msgspec.structs.replace(r.metadata, uid=""))
        for r in resources
    ]


async def told(store: Store, changes: Sequence[Change]) -> object:
    """What a store answers to a write, without what it made up."""
    try:
        batch = await store.write(changes)
    except StoreError as error:
        return type(error), str(error)
    return batch.revision, without_uids(batch.changed), batch.removed


async def watched(store: Store, after: int) -> list[Batch]:
    until, found = (await store.world()).revision, list[Batch]()
    if after == until:
        return found
    async with aclosing(store.watch(after)) as batches:
        async for batch in batches:
            found.append(batch)
            if batch.revision == until:
                break
    return found


@asynccontextmanager
async def both() -> AsyncIterator[tuple[Store, Store]]:
    with tempfile.TemporaryDirectory() as folder:
        disk = SqliteStore.open(Path(folder) / "x.db", lambda: NOW)
        yield MemoryStore(lambda: NOW), disk
        await disk.close()


@settings(max_examples=40, deadline=None)
@given(write_sets)
async def test_both_stores_answer_alike(sets: list[list[Change]]) -> None:
    async with both() as (memory, disk):
        for changes in sets:
            assert await told(memory, changes) == await told(disk, changes)
        one, other = await memory.world(), await disk.world()
        assert without_uids(one) == without_uids(other)
        assert one.revision == other.revision


@settings(max_examples=40, deadline=None)
@given(write_sets)
async def test_what_is_on_disk_is_what_was_in_memory(sets: list[list[Change]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.db"
        for changes in sets:
            store = SqliteStore.open(path, lambda: NOW)
            await told(store, changes)
            before = await store.world()
            await store.close()
            again = SqliteStore.open(path, lambda: NOW)
            after = await again.world()
            await again.close()
            assert list(after) == list(before)
            assert after.revision == before.revision


@settings(max_examples=40, deadline=None)
@given(write_sets, st.integers(0, 8))
async def test_an_old_world_and_its_watch_give_the_new_world(
    sets: list[list[Change]], moment: int
) -> None:
    async with both() as stores:
        for store in stores:
            followed = World()
            for number, changes in enumerate(sets):
                if number == moment:
                    followed = await store.world()
                await told(store, changes)
            for batch in await watched(store, followed.revision):
                assert batch.before == followed.revision
                followed = followed.changed(batch.changed, batch.removed, batch.revision)
            assert list(followed) == list(await store.world())


@settings(max_examples=40, deadline=None)
@given(write_sets)
async def test_a_watch_cut_after_any_change_goes_on_with_the_next_one(
    sets: list[list[Change]],
) -> None:
    """From memory and from the log alike: every change once, in order, and whole writes from where one ends."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.db"
        memory, disk = MemoryStore(lambda: NOW), SqliteStore.open(path, lambda: NOW)
        written = [await batches(memory, sets), await batches(disk, sets)]
        for store, made in zip((memory, disk), written, strict=True):
            await assert_resumes(store, made)
        await disk.close()
        again = SqliteStore.open(path, lambda: NOW)
        await assert_resumes(again, written[1])
        await again.close()


async def batches(store: Store, sets: list[list[Change]]) -> list[Batch]:
    """What a store made of writes."""
    made = list[Batch]()
    for changes in sets:
        with suppress(StoreError):
            made.append(await store.write(changes))
    return [batch for batch in made if batch]


async def assert_resumes(store: Store, made: list[Batch]) -> None:
    numbered = [one for batch in made for one in batch.numbered()]
    assert [number for number, _, _ in numbered] == list(range(1, len(numbered) + 1))
    for number, _, resource in numbered:
        assert resource is None or resource.metadata.resource_version == str(number)
    ends = {0, *(batch.revision for batch in made)}
    for after in range(len(numbered) + 1):
        rest = await watched(store, after)
        assert [one for batch in rest for one in batch.numbered()] == numbered[after:]
        if after in ends:
            assert rest == [batch for batch in made if batch.revision > after]


@given(write_sets)
async def test_a_refused_set_changes_nothing(sets: list[list[Change]]) -> None:
    store = MemoryStore(lambda: NOW)
    for changes in sets:
        before = await store.world()
        try:
            await store.write(changes)
        except StoreError:
            assert await store.world() is before


@given(write_sets, st.lists(resources, max_size=5))
async def test_writing_the_same_again_makes_no_revision(
    sets: list[list[Change]], again: list[Resource]
) -> None:
    store = MemoryStore(lambda: NOW)
    for changes in sets:
        await told(store, changes)
    puts = [Put(resource) for resource in {resource.key: resource for resource in again}.values()]
    first = await store.write(puts)
    second = await store.write(puts)
    assert second == Batch(first.revision)


@given(write_sets)
async def test_generations_grow_only_with_the_spec(sets: list[list[Change]]) -> None:
    store = MemoryStore(lambda: NOW)
    for changes in sets:
        before = await store.world()
        await told(store, changes)
        for after in await store.world():
            old = before.find(after.key)
            if old is None or old.metadata.uid != after.metadata.uid:
                assert after.metadata.generation == 1
            else:
                changed = spec_of(after) != spec_of(old)
                assert after.metadata.generation == old.metadata.generation + changed
