"""The sockets: UDP and TCP, both families, and clients that behave badly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.asyncquery
import dns.message
import pytest
from tests.unit.agent.resolver.servers import name_server
from tests.unit.dns.meshes import DIRECTORY

from tulle.agent.resolver import listener
from tulle.agent.resolver.forwarder import Forwarder
from tulle.agent.resolver.listener import Listener
from tulle.agent.resolver.resolver import Resolver
from tulle.agent.resolver.sockets import open_pairs, port_of
from tulle.dns.upstreams import Server

LOOPBACKS = ("127.0.0.1", "::1")


@asynccontextmanager
async def listening(*servers: Server) -> AsyncIterator[int]:
    """One that runs; its port."""
    pairs = open_pairs(LOOPBACKS, 0)
    async with asyncio.TaskGroup() as group:
        resolver = Resolver(
            "shop", Forwarder(lambda: servers, group), asyncio.get_running_loop().time
        )
        resolver.use(DIRECTORY)
        running = group.create_task(Listener(resolver, pairs).run())
        yield port_of(pairs)
        running.cancel()


@pytest.mark.parametrize("address", LOOPBACKS)
@pytest.mark.parametrize("how", [dns.asyncquery.udp, dns.asyncquery.tcp])
async def test_questions_are_answered_by_either_protocol_and_family(how, address: str) -> None:
    async with listening() as port:
        found = await how(dns.message.make_query("reviews", "A"), address, port=port, timeout=5)
    assert [str(one) for one in found.answer[0]] == ["240.0.0.7"]


@pytest.mark.parametrize("how", [dns.asyncquery.udp, dns.asyncquery.tcp])
async def test_what_takes_longer_is_answered_too(how) -> None:
    async with name_server() as (server, _), listening(server) as port:
        query = dns.message.make_query("example.com", "A")
        found = await how(query, "127.0.0.1", port=port, timeout=5)
    assert [str(one) for one in found.answer[0]] == ["192.0.2.1"]


async def test_several_questions_share_one_connection() -> None:
    async with listening() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in range(3):
            data = dns.message.make_query("reviews", "A", id=number).to_wire()
            writer.write(len(data).to_bytes(2, "big") + data)
        for number in range(3):
            size = int.from_bytes(await reader.readexactly(2), "big")
            assert dns.message.from_wire(await reader.readexactly(size)).id == number
        writer.close()


async def test_a_client_that_sends_half_a_message_and_goes_disturbs_nobody() -> None:
    async with listening() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x00\x40half")
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        query = dns.message.make_query("reviews", "A")
        assert (await dns.asyncquery.tcp(query, "127.0.0.1", port=port, timeout=5)).answer


async def test_one_connection_too_many_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "MOST_CONNECTIONS", 0)
    async with listening() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b""
        writer.close()


async def test_one_question_too_many_is_answered_with_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener, "MOST_WAITING", 0)
    async with listening(Server("127.0.0.1", 9)) as port:
        query = dns.message.make_query("example.com", "A")
        found = await dns.asyncquery.udp(query, "127.0.0.1", port=port, timeout=5)
    assert dns.rcode.to_text(found.rcode()) == "SERVFAIL"
