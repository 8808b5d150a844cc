"""The door itself: ports and the control plane's own certificate."""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator
from pathlib import Path

import grpc
import pytest
from tests.unit.serve.doors import ANYWHERE, Door, open_door

from tulle.model.wire import CONTROL_PLANE_NAME, METHOD_RENEW
from tulle.pki.peers import Peer, peer_of
from tulle.serve.errors import DoorError
from tulle.serve.server import GrpcDoor
from tulle.settings import Address
from tulle.testing.proxies import strangers_channel


@pytest.fixture
async def door(tmp_path: Path) -> AsyncGenerator[Door]:
    async with open_door(tmp_path) as opened:
        yield opened


def shown_by(address: Address, roots: str) -> Peer:
    """The certificate a TLS client sees, verified against the roots and the control plane's name."""
    context = ssl.create_default_context(cadata=roots)
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection((address.host, address.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=CONTROL_PLANE_NAME) as secured,
    ):
        peer = peer_of(secured.getpeercert(binary_form=True) or b"")
    assert isinstance(peer, Peer), peer
    return peer


async def test_it_shows_the_control_planes_certificate_and_renews_it_while_running(
    door: Door,
) -> None:
    roots = door.authority.roots.pem
    first = await asyncio.to_thread(shown_by, door.grpc.join, roots)
    same = await asyncio.to_thread(shown_by, door.grpc.join, roots)
    assert first.workload is None
    assert first.serial == same.serial
    door.grpc._certificate.renew_if_due()
    door.grpc._certificate._due_at = door.clock()
    door.grpc._certificate.renew_if_due()
    renewed = await asyncio.to_thread(shown_by, door.grpc.join, roots)
    assert renewed.serial != first.serial
    me = await door.join()
    assert me.workload.namespace == "shop"


async def test_what_needs_a_certificate_is_not_behind_the_join_port(door: Door) -> None:
    async with strangers_channel(door.grpc.join, door.authority.roots.pem) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await channel.unary_unary(METHOD_RENEW)(b"{}", timeout=10)
    assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_port_that_is_taken_is_named_with_its_flag(door: Door) -> None:
    taken = GrpcDoor(
        Address("127.0.0.1", 0),
        door.xds,
        door.grpc._services,
        door.authority,
        door.clock,
    )
    with pytest.raises(DoorError) as error:
        await taken.start()
    await taken.stop()
    assert error.value.problem.code == "port-taken"
    assert error.value.problem.path == "--xds-address"
    assert str(door.xds.port) in error.value.problem.message


@pytest.mark.parametrize(
    ("host", "code"), [("192.0.2.1", "address-not-local"), ("no-such.invalid", "address-unknown")]
)
async def test_a_place_that_is_not_here_is_no_taken_port(door: Door, host: str, code: str) -> None:
    elsewhere = GrpcDoor(
        Address(host, 0), ANYWHERE, door.grpc._services, door.authority, door.clock
    )
    with pytest.raises(DoorError) as error:
        await elsewhere.start()
    await elsewhere.stop()
    problem = error.value.problem
    assert (problem.path, problem.code) == ("--join-address", code)
    assert host in problem.message
    assert "ip address" in problem.hint


async def test_stopping_twice_does_no_harm(door: Door) -> None:
    await door.grpc.stop()
    await door.grpc.stop()
