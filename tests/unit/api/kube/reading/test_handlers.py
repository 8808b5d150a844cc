"""Get and list over a real socket: pages, revisions, forms."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.api.servers import Api, now, serving

from tulle.api.kube.paths import path_of, path_of_one
from tulle.api.kube.reading.handlers import Reading
from tulle.api.kube.reading.history import History
from tulle.model.kinds import ALL
from tulle.model.kinds.core import ConfigMap
from tulle.model.resources import Metadata
from tulle.store.contract import Delete, Put
from tulle.store.memory import MemoryStore

LIST = "/api/v1/namespaces/shop/configmaps"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(MemoryStore(now), tmp_path) as made:
        yield made


def config(name: str, app: str = "web", **data: str) -> ConfigMap:
    metadata = Metadata(name=name, namespace="shop", labels={"app": app})
    return ConfigMap(metadata=metadata, data=data)


async def write(api: Api, *changes: Put | Delete) -> int:
    return (await api.sources.store.write(changes)).revision


def named(listed: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    return [item["metadata"]["name"] for item in listed["items"]]


async def test_every_kind_can_be_listed_and_got_and_no_path_means_two_things() -> None:
    store = MemoryStore(now)
    reading = Reading(store, await History.open(store), now)
    routes = [(r.method, r.path) for r in reading.routes()]

    assert len(set(routes)) == len(routes)
    for kind in ALL:
        assert {("GET", path_of_one(kind)), ("GET", path_of(kind))} <= set(routes)


async def test_selectors_choose(api: Api) -> None:
    await write(api, Put(config("a")), Put(config("b", "db")), Put(config("c", "cache")))

    assert named(await api.get(f"{LIST}?labelSelector=app%20in%20(web,db)")) == ["a", "b"]
    assert named(await api.get(f"{LIST}?labelSelector=app!%3Dweb")) == ["b", "c"]
    assert named(await api.get(f"{LIST}?fieldSelector=metadata.name%3Dc")) == ["c"]
    refused = await api.get(f"{LIST}?fieldSelector=data.x%3D1", status=400)
    assert refused["problems"][0]["code"] == "selector-malformed"


async def test_pages_are_cut_from_one_world_whatever_changes_meanwhile(api: Api) -> None:
    revision = await write(api, *(Put(config(name)) for name in "abcde"))
    first = await api.get(f"{LIST}?limit=2")
    await write(api, Delete(config("c").key), Put(config("aa")), Put(config("d", x="changed")))
    second = await api.get(f"{LIST}?limit=2&continue={first['metadata']['continue']}")
    third = await api.get(f"{LIST}?limit=2&continue={second['metadata']['continue']}")

    assert [*named(first), *named(second), *named(third)] == list("abcde")
    assert first["metadata"]["remainingItemCount"] == 3
    assert "continue" not in third["metadata"]
    assert {p["metadata"]["resourceVersion"] for p in (first, second, third)} == {str(revision)}
    assert second["items"][1].get("data") is None


async def test_a_page_whose_world_is_forgotten_comes_with_a_way_on(api: Api) -> None:
    await write(api, *(Put(config(name)) for name in "abc"))
    first = await api.get(f"{LIST}?limit=1")
    api.sources.history._kept = 1
    for number in range(3):
        await api.sources.history.reach(await write(api, Put(config("d", x=str(number)))))
    expired = await api.get(f"{LIST}?limit=1&continue={first['metadata']['continue']}", status=410)

    assert expired["reason"] == "Expired"
    rest = await api.get(f"{LIST}?continue={expired['metadata']['continue']}")
    assert named(rest) == ["b", "c", "d"]


async def test_a_revision_can_be_had_exactly_or_as_a_lower_bound(api: Api) -> None:
    old = await write(api, Put(config("a")))
    new = await write(api, Put(config("b")))

    exact = await api.get(f"{LIST}?resourceVersion={old}&resourceVersionMatch=Exact")
    assert (named(exact), exact["metadata"]["resourceVersion"]) == (["a"], str(old))
    for rules in (f"resourceVersion={old}", "resourceVersion=0", ""):
        assert named(await api.get(f"{LIST}?{rules}")) == ["a", "b"]
    late = await api.get(f"{LIST}?resourceVersion={new + 5}", status=504)
    assert late["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"
    await api.get(f"{LIST}/a?resourceVersion={new + 5}", status=504)
    api.sources.history._moves.clear()
    gone = await api.get(f"{LIST}?resourceVersion={old}&resourceVersionMatch=Exact", status=410)
    assert gone["reason"] == "Expired"


async def test_a_long_list_is_whole_too(api: Api) -> None:
    await write(api, *(Put(config(f"c{number:03}")) for number in range(600)))

    assert len((await api.get(LIST))["items"]) == 600


async def test_what_nobody_speaks_is_not_acceptable(api: Api) -> None:
    async with api.client.get(f"http://tulle{LIST}", headers={"Accept": "text/html"}) as response:
        assert response.status == 406
        assert (await response.json())["reason"] == "NotAcceptable"
