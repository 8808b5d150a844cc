import asyncio
import json
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from tulle.agent.proxy.admin import Admin
from tulle.agent.proxy.edges import EdgeCounter
from tulle.agent.state import StateDir


@asynccontextmanager
async def admin_with(tmp_path, numbers: dict[str, int]):
    """An Envoy's admin that answers /stats with these numbers."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        stats = [{"name": name, "value": value} for name, value in numbers.items()]
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps({"stats": stats}).encode())
        writer.close()

    path = tmp_path / "admin.sock"
    async with await asyncio.start_unix_server(serve, path):
        yield Admin(path)


@pytest.fixture
def state(tmp_path):
    with StateDir(tmp_path / "state") as state:
        yield state


async def test_numbers_only_grow_though_envoy_starts_again(tmp_path, state):
    numbers = {"listener.inbound-mtls.ssl.handshake": 7}
    async with admin_with(tmp_path, numbers) as admin:
        envoy = SimpleNamespace(admin=admin, lives=1)
        counter = EdgeCounter(envoy, state)
        assert (await counter.report()).inbound_handshakes == 7
        envoy.lives = 2
        numbers["listener.inbound-mtls.ssl.handshake"] = 1
        assert (await counter.report()).inbound_handshakes == 8
        assert (await counter.report()).inbound_handshakes == 8


async def test_the_next_agent_goes_on_counting(tmp_path, state):
    numbers = {"listener.inbound-mtls.ssl.handshake": 7}
    async with admin_with(tmp_path, numbers) as admin:
        envoy = SimpleNamespace(admin=admin, lives=1)
        await EdgeCounter(envoy, state).report()  # an agent that was killed saved nothing of this
        envoy.lives = 2
        counter = EdgeCounter(envoy, state)
        async with asyncio.TaskGroup() as group:
            saving = group.create_task(counter.keep_saved())
            await counter.report()
            saving.cancel()

        adopting = EdgeCounter(envoy, state)
        numbers["listener.inbound-mtls.ssl.handshake"] = 9
        assert (await adopting.report()).inbound_handshakes == 9
        envoy.lives = 3
        assert (await adopting.report()).inbound_handshakes == 18


async def test_sums_that_cannot_be_read_are_begun_anew(tmp_path, state):
    state.write("counts.json", b"nonsense")
    async with admin_with(tmp_path, {"listener.inbound-mtls.ssl.handshake": 7}) as admin:
        counter = EdgeCounter(SimpleNamespace(admin=admin, lives=1), state)
        assert (await counter.report()).inbound_handshakes == 7


async def test_a_disk_that_takes_nothing_costs_the_sums_and_nothing_else(tmp_path, state):
    async with admin_with(tmp_path, {"listener.inbound-mtls.ssl.handshake": 7}) as admin:
        counter = EdgeCounter(SimpleNamespace(admin=admin, lives=1), state)
        await counter.report()
        (tmp_path / "state").rename(tmp_path / "gone")
        async with asyncio.TaskGroup() as group:
            saving = group.create_task(counter.keep_saved())
            await asyncio.sleep(0)
            saving.cancel()
        assert (await counter.report()).inbound_handshakes == 7


async def test_open_connections_are_those_of_callers(tmp_path, state):
    numbers = {
        "listener.inbound-mtls.downstream_cx_active": 2,
        "listener.inbound-plaintext:80.downstream_cx_active": 1,
        "listener.outbound.downstream_cx_active": 9,
    }
    async with admin_with(tmp_path, numbers) as admin:
        counter = EdgeCounter(SimpleNamespace(admin=admin, lives=1), state)

        assert await counter.open_connections() == 3


async def test_an_envoy_that_is_away_has_no_report_and_no_callers(tmp_path, state):
    counter = EdgeCounter(SimpleNamespace(admin=Admin(tmp_path / "none"), lives=1), state)

    assert await counter.report() is None
    assert await counter.open_connections() == 0
