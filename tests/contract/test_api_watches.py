"""Lists and watches over the real socket and real stores: together they give the truth, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.api.kube.watches import watching
from tests.unit.api.servers import WAIT_S, Api, now, serving

from tulle.model.kinds.core import ConfigMap
from tulle.model.resources import Metadata
from tulle.store.contract import Change, Delete, Put, Store
from tulle.store.memory import MemoryStore
from tulle.store.sqlite import SqliteStore

LIST = "/api/v1/configmaps"
WRITES = 60


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened: Store = (
        MemoryStore(now)
        if request.param == "memory"
        else SqliteStore.open(tmp_path / "store.db", now)
    )
    yield opened
    await opened.close()


@pytest.fixture
async def api(store: Store, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(store, tmp_path) as made:
        yield made


def config(name: str, app: str, **data: str) -> ConfigMap:
    return ConfigMap(metadata=Metadata(name=name, namespace="shop", labels={"app": app}), data=data)


def change(number: int) -> list[Change]:
    """Something different every time: a name comes, changes, changes its label, goes, in sets of up to three."""
    names = [f"c{(number + offset) % 5}" for offset in range(number % 3 + 1)]
    return [Put(config(name, "web" if number % 4 else "db", n=str(number))) for name in names]


async def write_much(api: Api) -> int:
    """Sixty changes; the revision of the last."""
    revision = 0
    for number in range(WRITES):
        revision = (await api.sources.store.write(change(number))).revision
        if number % 7 == 6:
            world = await api.sources.store.world()
            gone = [Delete(r.key) for r in world.all(ConfigMap)[:2]]
            revision = (await api.sources.store.write(gone)).revision
    return revision


def applied(known: dict[str, Any], event: dict[str, Any]) -> None:
    """What a client keeps, after an event; each has to fit what it has."""
    resource = event["object"]
    name = resource["metadata"]["name"]
    match event["type"]:
        case "ADDED":
            assert name not in known
            known[name] = resource
        case "MODIFIED":
            assert name in known
            known[name] = resource
        case "DELETED":
            del known[name]


@pytest.mark.parametrize(
    "selector", ["", "&labelSelector=app%3Dweb", "&labelSelector=app+notin+(web)"]
)
async def test_who_lists_and_watches_on_has_what_a_later_list_gives(
    api: Api, selector: str
) -> None:
    listed = await api.get(f"{LIST}?{selector.removeprefix('&')}")
    known = {item["metadata"]["name"]: item for item in listed["items"]}
    start = listed["metadata"]["resourceVersion"]
    path = f"{LIST}?watch=true&allowWatchBookmarks=true&resourceVersion={start}{selector}"
    async with watching(api, path) as watch, asyncio.TaskGroup() as group:
        writing = group.create_task(write_much(api))
        async with asyncio.timeout(WAIT_S):
            revision = await writing
            end = (await api.get(f"{LIST}?{selector.removeprefix('&')}"))["items"]
            wanted = {item["metadata"]["name"]: item for item in end}
            while known != wanted or not watch.seen:
                applied(known, await watch.next())

    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in watch.seen]
    assert versions == sorted(set(versions))
    assert versions[-1] <= revision


async def test_a_watch_that_broke_goes_on_where_it_was_with_nothing_skipped_or_repeated(
    api: Api,
) -> None:
    start = (await api.get(LIST))["metadata"]["resourceVersion"]
    for number in range(12):
        await api.sources.store.write([Put(config("a", "web", n=str(number)))])
    numbers: list[str] = []
    for _ in range(4):
        async with watching(api, f"{LIST}?watch=true&resourceVersion={start}") as watch:
            for _ in range(3):
                event = await watch.next()
                numbers.append(event["object"]["data"]["n"])
                start = event["object"]["metadata"]["resourceVersion"]

    assert numbers == [str(number) for number in range(12)]


async def test_a_watch_cut_after_every_event_of_sets_hears_each_change_once(api: Api) -> None:
    start = (await api.get(LIST))["metadata"]["resourceVersion"]
    names = [f"c{number}" for number in range(4)]
    await api.sources.store.write([Put(config(name, "web")) for name in names])
    deletes = [Delete(config(name, "web").key) for name in names[:2]]
    await api.sources.store.write([*deletes, Put(config("c3", "db"))])
    heard: list[tuple[str, str]] = []
    for _ in range(7):
        async with watching(api, f"{LIST}?watch=true&resourceVersion={start}") as watch:
            heard += await watch.told(1)
            start = watch.seen[0]["object"]["metadata"]["resourceVersion"]

    assert heard == [
        *(("ADDED", name) for name in names),
        ("DELETED", "c0"),
        ("DELETED", "c1"),
        ("MODIFIED", "c3"),
    ]
    assert start == (await api.get(LIST))["metadata"]["resourceVersion"]


async def test_many_clients_hear_the_same(api: Api) -> None:
    start = (await api.get(LIST))["metadata"]["resourceVersion"]
    heard: list[list[tuple[str, str]]] = []

    async def listen() -> None:
        async with watching(api, f"{LIST}?watch=true&resourceVersion={start}") as watch:
            heard.append(await watch.told(40))

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(listen())
        await write_much(api)

    assert all(told == heard[0] for told in heard)
