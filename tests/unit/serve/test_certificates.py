"""Joining and renewing, through a real door."""

from collections.abc import AsyncGenerator
from pathlib import Path

import grpc
import msgspec
import pytest
from tests.unit.serve.doors import REGISTER, WEB, Door, open_door

from tulle.model.kinds.workload import Workload
from tulle.model.names import AccountRef, WorkloadRef
from tulle.model.wire import METHOD_JOIN, JoinRequest, encode
from tulle.pki.peers import Peer, peer_of
from tulle.pki.requests import new_request
from tulle.pki.tokens import read_token
from tulle.store.contract import Delete
from tulle.store.errors import StoreFull
from tulle.store.memory import MemoryStore
from tulle.testing.proxies import RefusedError, ask, join, renew, session, strangers_channel


@pytest.fixture
async def door(tmp_path: Path) -> AsyncGenerator[Door]:
    async with open_door(tmp_path) as opened:
        yield opened


async def test_the_certificate_says_what_the_token_said_and_lives_as_long_as_the_mesh_wants(
    door: Door,
) -> None:
    door.lifetime_s = 120.0
    before = door.clock()
    joined = (await door.join(app="web")).credentials
    peer = peer_of(joined.chain[0])
    assert isinstance(peer, Peer)
    assert peer.spiffe_id == "spiffe://mesh.local/ns/shop/sa/web"
    assert peer.workload == WorkloadRef("shop", joined.workload)
    assert (joined.namespace, joined.service_account) == ("shop", "web")
    assert joined.trust_domain == "mesh.local"
    assert joined.roots == door.authority.roots.pems
    assert joined.not_before < before < joined.not_after <= door.clock() + 120.0
    assert joined.xds_address == f":{door.xds.port}"
    assert joined.connection_drain_s == 20.0
    assert door.sessions.certificate_ends() == {}


async def test_names_are_the_account_with_five_letters_or_digits_and_never_too_long(
    door: Door,
) -> None:
    joined = await door.join()
    account, _, suffix = joined.workload.name.rpartition("-")
    assert (account, len(suffix)) == ("web", 5)
    long = await door.join(AccountRef("shop", "a" * 63))
    assert len(long.workload.name) <= 63


async def test_a_workload_that_joined_knows_where_it_came_from(door: Door) -> None:
    joined = await door.join(app="web", version="v1")
    workload = await door.workload(joined.workload)
    assert workload is not None
    assert workload.spec.address == "127.0.0.1"
    assert workload.metadata.labels == {"app": "web", "version": "v1"}
    assert workload.status.proxy is None


async def test_a_token_that_names_its_workload_may_bring_it_back(door: Door) -> None:
    first = await door.join(name="web-1")
    async with session(first, door.xds) as talk:
        await talk.say(REGISTER)
        await talk.hear()
    second = await door.join(name="web-1")
    assert first.workload == second.workload == WorkloadRef("shop", "web-1")
    assert await door.workload(second.workload) is not None


async def test_an_expired_token_is_refused(door: Door) -> None:
    token = await door.token()
    door.clock.ahead_s = 7200.0
    with pytest.raises(RefusedError, match="token-used"):
        await join(door.grpc.join, token, WEB)


async def test_a_token_with_a_wrong_secret_is_refused_and_the_right_one_still_works(
    door: Door,
) -> None:
    token, other = await door.token(), await door.token()
    mine, theirs = read_token(token), read_token(other)
    forged = _token_text(mine.id, theirs.secret, token)  # type: ignore[union-attr]
    with pytest.raises(RefusedError, match="token-used"):
        await join(door.grpc.join, forged, WEB)
    await join(door.grpc.join, token, WEB)


async def _join_with(door: Door, **changes: object) -> None:
    _, csr = new_request("x.tulle")
    request = JoinRequest(
        token=await door.token(), namespace="shop", service_account="web", labels={}, csr=csr
    )
    data = encode(msgspec.structs.replace(request, **changes))
    async with strangers_channel(door.grpc.join, door.authority.roots.pem) as channel:
        await ask(channel, METHOD_JOIN, data)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": "tulle1.nonsense"}, "token-malformed"),
        ({"csr": "no request"}, "csr-refused"),
        ({"csr": 7}, "request-malformed"),
    ],
)
async def test_nonsense_is_refused_with_a_code(
    door: Door, changes: dict[str, object], code: str
) -> None:
    with pytest.raises(RefusedError) as refusal:
        await _join_with(door, **changes)
    assert refusal.value.refused.code == code
    assert (await door.store.world()).all(Workload) == ()


async def test_a_stranger_cannot_send_much(door: Door) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await _join_with(door, token="x" * 1024 * 1024)
    assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_deleted_workload_gets_no_new_certificate(door: Door) -> None:
    joined = await door.join()
    workload = await door.workload(joined.workload)
    assert workload is not None
    await door.store.write([Delete(workload.key)])
    with pytest.raises(RefusedError, match="workload-unknown"):
        await renew(door.xds, joined)


async def test_a_workload_that_became_another_accounts_is_not_renewed_for_the_first(
    door: Door,
) -> None:
    first = await door.join(name="web-1")
    await door.join(AccountRef("shop", "other"), name="web-1")
    with pytest.raises(RefusedError, match="workload-unknown"):
        await renew(door.xds, first)


async def test_a_store_that_fails_costs_nobody_a_token(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(self: MemoryStore, changes: object, dry_run: bool = False) -> None:
        raise StoreFull("the disk is full")

    token = await door.token()
    with monkeypatch.context() as patch:
        patch.setattr(MemoryStore, "write", full)
        with pytest.raises(grpc.aio.AioRpcError):
            await join(door.grpc.join, token, WEB)

    assert (await join(door.grpc.join, token, WEB)).workload.namespace == "shop"


async def test_a_store_that_fails_is_no_refusal(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(self: MemoryStore, changes: object, dry_run: bool = False) -> None:
        raise StoreFull("the disk is full")

    monkeypatch.setattr(MemoryStore, "write", full)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await door.join()
    assert error.value.code() is grpc.StatusCode.UNAVAILABLE
    assert error.value.details() == "the disk is full"


def _token_text(token_id: str, secret: bytes, like: str) -> str:
    import base64
    import json

    body = like.partition(".")[2]
    line = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    line |= {"id": token_id, "secret": base64.b64encode(secret).decode()}
    text = base64.urlsafe_b64encode(json.dumps(line).encode()).decode().rstrip("=")
    return f"tulle1.{text}"
