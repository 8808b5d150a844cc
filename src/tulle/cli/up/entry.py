"""The way in: the loopback ports of doors, tried until they lead somewhere, so that the URL printed works."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from tulle.cli.up.programs import Running
from tulle.graph.mesh import MeshGraph, Protocol
from tulle.graph.views import view_of
from tulle.model.names import ServiceRef

LOOPBACK = "127.0.0.1"
LIMIT_S = 10.0
ONE_TRY_S = 5.0
AGAIN_S = 0.1
NOBODY_THERE = 503
"""What a proxy answers that knows no endpoint yet."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One upstream of a door: who enters here meets the service."""

    service: ServiceRef
    port: int
    local_port: int
    protocol: Protocol

    def __str__(self) -> str:
        if self.protocol is Protocol.HTTP:
            return f"curl http://{LOOPBACK}:{self.local_port}/"
        if self.protocol.is_http:
            return f"{self.protocol}://{LOOPBACK}:{self.local_port}"
        return f"{LOOPBACK}:{self.local_port}"


def entries(doors: Iterator[Running], graph: MeshGraph) -> list[Entry]:
    """Every way in, HTTP first: the first one is what a person is told to try."""
    found = [entry for door in doors for entry in _of(door, graph)]
    return sorted(found, key=lambda entry: entry.protocol is not Protocol.HTTP)


def _of(door: Running, graph: MeshGraph) -> Iterator[Entry]:
    view = view_of(graph, door.launch.replica.ref)
    spoken = {(o.port.service, o.port.port): o.protocol for o in (view.outbound if view else ())}
    for bound in door.upstreams:
        service = ServiceRef(bound.namespace, bound.service)
        protocol = spoken.get((service, bound.port), Protocol.TCP)
        yield Entry(service, bound.port, bound.local_port, protocol)


async def answers(entry: Entry) -> bool:
    """Try the way in until something behind it answers; False if that takes too long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LIMIT_S):
            while not await _is_open(entry):  # noqa: ASYNC110 - another process's doing
                await asyncio.sleep(AGAIN_S)
            return True
    return False


async def _is_open(entry: Entry) -> bool:
    try:
        async with asyncio.timeout(ONE_TRY_S):
            reader, writer = await asyncio.open_connection(LOOPBACK, entry.local_port)
            try:
                if not entry.protocol.is_http:
                    return True
                writer.write(request_to(entry))
                return status_in(await reader.readline()) not in {None, NOBODY_THERE}
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


def request_to(entry: Entry) -> bytes:
    """The plainest request there is."""
    host = f"{entry.service.name}.{entry.service.namespace}"
    return f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()


def status_in(line: bytes) -> int | None:
    """The status of an HTTP/1.1 response by its first line; None if it is none."""
    match line.split(maxsplit=2):
        case [version, status, *_] if version.startswith(b"HTTP/1.") and status.isdigit():
            return int(status)
        case _:
            return None
