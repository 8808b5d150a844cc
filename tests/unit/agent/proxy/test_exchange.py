import asyncio

import pytest
from tests.unit.agent.proxy.test_relay import KEY, resource

from tulle.ads.messages import ReceivedResponse, Request
from tulle.agent.events import Notice
from tulle.agent.proxy.exchange import Exchange
from tulle.agent.proxy.relay import Relay
from tulle.xds.snapshots import FOR_ENVOY, TypeUrl, XdsSnapshot


@pytest.fixture
def notices():
    return []


@pytest.fixture
def exchange(notices):
    return Exchange(Relay("shop/web-1", None, KEY), notices.append)


def drained(found):
    queue = found if isinstance(found, asyncio.Queue) else found.queue
    items = []
    while not queue.empty():
        items.append(queue.get_nowait())
    return items


def answer_everything(exchange: Exchange) -> None:
    for number, type_url in enumerate(FOR_ENVOY):
        found = [resource("c")] if type_url is TypeUrl.CLUSTER else []
        exchange.from_control_plane(ReceivedResponse(type_url, str(number), tuple(found)))


def confirm_everything(exchange: Exchange, envoy) -> None:
    for type_url in (TypeUrl.CLUSTER, TypeUrl.LISTENER):
        exchange.from_envoy(envoy, Request(type_url, subscribe=("*",)))
        (response,) = drained(envoy)
        exchange.from_envoy(envoy, Request(type_url, nonce=response.nonce))


async def test_what_one_side_says_reaches_the_other(exchange):
    upstream = exchange.connect_upstream()
    envoy = exchange.connect_envoy()
    assert len(drained(upstream)) == len(FOR_ENVOY)
    answer_everything(exchange)
    confirm_everything(exchange, envoy)

    assert {request.type_url for request in drained(upstream)} == set(FOR_ENVOY)
    assert exchange.in_sync


async def test_a_stream_that_was_replaced_is_not_heard(exchange):
    answer_everything(exchange)
    old, new = exchange.connect_envoy(), exchange.connect_envoy()
    exchange.from_envoy(old, Request(TypeUrl.CLUSTER, subscribe=("*",)))
    assert (drained(old), drained(new)) == ([], [])

    exchange.disconnect_envoy(old)  # late: it must not take the new one with it
    exchange.from_envoy(new, Request(TypeUrl.CLUSTER, subscribe=("*",)))
    assert len(drained(new)) == 1


async def test_only_whole_configurations_are_saved(exchange):
    saved: asyncio.Queue[XdsSnapshot] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    exchange.connect_upstream()
    envoy = exchange.connect_envoy()
    async with asyncio.TaskGroup() as group:
        saving = group.create_task(
            exchange.keep_saved(lambda s: loop.call_soon_threadsafe(saved.put_nowait, s))
        )
        answer_everything(exchange)
        exchange.from_envoy(envoy, Request(TypeUrl.CLUSTER, subscribe=("*",)))
        await asyncio.sleep(0)
        assert saved.empty()
        (response,) = drained(envoy)
        exchange.from_envoy(envoy, Request(TypeUrl.CLUSTER, nonce=response.nonce))
        exchange.from_envoy(envoy, Request(TypeUrl.LISTENER, subscribe=("*",)))
        (response,) = drained(envoy)
        exchange.from_envoy(envoy, Request(TypeUrl.LISTENER, nonce=response.nonce))

        snapshot = await saved.get()
        saving.cancel()
    assert list(snapshot.of(TypeUrl.CLUSTER)) == ["c"]


async def test_a_refusal_is_told_to_people(exchange, notices):
    exchange.connect_upstream()
    envoy = exchange.connect_envoy()
    answer_everything(exchange)
    exchange.from_envoy(envoy, Request(TypeUrl.CLUSTER, subscribe=("*",)))
    (response,) = drained(envoy)
    exchange.from_envoy(envoy, Request(TypeUrl.CLUSTER, nonce=response.nonce, error="no\n"))

    assert notices == [Notice("Envoy refuses c: no")]


async def test_what_must_be_asked_anew_ends_the_stream(notices):
    held = XdsSnapshot({TypeUrl.CLUSTER: {"c": resource("c")}})
    exchange = Exchange(Relay("shop/web-1", held, KEY), notices.append)
    upstream, envoy = exchange.connect_upstream(), exchange.connect_envoy()
    drained(upstream)
    exchange.from_envoy(envoy, Request(TypeUrl.CLUSTER, subscribe=("*",)))
    (response,) = drained(envoy)
    exchange.from_envoy(envoy, Request(TypeUrl.CLUSTER, nonce=response.nonce, error="no"))

    assert drained(upstream) == [None]


async def test_two_envoys_are_told_each_on_its_own_stream(exchange):
    answer_everything(exchange)
    old, new = exchange.connect_envoy(1), exchange.connect_envoy(2)
    exchange.from_envoy(old, Request(TypeUrl.CLUSTER, subscribe=("*",)))
    assert (len(drained(old)), drained(new)) == (1, [])

    exchange.disconnect_envoy(old)
    exchange.from_envoy(new, Request(TypeUrl.CLUSTER, subscribe=("*",)))
    assert (drained(old), len(drained(new))) == ([], 1)


async def test_an_heir_can_start_once_everything_is_known(exchange):
    assert not exchange.known.is_set()
    answer_everything(exchange)
    assert exchange.known.is_set()


async def test_a_retired_envoy_loses_its_listeners(exchange):
    exchange.connect_upstream()
    envoy = exchange.connect_envoy(1)
    answer_everything(exchange)
    exchange.from_control_plane(ReceivedResponse(TypeUrl.LISTENER, "l", (resource("l"),)))
    confirm_everything(exchange, envoy)
    exchange.retire(1)

    (response,) = drained(envoy)
    assert response.removed == ("l",)
