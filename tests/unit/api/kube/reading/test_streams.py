"""Watches over a real socket: each event once, in order, only what was asked for; and every way they end."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.api.kube.watches import watching
from tests.unit.api.servers import WAIT_S, Api, now, serving

from tulle.api.kube.reading import streams
from tulle.api.kube.reading.events import Scope
from tulle.api.kube.reading.forms import INITIAL_EVENTS_END, Form
from tulle.api.kube.reading.queries import EVERYTHING, WatchQuery
from tulle.model.kinds.core import ConfigMap
from tulle.model.resources import Metadata
from tulle.store.contract import Delete, Put
from tulle.store.memory import MemoryStore

PATH = "/api/v1/configmaps?watch=true"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(MemoryStore(now), tmp_path) as made:
        yield made


def config(name: str, app: str = "web", namespace: str = "shop", **data: str) -> ConfigMap:
    metadata = Metadata(name=name, namespace=namespace, labels={"app": app})
    return ConfigMap(metadata=metadata, data=data)


async def write(api: Api, *changes: Put | Delete) -> int:
    return (await api.sources.store.write(changes)).revision


async def test_from_a_revision_each_later_event_is_told_once_and_in_order(api: Api) -> None:
    await write(api, Put(config("before")))
    start = await write(api, Put(config("a")))
    async with watching(api, f"{PATH}&resourceVersion={start}") as watch:
        await write(api, Put(config("a", x="1")))
        await write(api, Put(config("b")), Put(config("c")))
        await write(api, Delete(config("a").key))

        assert await watch.told(4) == [
            ("MODIFIED", "a"),
            ("ADDED", "b"),
            ("ADDED", "c"),
            ("DELETED", "a"),
        ]
    versions = [int(e["object"]["metadata"]["resourceVersion"]) for e in watch.seen]
    assert versions == [start + 1, start + 2, start + 3, start + 4]


async def test_from_nowhere_it_tells_first_what_there_is(api: Api) -> None:
    await write(api, Put(config("a")), Put(config("b")))
    async with watching(api, PATH) as watch:
        assert await watch.told(2) == [("ADDED", "a"), ("ADDED", "b")]
        await write(api, Put(config("c")))
        assert await watch.told(1) == [("ADDED", "c")]


async def test_a_watch_list_marks_where_what_there_was_ends(api: Api) -> None:
    revision = await write(api, Put(config("a")))
    query = "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    async with watching(api, PATH + query) as watch:
        assert await watch.told(2) == [("ADDED", "a"), ("BOOKMARK", "")]
        mark = watch.seen[-1]["object"]
        assert mark["kind"] == "ConfigMap"
        assert mark["metadata"]["resourceVersion"] == str(revision)
        assert mark["metadata"]["annotations"] == {INITIAL_EVENTS_END: "true"}


async def test_what_begins_to_match_a_selector_comes_and_what_ceases_to_goes(api: Api) -> None:
    await write(api, Put(config("a", "web")), Put(config("b", "db")))
    async with watching(api, f"{PATH}&labelSelector=app%3Dweb") as watch:
        assert await watch.told(1) == [("ADDED", "a")]
        await write(api, Put(config("b", "web")))
        await write(api, Put(config("a", "db")))
        await write(api, Put(config("a", "other")))
        await write(api, Put(config("c", "web", namespace="else")))
        assert await watch.told(3) == [("ADDED", "b"), ("DELETED", "a"), ("ADDED", "c")]


async def test_a_namespace_hears_nothing_of_others_nor_one_name_of_others(api: Api) -> None:
    path = "/api/v1/namespaces/shop/configmaps?watch=1&fieldSelector=metadata.name%3Da"
    async with watching(api, path) as watch:
        await write(api, Put(config("a", namespace="else")), Put(config("b")))
        await write(api, Put(config("a")))
        assert await watch.told(1) == [("ADDED", "a")]


async def test_as_a_table_the_columns_come_once(api: Api) -> None:
    await write(api, Put(config("a", x="1")))
    async with watching(api, PATH, TABLE) as watch:
        first = (await watch.next())["object"]
        await write(api, Put(config("b")))
        second = (await watch.next())["object"]

    assert first["rows"][0]["cells"] == ["a", 1, "0s"]
    assert [bool(table["columnDefinitions"]) for table in (first, second)] == [True, False]


async def test_a_large_set_is_told_in_many_writes_and_whole(api: Api) -> None:
    async with watching(api, PATH) as watch:
        await write(api, *(Put(config(f"c{n:03}", y="y" * 2000)) for n in range(200)))

        assert await watch.told(200) == [("ADDED", f"c{n:03}") for n in range(200)]
    assert len({e["object"]["metadata"]["resourceVersion"] for e in watch.seen}) == 200


async def test_it_ends_when_its_time_is_up(api: Api) -> None:
    async with watching(api, f"{PATH}&timeoutSeconds=1") as watch:
        assert await watch.rest() == []


@pytest.mark.parametrize("revision", [1, 10_000])
async def test_from_what_is_forgotten_or_has_not_been_it_is_told_to_list_again(
    api: Api, revision: int
) -> None:
    api.sources.history._kept = 1
    for number in range(5):
        await api.sources.history.reach(await write(api, Put(config("a", x=str(number)))))
    async with watching(api, f"{PATH}&resourceVersion={revision}") as watch:
        (event,) = await watch.rest()

    assert event["type"] == "ERROR"
    status = event["object"]
    assert (status["kind"], status["code"], status["reason"]) == ("Status", 410, "Expired")


async def test_bookmarks_come_to_who_asked_for_them(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BOOKMARK_S", 0.0)
    monkeypatch.setattr(streams, "LOOK_S", 0.01)
    revision = (await api.sources.store.world()).revision
    query = f"&resourceVersion={revision}&allowWatchBookmarks=true"
    async with watching(api, PATH + query) as watch:
        mark = await watch.next()

    assert mark["type"] == "BOOKMARK"
    assert mark["object"]["metadata"]["resourceVersion"] == str(revision)


def test_bookmarks_are_due_once_a_minute_and_when_the_clock_was_set_back() -> None:
    clock = [1000.0]
    scope = Scope(ConfigMap, None, EVERYTHING)
    lines = streams._Lines(scope, WatchQuery(bookmarks=True), Form(), lambda: clock[0])

    due = []
    for clock[0] in (1059.0, 1060.0, 1061.0, 500.0, 501.0):
        due.append(bool(lines.mark(7)))

    assert due == [False, True, False, True, False]


async def test_it_ends_with_the_server(api: Api) -> None:
    async with watching(api, PATH) as watch:
        api.sources.history.close()
        assert await watch.rest() == []


async def test_a_client_that_reads_nothing_is_left_and_nobody_waits_for_it(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(streams, "WRITE_S", 0.05)
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.setblocking(False)
        await asyncio.get_running_loop().sock_connect(deaf, str(api.path))
        request = f"GET {PATH} HTTP/1.1\r\nHost: tulle\r\n\r\n".encode()
        await asyncio.get_running_loop().sock_sendall(deaf, request)
        async with watching(api, PATH) as attentive:
            for number in range(40):
                await write(api, Put(config("a", x=str(number), y="y" * 100_000)))
            events = [await attentive.next() for _ in range(40)]
        assert [e["object"]["data"]["x"] for e in events] == [str(n) for n in range(40)]
        heard = 0
        async with asyncio.timeout(WAIT_S):
            while "was not read" not in caplog.text:  # noqa: ASYNC110 - a log has no event
                await asyncio.sleep(0.001)
            while data := await _received(deaf):
                heard += len(data)
    assert heard < 40 * 100_000


async def _received(sock: socket.socket) -> bytes:
    try:
        return await asyncio.get_running_loop().sock_recv(sock, 65536)
    except ConnectionResetError:
        return b""
