import asyncio

import grpc
import pytest
from tests.unit.agent.control_plane import ControlPlane, control_plane

from tulle.agent.control import channels
from tulle.agent.control.channels import RefusedError, Trust, UnreachableError, Uplink
from tulle.agent.errors import AgentError
from tulle.model import wire
from tulle.model.names import SpiffeId

ME = SpiffeId("spiffe://mesh.local/ns/shop/sa/web")


@pytest.fixture
async def plane(tmp_path):
    async with control_plane(tmp_path) as plane:
        yield plane


def member(plane: ControlPlane, lifetime_s: float = 3600.0) -> Trust:
    key, issued = plane.certificate(ME, "web-1.shop.workload.tulle", lifetime_s)
    return Trust(plane.root.root_pem, key.decode(), "".join(issued.chain))


async def join(plane: ControlPlane, trust: Trust) -> channels.Answer:
    request = wire.JoinRequest(
        token=plane.token().read_text(),
        namespace="shop",
        service_account="web",
        labels={},
        csr="",
    )
    return await channels.call(str(plane.join), trust, wire.METHOD_JOIN, wire.encode(request))


async def test_nobody_listening_may_pass():
    with pytest.raises(UnreachableError, match="connection refused"):
        await channels.call("127.0.0.1:1", Trust("x"), "/a/b", b"")


async def test_a_control_plane_of_another_root_is_not_believed(plane, tmp_path):
    stranger = ControlPlane(tmp_path)
    with pytest.raises(AgentError) as caught:
        await join(plane, Trust(stranger.root.root_pem))

    assert caught.value.problem.code == "server-not-trusted"
    assert "--server" in caught.value.problem.hint


async def test_a_control_plane_of_another_time_points_at_the_clocks(tmp_path):
    future = ControlPlane(tmp_path)
    future.made_ahead_s = 7200.0
    await future.start()
    try:
        with pytest.raises(AgentError) as caught:
            await join(future, Trust(future.root.root_pem))
    finally:
        await future.stop()

    assert caught.value.problem.code == "clock-skew"


async def test_a_port_that_speaks_something_else_is_named(plane):
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(AgentError) as caught:
            await channels.call(f"127.0.0.1:{port}", member(plane), "/a/b", b"")

    assert caught.value.problem.code == "server-speaks-no-tls"


async def test_without_a_certificate_the_second_door_stays_shut(plane):
    with pytest.raises(UnreachableError, match="socket closed"):
        await channels.call(str(plane.xds), Trust(plane.root.root_pem), wire.METHOD_RENEW, b"")


async def test_a_refusal_keeps_code_words_and_way_out():
    refused = wire.Refused(code="token-used", message="used", hint="make one")
    error = channels.translate(grpc.StatusCode.PERMISSION_DENIED, wire.encode(refused).decode())

    assert isinstance(error, RefusedError)
    assert str(error.as_agent_error()) == "used [token-used]; make one"


async def test_a_refusal_in_plain_words_is_shown_with_a_way_out():
    error = channels.translate(grpc.StatusCode.INVALID_ARGUMENT, "what?")

    assert isinstance(error, RefusedError)
    assert error.refused.code == "grpc-invalid-argument"
    assert "what?" in error.refused.message
    assert "tulle version" in error.refused.hint


async def test_streams_share_a_channel_until_one_fails(plane):
    trust = member(plane)
    uplink = Uplink(str(plane.xds), lambda: trust)
    async with uplink.lease() as one, uplink.lease() as two:
        assert one is two
    async with uplink.lease() as one:
        async with uplink.lease():
            pass  # its stream broke
        async with uplink.lease() as three:
            assert three is not one
            assert one.get_state() is not grpc.ChannelConnectivity.SHUTDOWN


async def test_a_stream_after_a_renewal_uses_the_new_certificate(plane):
    trusts = [member(plane)]
    uplink = Uplink(str(plane.xds), lambda: trusts[-1])
    async with uplink.lease() as one:
        trusts.append(member(plane))
        async with uplink.lease() as two:
            assert one is not two


async def test_trust_shows_no_key(plane):
    assert "PRIVATE" not in repr(member(plane))
