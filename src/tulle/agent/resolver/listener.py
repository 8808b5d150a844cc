"""The sockets questions arrive at: UDP and TCP, one pair for each address."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import cast

from tulle.agent.resolver.resolver import Later, Resolver
from tulle.agent.resolver.sockets import Pair

MOST_WAITING = 1024
"""Questions that wait for their answers at once."""

MOST_CONNECTIONS = 256
IDLE_S = 10.0
"""TCP connections, and how long one may be silent (RFC 7766)."""

Peer = tuple[str | int, ...]
"""Who asked, as the system says it."""


class Listener:
    """Serves until cancelled; questions that wait end with it."""

    def __init__(self, resolver: Resolver, pairs: Sequence[Pair]) -> None:
        self._resolver = resolver
        self._pairs = pairs
        self._waiting = 0
        self._connections = 0
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Answer until cancelled; the sockets are closed then."""
        loop = asyncio.get_running_loop()
        async with contextlib.AsyncExitStack() as undo, asyncio.TaskGroup() as group:
            self._group = group
            for udp, tcp in self._pairs:
                transport, _ = await loop.create_datagram_endpoint(lambda: _Udp(self), sock=udp)
                undo.callback(transport.close)
                server = await asyncio.start_server(self._on_connection, sock=tcp)
                undo.callback(server.close)
            await asyncio.Event().wait()

    def on_datagram(self, transport: asyncio.DatagramTransport, data: bytes, addr: Peer) -> None:
        """A question by UDP."""
        answer = self._resolver.answer(data, tcp=False)
        if isinstance(answer, bytes):
            transport.sendto(answer, addr)
        elif answer is not None:
            if self._waiting >= MOST_WAITING or self._group is None:
                transport.sendto(self._resolver.overloaded(answer), addr)
                return
            self._group.create_task(self._answer_later(transport, answer, addr), name="dns-udp")

    async def _answer_later(
        self, transport: asyncio.DatagramTransport, later: Later, addr: Peer
    ) -> None:
        self._waiting += 1
        try:
            answer = await self._resolver.finish(later)
        finally:
            self._waiting -= 1
        if not transport.is_closing():
            transport.sendto(answer, addr)

    def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._connections >= MOST_CONNECTIONS or self._group is None:
            writer.close()
        else:
            self._group.create_task(self._serve(reader, writer), name="dns-tcp")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Questions by TCP, one after the other."""
        self._connections += 1
        try:
            while (data := await _next(reader)) is not None:
                answer = self._resolver.answer(data, tcp=True)
                if isinstance(answer, Later):
                    answer = await self._resolver.finish(answer)
                if answer is None:
                    return
                writer.write(len(answer).to_bytes(2, "big") + answer)
                async with asyncio.timeout(IDLE_S):
                    await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the client has gone, or says nothing: it opens another if it needs one
        finally:
            self._connections -= 1
            writer.close()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Peer) -> None:
        assert self._transport is not None
        self._listener.on_datagram(self._transport, data, addr)


async def _next(reader: asyncio.StreamReader) -> bytes | None:
    """The next message; None at the end of the connection."""
    async with asyncio.timeout(IDLE_S):
        head = await reader.read(1)
        if not head:
            return None
        size = int.from_bytes(head + await reader.readexactly(1), "big")
        return await reader.readexactly(size)
