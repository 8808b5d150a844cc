"""The gRPC door over real mutual TLS, with fake proxies that answer by script."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
import msgspec
import pytest
from tests.unit.serve.doors import (
    REGISTER,
    WEB,
    Door,
    mesh_of,
    names,
    open_door,
    status_of,
    xds,
)

from tulle.ads.messages import Request, encode_request
from tulle.model.names import AccountRef
from tulle.model.statuses import ConditionType
from tulle.model.wire import (
    METHOD_DELTA_ADS,
    Credentials,
    Draining,
    Left,
    ProxySettings,
    Registered,
)
from tulle.testing.proxies import (
    FakeProxy,
    Identity,
    RefusedError,
    join,
    refusals,
    refusing,
    renew,
    session,
)
from tulle.xds.snapshots import TypeUrl, XdsSnapshot, snapshot_of


@pytest.fixture
async def door(tmp_path: Path) -> AsyncGenerator[Door]:
    async with open_door(tmp_path) as opened:
        yield opened


def held(version: str, *services: str) -> dict[str, dict[str, str]]:
    return names(mesh_of(version, *services))


async def test_a_token_lets_one_workload_in_once(door: Door) -> None:
    token = await door.token(app="web")
    identity = await join(door.grpc.join, token, WEB, app="web")
    workload = await door.workload(identity.workload)
    assert workload is not None
    assert workload.metadata.labels == {"app": "web"}
    assert workload.spec.service_account_name == "web"
    with pytest.raises(RefusedError) as refusal:
        await join(door.grpc.join, token, WEB, app="web")
    assert refusal.value.status is grpc.StatusCode.PERMISSION_DENIED
    assert refusal.value.refused.code == "token-used"


@pytest.mark.parametrize(
    ("account", "claims"),
    [
        (AccountRef("shop", "admin"), {"app": "web"}),
        (AccountRef("bank", "web"), {"app": "web"}),
        (WEB, {"app": "bank"}),
        (WEB, {"app": "web", "role": "admin"}),
    ],
    ids=["another account", "another namespace", "another label", "one label more"],
)
async def test_a_token_lets_nobody_in_as_something_else_and_is_not_used_up_by_it(
    door: Door, account: AccountRef, claims: dict[str, str]
) -> None:
    token = await door.token(app="web")
    with pytest.raises(RefusedError) as refusal:
        await join(door.grpc.join, token, account, **claims)
    assert refusal.value.refused.code == "token-mismatch"
    await join(door.grpc.join, token, WEB, app="web")


async def test_a_proxy_gets_its_configuration_and_every_change(door: Door) -> None:
    me = await door.join()
    door.publisher.offer(me.workload, mesh_of("1", "reviews"))
    async with FakeProxy(me).connected(door.xds) as proxy:
        await proxy.until(lambda p: names(p.held) == held("1", "reviews"))
        door.publisher.offer(me.workload, mesh_of("2", "reviews", "ratings"))
        door.publisher.published(7)
        assert (await door.publisher.settled(7, timeout_s=10)).everywhere
        assert names(proxy.held) == held("2", "reviews", "ratings")


async def test_a_proxy_gets_the_configuration_of_no_other(door: Door) -> None:
    me, other = await door.join(), await door.join()
    door.publisher.offer(other.workload, mesh_of("1", "secret"))
    request = Request(TypeUrl.CLUSTER, ("*",), node_id=str(other.workload))
    async with me.channel(door.xds) as channel:
        stream = channel.stream_stream(METHOD_DELTA_ADS)()
        await stream.write(encode_request(request))
        with pytest.raises(RefusedError) as refusal, refusals():
            await stream.read()
    assert refusal.value.status is grpc.StatusCode.PERMISSION_DENIED
    assert refusal.value.refused.code == "node-not-yours"


async def test_a_caller_without_a_certificate_of_the_mesh_gets_no_answer(
    door: Door, tmp_path: Path
) -> None:
    me = await door.join()
    async with open_door(tmp_path / "other") as stranger:
        theirs = await stranger.join()
    forged = Identity(
        theirs.private_key_pem,
        # Their certificate, but trusting our roots: it is the server that must refuse.
        credentials=_with(theirs, roots=me.credentials.roots),
    )
    for nobody in (forged, Identity(b"", _with(me, chain=()))):
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await renew(door.xds, nobody)
        assert error.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_refusal_is_reported_on_the_resource_that_caused_it_and_others_go_on(
    door: Door,
) -> None:
    me = await door.join()
    proxy = FakeProxy(me, refusing(("reviews", "2")))
    good = mesh_of("1", "reviews", "ratings", "details")
    door.publisher.offer(me.workload, good)
    async with proxy.connected(door.xds):
        await proxy.until(lambda p: names(p.held) == names(good))
        door.publisher.offer(me.workload, mesh_of("2", "reviews", "ratings", "details"))
        door.publisher.published(2)
        settled = await door.publisher.settled(2, timeout_s=10)
        (refusal,) = settled.refused
        assert (refusal.proxy, refusal.name, refusal.version) == (me.workload, "reviews", "2")
        assert refusal.type_url == TypeUrl.ENDPOINTS
        assert refusal.detail == "cannot bear reviews"
        assert [str(origin) for origin in refusal.origins] == [
            "HTTPRoute shop/reviews spec.rules[0]"
        ]
        await proxy.until(
            lambda p: (
                names(p.held)["ClusterLoadAssignment"]
                == {"reviews": "1", "ratings": "2", "details": "2"}
            )
        )


async def test_a_proxy_that_comes_back_is_sent_only_what_changed(door: Door) -> None:
    me = await door.join()
    door.publisher.offer(me.workload, mesh_of("1", "reviews", "ratings"))
    async with FakeProxy(me).connected(door.xds) as first:
        await first.until(lambda p: p.is_complete)
    door.publisher.offer(me.workload, mesh_of("2", "reviews", "ratings"))
    second = FakeProxy(me, held=first.held)
    async with second.connected(door.xds):
        await second.until(lambda p: names(p.held) == held("2", "reviews", "ratings"))
    sent = {one.name for response in second.received for one in response.resources}
    clusters = [r for r in second.received if r.type_url == TypeUrl.CLUSTER]
    assert sent == {"out", "reviews", "ratings"}
    assert [response.resources for response in clusters] == [()]


async def test_what_nothing_uses_any_more_is_removed_after_a_grace(door: Door) -> None:
    me = await door.join()
    door.publisher.offer(me.workload, mesh_of("1", "old", "new"))
    async with FakeProxy(me).connected(door.xds) as proxy:
        await proxy.until(lambda p: p.is_complete)
        door.publisher.offer(me.workload, mesh_of("2", "new"))
        await proxy.until(lambda p: names(p.held) == held("2", "new"))
    order = [(r.type_url, r.removed) for r in proxy.received if r.removed or r.resources]
    route = max(n for n, (type_url, _) in enumerate(order) if type_url == TypeUrl.ROUTE)
    assert order.index((TypeUrl.CLUSTER, ("old",))) > route


async def test_fifty_proxies_converge(door: Door) -> None:
    identities = [await door.join() for _ in range(50)]
    proxies = [FakeProxy(identity) for identity in identities]
    for identity in identities:
        door.publisher.offer(identity.workload, mesh_of("1", "reviews"))
    async with AsyncExitStack() as stack:
        for proxy in proxies:
            await stack.enter_async_context(proxy.connected(door.xds))
        for proxy in proxies:
            await proxy.until(lambda p: p.is_complete)
        for version in ("2", "3", "4", "5"):
            for identity in identities:
                door.publisher.offer(identity.workload, mesh_of(version, "reviews", "ratings"))
            await asyncio.sleep(0)
        door.publisher.published(5)
        assert (await door.publisher.settled(5, timeout_s=20)).everywhere
        assert all(names(proxy.held) == held("5", "reviews", "ratings") for proxy in proxies)


async def test_a_burst_of_changes_is_not_sent_one_by_one(door: Door) -> None:
    me = await door.join()
    door.publisher.offer(me.workload, mesh_of("0", "reviews"))
    async with FakeProxy(me).connected(door.xds) as proxy:
        await proxy.until(lambda p: p.is_complete)
        for version in range(1, 201):
            door.publisher.offer(me.workload, mesh_of(str(version), "reviews"))
        await proxy.until(lambda p: names(p.held) == held("200", "reviews"))
    routes = [r for r in proxy.received if r.type_url == TypeUrl.ROUTE]
    assert len(routes) <= 3


async def test_a_certificate_renews_itself_and_is_the_same_workload(door: Door) -> None:
    me = await door.join()
    fresh = await renew(door.xds, me)
    assert fresh.workload == me.workload
    assert fresh.credentials.chain != me.credentials.chain
    async with session(fresh, door.xds) as talk:
        await talk.say(REGISTER)
        assert isinstance(await talk.hear(), Registered)


async def test_streams_end_with_the_certificate_they_began_with(door: Door) -> None:
    door.lifetime_s = 2.0  # whole seconds are what certificates count
    me = await door.join()
    door.publisher.offer(me.workload, mesh_of("1"))
    async with asyncio.timeout(10):
        await FakeProxy(me).run(door.xds)
    assert not door.publisher.state(me.workload).connected


async def test_a_workload_that_leaves_is_taken_away_everywhere_before_it_may_go(door: Door) -> None:
    me, caller = await door.join(), await door.join()
    door.publisher.offer(caller.workload, mesh_of("1", "web"))
    async with FakeProxy(caller).connected(door.xds) as proxy, session(me, door.xds) as talk:
        await proxy.until(lambda p: p.is_complete)
        await talk.say(REGISTER)
        await talk.hear()
        await talk.say(Draining(deadline_s=10))
        await door.until(me.workload, lambda w: status_of(w, ConditionType.DRAINING) == "True")
        door.publisher.offer(caller.workload, mesh_of("2", "web"))
        door.publisher.published((await door.store.world()).revision)
        left = await talk.hear()
        while isinstance(left, ProxySettings):  # told to who registers, and beside everything else
            left = await talk.hear()
        assert isinstance(left, Left)
        assert left.pending == ()
        assert left.token  # for the day it comes back
        assert names(proxy.held) == held("2", "web")
        await talk.finish()
    await door.until(me.workload, lambda workload: workload is None)


async def test_stopping_ends_streams_in_good_order(door: Door) -> None:
    me = await door.join()
    door.publisher.offer(me.workload, mesh_of("1"))
    proxy = FakeProxy(me)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(proxy.run(door.xds))
        await proxy.until(lambda p: p.is_complete)
        await door.grpc.stop()
        await running


async def test_a_snapshot_may_be_large(door: Door) -> None:
    me = await door.join()
    body = "x" * 2000
    large: XdsSnapshot = snapshot_of(
        (TypeUrl.CLUSTER, xds(f"service-{number}", body)) for number in range(1000)
    )
    door.publisher.offer(me.workload, large)
    async with FakeProxy(me).connected(door.xds) as proxy:
        await proxy.until(lambda p: len(p.held.of(TypeUrl.CLUSTER)) == 1000)
    async with FakeProxy(me, held=proxy.held).connected(door.xds) as again:
        await again.until(lambda p: p.is_complete)


def _with(identity: Identity, **fields: tuple[str, ...]) -> Credentials:
    return msgspec.structs.replace(identity.credentials, **fields)
