"""What an Envoy of ours holds: idle, and per service its program calls."""

from collections.abc import Iterator

from tests.envoy.identities import Anchor
from tests.envoy.proxies import Proxy, free_port
from tests.envoy.views import destination, inbound, settings, upstream, view

from bench.figures import QUICK, Figure, progress
from bench.processes import private_mb
from tulle.graph.mesh import Protocol, View
from tulle.xds.build import build_snapshot

SERVICES = 100 if QUICK else 300


def figures() -> Iterator[Figure]:
    """An idle server's proxy, and the slope over its services."""
    anchor = Anchor()
    idle = _private_mb(anchor, _view(anchor, 0))
    yield Figure("idle Envoy: private memory", idle, "MB", "one inbound port, mTLS", 16)
    used = _private_mb(anchor, _view(anchor, SERVICES))
    per_service = (used - idle) * 1024 / SERVICES
    yield Figure(
        "Envoy: memory per used service",
        per_service,
        "KB",
        f"{SERVICES} HTTP services, listeners included",
        50,
    )


def _view(anchor: Anchor, services: int) -> View:
    made = settings(anchor)
    called = [
        destination(f"s{n}", Protocol.HTTP, 8080, [("127.0.0.1", 9), ("127.0.0.1", 10)])
        for n in range(services)
    ]
    ups = [upstream(to, free_port()) for to in called]
    ports = [inbound(free_port(), Protocol.HTTP)]
    return view(
        "server", made, mtls_port=free_port(), ports=ports, outbound=ups, destinations=called
    )


def _private_mb(anchor: Anchor, what: View) -> float:
    progress(f"memory: {len(what.destinations)} services")
    with Proxy("server", anchor.identity("server").secret()) as proxy:
        proxy.settle(build_snapshot(what))
        return private_mb(proxy.pid)
