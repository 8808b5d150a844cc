"""A name server to ask, as good or as bad as the test wants it: it stands for others' servers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from dns.message import Message

from tulle.dns.upstreams import Server

Answering = Callable[[Message, bool], list[bytes]]
"""From a query (and whether it came by TCP) the packets to send."""


def good(query: Message, tcp: bool) -> list[bytes]:
    """Every name is 192.0.2.1 for a minute."""
    made = dns.message.make_response(query)
    name = query.question[0].name
    made.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "192.0.2.1"))
    return [made.to_wire()]


def silent(query: Message, tcp: bool) -> list[bytes]:
    """Nothing at all."""
    return []


def failing(query: Message, tcp: bool) -> list[bytes]:
    """SERVFAIL."""
    made = dns.message.make_response(query)
    made.set_rcode(dns.rcode.SERVFAIL)
    return [made.to_wire()]


def lying(query: Message, tcp: bool) -> list[bytes]:
    """Two answers nobody asked for, then the right one."""
    [right] = good(query, tcp)
    other_id = bytes([right[0] ^ 1, *right[1:]])
    stranger = dns.message.make_query("evil.example.", "A", id=query.id)
    return [other_id, *good(stranger, tcp), b"\x00", right]


def long(query: Message, tcp: bool) -> list[bytes]:
    """Too much for UDP."""
    if tcp:
        return good(query, tcp)
    made = dns.message.make_response(query)
    made.flags |= dns.flags.TC
    return [made.to_wire()]


def old(query: Message, tcp: bool) -> list[bytes]:
    """Knows no EDNS."""
    if query.edns < 0:
        return good(query, tcp)
    made = dns.message.make_response(query)
    made.use_edns(-1)
    made.set_rcode(dns.rcode.FORMERR)
    return [made.to_wire()]


class NameServer(asyncio.DatagramProtocol):
    """`asked` are the names it was asked for, in order; it answers while `open` is set."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.asked: list[str] = []
        self.ports: set[int] = set()
        self.ids: set[int] = set()
        self.open = asyncio.Event()
        self.open.set()
        self.heard = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.ports.add(addr[1])
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        query = self._note(data)
        await self.open.wait()
        assert self._transport is not None
        for packet in self.answering(query, False):
            self._transport.sendto(packet, addr)

    def _note(self, data: bytes) -> Message:
        query = dns.message.from_wire(data)
        self.asked.append(query.question[0].name.to_text())
        self.ids.add(query.id)
        self.heard.set()
        return query

    async def on_connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        size = int.from_bytes(await reader.readexactly(2), "big")
        query = self._note(await reader.readexactly(size))
        for packet in self.answering(query, True):
            writer.write(len(packet).to_bytes(2, "big") + packet)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def name_server(answering: Answering = good) -> AsyncIterator[tuple[Server, NameServer]]:
    """One that runs, on a port of loopback."""
    loop = asyncio.get_running_loop()
    found = NameServer(answering)
    tcp = await asyncio.start_server(found.on_connection, "127.0.0.1", 0)
    port = tcp.sockets[0].getsockname()[1]
    udp, _ = await loop.create_datagram_endpoint(lambda: found, local_addr=("127.0.0.1", port))
    try:
        yield Server("127.0.0.1", port), found
    finally:
        udp.close()
        tcp.close()
