"""Questions in, answers out, as bytes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.edns
import dns.message
import dns.rcode
import pytest
from dns.message import Message
from tests.unit.agent.resolver.servers import name_server
from tests.unit.dns.meshes import DIRECTORY, REVIEWS

from tulle.agent.resolver import resolver
from tulle.agent.resolver.forwarder import Forwarder
from tulle.agent.resolver.resolver import Later, Resolver
from tulle.dns.directories import directory_of
from tulle.dns.upstreams import Server
from tulle.model.directory import VirtualEntry


def packet(name: str, number: int = 7, rdtype: str = "A") -> bytes:
    return dns.message.make_query(name, rdtype, id=number, use_edns=0).to_wire()


def addresses(message: Message) -> list[str]:
    return [str(record) for rrset in message.answer for record in rrset]


@asynccontextmanager
async def resolving(*servers: Server) -> AsyncIterator[Resolver]:
    async with asyncio.TaskGroup() as group:
        forwarder = Forwarder(lambda: servers, group)
        yield Resolver("shop", forwarder, asyncio.get_running_loop().time)


async def ask(found: Resolver, name: str, number: int = 7) -> Message:
    answer = found.answer(packet(name, number), tcp=False)
    if isinstance(answer, Later):
        answer = await found.finish(answer)
    assert answer is not None
    return dns.message.from_wire(answer)


async def test_a_name_of_the_mesh_is_answered_at_once_and_again_with_the_new_id() -> None:
    async with resolving() as found:
        found.use(DIRECTORY)
        for number in (7, 8):
            answer = found.answer(packet("reviews", number), tcp=False)
            assert isinstance(answer, bytes)
            message = dns.message.from_wire(answer)
            assert (message.id, addresses(message)) == (number, ["240.0.0.7"])


async def test_the_spelling_of_every_question_comes_back_whatever_is_remembered() -> None:
    async with resolving() as found:
        found.use(DIRECTORY)
        for name in ("reviews.shop.mesh.", "REVIEWS.shop.MESH.", "ReViEwS.ShOp.MeSh."):
            for rdtype in ("A", "AAAA", "HTTPS", "TYPE97"):  # 65 and 97 differ as "A" and "a" do
                answer = found.answer(packet(name, rdtype=rdtype), tcp=False)
                assert isinstance(answer, bytes)
                message = dns.message.from_wire(answer)
                assert message.question[0].to_text() == f"{name} IN {rdtype}"
                assert {rrset.name.to_text() for rrset in message.answer} <= {name}
                assert bool(message.answer) is (rdtype in {"A", "AAAA"})


async def test_new_names_count_from_the_next_question_on() -> None:
    async with resolving() as found:
        found.use(DIRECTORY)
        await ask(found, "reviews")
        moved = VirtualEntry(namespace="shop", name="reviews", addresses=("240.0.0.8",))
        found.use(directory_of([moved]))
        assert addresses(await ask(found, "reviews")) == ["240.0.0.8"]


async def test_everything_else_is_asked_of_others_once() -> None:
    async with name_server() as (server, heard), resolving(server) as found:
        found.use(DIRECTORY)
        for _ in range(3):
            assert addresses(await ask(found, "example.com")) == ["192.0.2.1"]
    assert heard.asked == ["example.com."]


async def test_an_alias_comes_before_what_others_say() -> None:
    async with name_server() as (server, heard), resolving(server) as found:
        found.use(DIRECTORY)
        assert addresses(await ask(found, "outside")) == ["example.com.", "192.0.2.1"]
        assert addresses(await ask(found, "outside")) == ["example.com.", "192.0.2.1"]
    assert heard.asked == ["example.com."]


async def test_a_question_that_came_before_the_names_waits_for_them() -> None:
    async with resolving() as found, asyncio.TaskGroup() as group:
        asking = group.create_task(ask(found, "reviews"))
        await asyncio.sleep(0)
        found.use(directory_of([REVIEWS]))
        await found.named()
    assert addresses(asking.result()) == ["240.0.0.7"]


async def test_it_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "PATIENCE_S", 0.01)
    async with resolving() as found:
        said = await ask(found, "reviews")
    assert said.rcode() == dns.rcode.SERVFAIL
    assert [option.code for option in said.options] == [dns.edns.EDECode.NOT_READY]


async def test_with_nobody_to_ask_the_client_is_told_to_look_elsewhere() -> None:
    async with resolving() as found:
        found.use(DIRECTORY)
        assert (await ask(found, "example.com")).rcode() == dns.rcode.REFUSED


async def test_garbage_gets_an_error_and_an_answer_gets_nothing() -> None:
    async with resolving() as found:
        garbage = found.answer(b"\x12\x34\x01\x00\x00\x01" + b"\x00" * 6, tcp=False)
        assert isinstance(garbage, bytes)
        assert found.answer(packet("a")[:2] + b"\x80" + packet("a")[3:], tcp=False) is None


async def test_the_memory_of_answers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "MOST_REMEMBERED", 2)
    async with resolving() as found:
        found.use(DIRECTORY)
        for name in ("reviews", "four", "ledger.bank", "reviews"):
            assert addresses(await ask(found, name))
        assert len(found._remembered) == 2


async def test_a_mistake_of_ours_is_a_failure_and_no_silence() -> None:
    def broken() -> tuple[Server, ...]:
        raise RuntimeError("ours")

    async with asyncio.TaskGroup() as group:
        found = Resolver("shop", Forwarder(broken, group), lambda: 0.0)
        found.use(DIRECTORY)
        assert (await ask(found, "example.com")).rcode() == dns.rcode.SERVFAIL


async def test_too_many_waiting_is_said() -> None:
    async with resolving() as found:
        found.use(DIRECTORY)
        later = found.answer(packet("example.com"), tcp=False)
        assert isinstance(later, Later)
        assert dns.message.from_wire(found.overloaded(later)).rcode() == dns.rcode.SERVFAIL
