"""The way in: tried until it leads somewhere."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import cast

import pytest

from tulle.cli.inspection.local import world_of
from tulle.cli.processes import replicas_of
from tulle.cli.up import entry as entry_module
from tulle.cli.up.entry import Entry, answers, entries, request_to, status_in
from tulle.cli.up.plan import Launch
from tulle.cli.up.programs import Running
from tulle.codec import decode
from tulle.graph.compile import compile_mesh
from tulle.graph.mesh import Protocol
from tulle.model.kinds.process import Process
from tulle.model.kinds.workload import BoundUpstream
from tulle.model.names import ServiceRef

WEB = ServiceRef("shop", "web")


def entry(port: int, protocol: Protocol = Protocol.HTTP) -> Entry:
    return Entry(WEB, 80, port, protocol)


@asynccontextmanager
async def answering(reply: Callable[[], bytes]) -> AsyncIterator[int]:
    """A port where every connection gets a reply and is closed."""

    handling: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handling.add(cast(asyncio.Task[None], asyncio.current_task()))
        await reader.read(1)
        writer.write(reply())
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.wait(handling)


@pytest.mark.parametrize("status", [200, 404, 500])
async def test_any_answer_but_nobody_there_opens_the_way(status: int) -> None:
    async with answering(lambda: b"HTTP/1.1 %d Whatever\r\n\r\n" % status) as port:
        assert await answers(entry(port))


async def test_it_is_tried_until_somebody_is_there() -> None:
    replies = [b"HTTP/1.1 503 x\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\n\r\n"]
    async with answering(lambda: replies.pop(0)) as port:
        assert await answers(entry(port))

    assert replies == []


async def test_a_way_that_leads_nowhere_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_module, "LIMIT_S", 0.2)
    async with answering(lambda: b"HTTP/1.1 503 x\r\n\r\n") as port:
        assert not await answers(entry(port))


async def test_for_tcp_a_connection_is_enough() -> None:
    async with answering(lambda: b"") as port:
        assert await answers(entry(port, Protocol.TCP))


def test_it_reads_as_what_to_type() -> None:
    assert str(entry(80)) == "curl http://127.0.0.1:80/"
    assert str(entry(80, Protocol.GRPC)) == "grpc://127.0.0.1:80"
    assert str(entry(80, Protocol.TCP)) == "127.0.0.1:80"


def test_the_request_names_the_service() -> None:
    assert b"\r\nHost: web.shop\r\n" in request_to(entry(80))


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"HTTP/1.1 200 OK\r\n", 200),
        (b"HTTP/1.1 503\r\n", 503),
        (b"", None),
        (b"SSH-2.0-x\r\n", None),
    ],
)
def test_only_http_has_a_status(line: bytes, status: int | None) -> None:
    assert status_in(line) == status


def test_of_all_doors_the_http_way_comes_first() -> None:
    text = """
apiVersion: v1
kind: Service
metadata: {name: %s, namespace: shop}
spec: {selector: {app: %s}, ports: [{name: %s, port: 80}]}
---
"""
    door = (
        "apiVersion: tulle.dev/v1\nkind: Process\nmetadata: {name: door, namespace: shop}\n"
        "spec: {upstreams: [{service: db, port: 80}, {service: web, port: 80}]}\n"
    )
    found = decode.read(text % ("db", "db", "tcp") + text % ("web", "web", "http") + door, "m.yaml")
    graph = compile_mesh(world_of(found.resources)).graph
    (process,) = (r for r in found.resources if isinstance(r, Process))
    running = Running(Launch(replicas_of(process)[0], (), None))
    running.upstreams = tuple(
        BoundUpstream(service=name, namespace="shop", port=80, local_port=port)
        for name, port in (("db", 4001), ("web", 4002))
    )

    assert [str(way) for way in entries(iter([running]), graph)] == [
        "curl http://127.0.0.1:4002/",
        "127.0.0.1:4001",
    ]
