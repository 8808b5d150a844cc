import asyncio
import json
from contextlib import asynccontextmanager
from types import SimpleNamespace

from tulle.agent.proxy.admin import Admin
from tulle.agent.proxy.edges import EdgeCounter, add
from tulle.model.wire import EdgeReport, EdgeSample


def edge(requests: int, service: str = "reviews", p50_ms: float | None = None) -> EdgeSample:
    return EdgeSample(
        service=service,
        namespace="shop",
        port=80,
        protocol="http",
        requests=requests,
        failures=1,
        connections=2,
        handshakes=2,
        p50_ms=p50_ms,
    )


def test_counts_of_two_lives_add_up_and_times_are_the_present_ones():
    before = EdgeReport(edges=(edge(10, p50_ms=1.0),), denied=1)
    now = EdgeReport(edges=(edge(5, p50_ms=9.0), edge(1, "new")), denied=2)

    total = add(before, now)

    assert [(e.service, e.requests, e.failures, e.p50_ms) for e in total.edges] == [
        ("reviews", 15, 2, 9.0),
        ("new", 1, 1, None),
    ]
    assert total.denied == 3


def test_an_edge_the_present_life_has_not_used_is_kept():
    total = add(EdgeReport(edges=(edge(10),)), EdgeReport(edges=()))

    assert total.edges == (edge(10),)


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


async def test_numbers_only_grow_though_envoy_starts_again(tmp_path):
    numbers = {"listener.inbound-mtls.ssl.handshake": 7}
    async with admin_with(tmp_path, numbers) as admin:
        envoy = SimpleNamespace(admin=admin, lives=1)
        counter = EdgeCounter(envoy)
        assert (await counter.report()).inbound_handshakes == 7
        envoy.lives = 2
        numbers["listener.inbound-mtls.ssl.handshake"] = 1
        assert (await counter.report()).inbound_handshakes == 8
        assert (await counter.report()).inbound_handshakes == 8


async def test_open_connections_are_those_of_callers(tmp_path):
    numbers = {
        "listener.inbound-mtls.downstream_cx_active": 2,
        "listener.inbound-plaintext:80.downstream_cx_active": 1,
        "listener.outbound.downstream_cx_active": 9,
    }
    async with admin_with(tmp_path, numbers) as admin:
        counter = EdgeCounter(SimpleNamespace(admin=admin, lives=1))

        assert await counter.open_connections() == 3


async def test_an_envoy_that_is_away_has_no_report_and_no_callers(tmp_path):
    counter = EdgeCounter(SimpleNamespace(admin=Admin(tmp_path / "none"), lives=1))

    assert await counter.report() is None
    assert await counter.open_connections() == 0
