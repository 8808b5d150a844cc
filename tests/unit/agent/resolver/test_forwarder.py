"""Failover, coalescing, memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.name
import dns.rdatatype
import pytest
from tests.unit.agent.resolver.servers import failing, name_server, silent

from tulle.agent.resolver import forwarder
from tulle.agent.resolver.forwarder import Forwarder
from tulle.dns.cache import Kept
from tulle.dns.forwarding import NO_SERVERS, OVERLOADED, Failed, Question
from tulle.dns.upstreams import Server


def asked(name: str = "example.com") -> Question:
    return Question(dns.name.from_text(name), dns.rdatatype.A)


@asynccontextmanager
async def forwarding(*servers: Server) -> AsyncIterator[Forwarder]:
    async with asyncio.TaskGroup() as group:
        yield Forwarder(lambda: servers, group)


async def test_what_was_answered_is_known() -> None:
    async with name_server() as (server, found), forwarding(server) as asking:
        assert asking.known(asked()) is None
        said = await asking.ask(asked())
        assert isinstance(said, Kept)
        assert asking.known(asked()) is said
        assert asking.age_s(said) == 0
    assert found.asked == ["example.com."]


async def test_equal_questions_at_once_are_one_question() -> None:
    async with name_server() as (server, found), forwarding(server) as asking:
        found.open.clear()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(asking.ask(asked())) for _ in range(50)]
            await found.heard.wait()
            found.open.set()
        assert len({id(task.result()) for task in tasks}) == 1
    assert found.asked == ["example.com."]


async def test_a_client_that_goes_away_takes_no_answer_from_others() -> None:
    async with name_server() as (server, found), forwarding(server) as asking:
        found.open.clear()
        async with asyncio.TaskGroup() as group:
            impatient = group.create_task(asking.ask(asked()))
            patient = group.create_task(asking.ask(asked()))
            await found.heard.wait()
            impatient.cancel()
            found.open.set()
        assert isinstance(patient.result(), Kept)


async def test_a_dead_server_costs_one_try_and_then_stands_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forwarder, "TRY_S", 0.05)
    async with (
        name_server(silent) as (dead, unheard),
        name_server() as (server, found),
        forwarding(dead, server) as asking,
    ):
        assert isinstance(await asking.ask(asked("a.example")), Kept)
        assert isinstance(await asking.ask(asked("b.example")), Kept)
    assert unheard.asked == ["a.example."]
    assert found.asked == ["a.example.", "b.example."]


async def test_a_server_that_fails_is_not_the_last_word() -> None:
    async with (
        name_server(failing) as (bad, _),
        name_server() as (server, _),
        forwarding(bad, server) as asking,
    ):
        assert isinstance(await asking.ask(asked()), Kept)


async def test_where_all_fail_the_failure_says_who_and_is_not_remembered() -> None:
    async with name_server(failing) as (bad, found), forwarding(bad) as asking:
        said = await asking.ask(asked())
        assert isinstance(said, Failed)
        assert str(bad) in said.reason
        await asking.ask(asked())
    assert len(found.asked) == 2


async def test_without_servers_nobody_is_asked() -> None:
    async with forwarding() as asking:
        assert await asking.ask(asked()) is NO_SERVERS


async def test_more_questions_than_we_carry_are_refused_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forwarder, "MOST_OUT", 1)
    async with name_server() as (server, found), forwarding(server) as asking:
        found.open.clear()
        async with asyncio.TaskGroup() as group:
            group.create_task(asking.ask(asked("a.example")))
            await found.heard.wait()
            assert await asking.ask(asked("b.example")) is OVERLOADED
            found.open.set()


async def test_other_servers_may_say_something_else() -> None:
    async with (
        name_server() as (one, _),
        name_server() as (other, found),
        asyncio.TaskGroup() as group,
    ):
        servers = [(one,)]
        asking = Forwarder(lambda: servers[-1], group)
        await asking.ask(asked("a.example"))
        servers.append((other,))
        await asking.ask(asked("b.example"))
        assert asking.known(asked("a.example")) is None
        assert found.asked == ["b.example."]
