"""Whatever is written: earlier worlds are as they were, and who follows the events has what a list gives."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from tests.properties.test_store import NOW, write_sets

from tulle.api.kube.reading.events import ADDED, DELETED, Scope, events_of
from tulle.api.kube.reading.history import History
from tulle.codec.selectors import Selector, parse_labels
from tulle.model.kinds.core import Secret
from tulle.model.kinds.workload import Workload
from tulle.model.names import ResourceKey
from tulle.model.resources import Resource
from tulle.model.worlds import World
from tulle.store.contract import Change, Put
from tulle.store.errors import StoreError
from tulle.store.memory import MemoryStore

WAIT_S = 20.0

selectors = st.sampled_from(["", "app", "app=1", "app!=1", "app in (1,2),!v"])
scopes = st.builds(
    Scope,
    st.sampled_from([Workload, Secret]),
    st.sampled_from([None, "shop"]),
    selectors.map(lambda text: Selector(parse_labels(text))),  # type: ignore[arg-type]
)


async def written(sets: Sequence[Sequence[Change]], kept: int) -> tuple[History, list[World]]:
    """A history that followed all writes, and every world there was."""
    store = MemoryStore(lambda: NOW)
    history, worlds = await History.open(store, kept), [await store.world()]
    async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
        task = group.create_task(history.run())
        for changes in sets:
            plain = [c for c in changes if not isinstance(c, Put) or not c.status_only]
            with suppress(StoreError):
                batch = await store.write(plain)
                if batch:
                    worlds.append(await store.world())
        await history.reach(worlds[-1].revision)
        task.cancel()
    return history, worlds


def listed(world: World, scope: Scope) -> dict[ResourceKey, Resource]:
    return {r.key: r for r in world.all(scope.kind) if scope.wants(r)}


@given(write_sets, scopes)
def test_a_list_and_every_event_after_it_make_the_list_of_now(
    sets: list[list[Change]], scope: Scope
) -> None:
    history, worlds = asyncio.run(written(sets, 1000))

    for world in worlds:
        known = listed(world, scope)
        moved = history.after(world.revision)
        assert moved is not None
        assert [m.revision for m in moved] == list(range(world.revision + 1, history.revision + 1))
        for event in events_of(moved, scope):
            key = event.resource.key
            assert (event.type == ADDED) is (key not in known)
            if event.type == DELETED:
                del known[key]
            else:
                known[key] = event.resource
        assert known == listed(worlds[-1], scope)


@given(write_sets, scopes)
def test_a_watch_cut_after_any_event_goes_on_with_the_next_one(
    sets: list[list[Change]], scope: Scope
) -> None:
    history, _ = asyncio.run(written(sets, 1000))

    events = list(events_of(history.after(0) or (), scope))
    versions = [int(event.resource.metadata.resource_version) for event in events]
    assert versions == sorted(set(versions))
    for place, version in enumerate(versions, start=1):
        assert list(events_of(history.after(version) or (), scope)) == events[place:]


@given(write_sets)
def test_every_world_there_was_can_be_had_again(sets: list[list[Change]]) -> None:
    history, worlds = asyncio.run(written(sets, 1000))

    for world in worlds:
        again = history.world_at(world.revision, worlds[-1])
        assert again is not None
        assert list(again) == list(world)


@given(write_sets, st.integers(1, 5))
def test_the_memory_stays_within_its_bound_and_forgets_the_oldest_first(
    sets: list[list[Change]], kept: int
) -> None:
    history, worlds = asyncio.run(written(sets, kept))

    known = history.after(history.oldest)
    assert known is not None
    newest = worlds[-1].revision - (worlds[-2].revision if worlds[1:] else 0)
    assert len(known) == min(max(kept, newest), history.revision)
    for world in worlds:
        assert (history.after(world.revision) is None) is (world.revision < history.oldest)
