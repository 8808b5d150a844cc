"""One question to one server, whatever it does."""

import dns.name
import dns.rdatatype
import pytest
from tests.unit.agent.resolver.servers import (
    Answering,
    good,
    long,
    lying,
    name_server,
    old,
    silent,
)

from tulle.agent.resolver.asking import SilentError, ask_server
from tulle.dns.forwarding import Question
from tulle.dns.upstreams import Server

ASKED = Question(dns.name.from_text("example.com"), dns.rdatatype.A)


@pytest.mark.parametrize("answering", [good, lying, long, old], ids=lambda one: one.__name__)
async def test_the_right_answer_is_found(answering: Answering) -> None:
    async with name_server(answering) as (server, _):
        message = await ask_server(server, ASKED, 5.0)
    assert [str(record) for rrset in message.answer for record in rrset] == ["192.0.2.1"]


async def test_an_answer_that_does_not_fit_is_fetched_over_tcp() -> None:
    async with name_server(long) as (server, found):
        await ask_server(server, ASKED, 5.0)
    assert found.asked == ["example.com.", "example.com."]


async def test_every_question_has_an_id_and_a_port_of_its_own() -> None:
    async with name_server() as (server, found):
        for _ in range(20):
            await ask_server(server, ASKED, 5.0)
    assert len(found.ports) > 15
    assert len(found.ids) > 15


async def test_a_server_that_says_nothing_is_silent() -> None:
    async with name_server(silent) as (server, _):
        with pytest.raises(SilentError):
            await ask_server(server, ASKED, 0.05)


async def test_a_port_where_nobody_listens_is_silent_at_once() -> None:
    async with name_server() as (server, _):
        gone = Server("127.0.0.1", server.port)
    with pytest.raises(SilentError):
        await ask_server(gone, ASKED, 30.0)


async def test_an_address_nobody_can_reach_is_silent() -> None:
    with pytest.raises(SilentError):
        await ask_server(Server("256.0.0.1"), ASKED, 1.0)
