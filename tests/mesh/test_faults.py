"""With real processes and an independent open-loop client: nothing is lost while things change.

What happens when they die is in `tests/faults`.

Each case sends at least 5,000 HTTP requests at 200 a second, 50 gRPC calls a second and 20 TCP streams with
checksums, none of them retried.
"""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mesh.meshes import PROGRAMS, Mesh, failures, free_port, listens, load, wait_until

pytestmark = pytest.mark.timeout(300)

SERVICES = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: test}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: web-v1, namespace: test}
spec: {selector: {app: web, version: v1}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: web-v2, namespace: test}
spec: {selector: {app: web, version: v2}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: calls, namespace: test}
spec: {selector: {app: calls}, ports: [{name: grpc, port: 80, targetPort: grpc}]}
---
apiVersion: v1
kind: Service
metadata: {name: echo, namespace: test}
spec: {selector: {app: echo}, ports: [{name: tcp, port: 80, targetPort: tcp}]}
"""

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: web, namespace: test}}
spec:
  parentRefs: [{{group: "", kind: Service, name: web}}]
  rules:
  - backendRefs: [{{name: web-v1, port: 80, weight: {v1}}}, {{name: web-v2, port: 80, weight: {v2}}}]
"""

ALLOW = """
apiVersion: tulle.dev/v1
kind: AccessPolicy
metadata: {{name: callers, namespace: test}}
spec:
  rules:
  - from: [{{serviceAccounts: [{accounts}]}}]
"""


class Shop:
    """A mesh with two versions of an HTTP service, a gRPC and a TCP service, and a door to all three."""

    def __init__(self, folder: Path) -> None:
        self.mesh = Mesh(folder)
        self.ports = {name: free_port() for name in ("web", "calls", "echo")}

    def start(self) -> None:
        self.mesh.start_server()
        self.start_workloads()

    def start_workloads(self) -> None:
        self.mesh.apply(SERVICES)
        for version in ("v1", "v2"):
            self.add_web(version)
        self._add("calls", "grpc", "grpc")
        self._add("echo", "echo", "tcp")
        upstreams = [part for n, p in self.ports.items() for part in ("--upstream", f"{n}:80={p}")]
        self.mesh.run("door", *upstreams)
        for name in ("web-v1", "web-v2", "calls", "echo", "door"):
            self.mesh.ready(name)
        for name, port in self.ports.items():
            wait_until(lambda port=port: listens(port), f"the door listens for {name}")
        self.mesh.apply(ROUTE.format(v1=50, v2=50))

    def add_web(self, version: str, *options: str, account: str = ""):  # type: ignore[no-untyped-def]
        port = free_port()
        return self.mesh.run(
            account or f"web-{version}",
            "--port",
            f"http={port}/http",
            "--health",
            "http:/",
            *options,
            labels=("app=web", f"version={version}"),
            command=(*PROGRAMS, "http", str(port), version),
        )

    def _add(self, name: str, program: str, protocol: str) -> None:
        port = free_port()
        self.mesh.run(
            name,
            "--port",
            f"{protocol}={port}/{protocol}",
            labels=(f"app={name}",),
            command=(*PROGRAMS, program, str(port), name),
        )

    @property
    def everything(self) -> tuple[str, ...]:
        return (
            "--http",
            f"127.0.0.1:{self.ports['web']}",
            "--grpc",
            f"127.0.0.1:{self.ports['calls']}",
            "--tcp",
            f"127.0.0.1:{self.ports['echo']}",
        )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("shop"))
    try:
        shop.start()
        yield shop
    finally:
        shop.mesh.end()


def test_nothing_is_lost_while_a_route_changes_fifty_times(shop: Shop) -> None:
    with load(*shop.everything) as result:
        for turn in range(50):
            shop.mesh.apply(ROUTE.format(v1=turn % 2 * 100, v2=100 - turn % 2 * 100))
        shop.mesh.apply(ROUTE.format(v1=50, v2=50))
    assert failures(result) == {}
    assert set(result["http"]["answers"]) == {"v1", "v2"}


def test_nothing_is_lost_while_an_access_policy_is_widened_and_narrowed(shop: Shop) -> None:
    shop.mesh.apply(ALLOW.format(accounts="door"))
    with load(*shop.everything) as result:
        for _ in range(5):
            shop.mesh.apply(ALLOW.format(accounts="door, stranger"))
            shop.mesh.apply(ALLOW.format(accounts="door"))
    shop.mesh.cli("delete", "accesspolicy", "callers", "-n", "test")
    assert failures(result) == {}


def test_nothing_is_lost_in_front_of_gunicorn_with_a_short_keep_alive(shop: Shop) -> None:
    port = free_port()
    local = free_port()
    shop.mesh.apply(
        "apiVersion: v1\nkind: Service\nmetadata: {name: bin, namespace: test}\n"
        "spec: {selector: {app: bin}, ports: [{name: http, port: 80, targetPort: http}]}\n"
    )
    bound = f"127.0.0.1:{port}"
    gunicorn = (
        sys.executable,
        "-m",
        "gunicorn",
        "httpbin:app",
        "-b",
        bound,
        "-w",
        "1",
        "--threads",
        "8",
    )
    server = shop.mesh.run(
        "bin",
        "--port",
        f"http={port}/http",
        "--health",
        "http:/status/200",
        labels=("app=bin",),
        command=(*gunicorn, "-k", "gthread", "--keep-alive", "2"),
    )
    door = shop.mesh.run("bin-door", "--upstream", f"bin:80={local}")
    shop.mesh.ready("bin")
    shop.mesh.ready("bin-door")
    wait_until(lambda: listens(local), "the door listens")
    # Bursts two seconds apart meet connections whose keep-alive is just running out.
    burst = ("--burst", "500", "--http-rate", "245", "--path", "/anything")
    with load("--http", f"127.0.0.1:{local}", *burst) as result:
        pass
    server.end()
    door.end()
    assert failures(result) == {}


def drain_run(shop: Shop, *options: str) -> dict:  # type: ignore[type-arg]
    """Add a third web workload under load, then end it; the client's tally."""
    with load(*shop.everything) as result:
        for turn in range(3):
            account = f"web-extra-{len(options)}-{turn}"
            extra = shop.add_web("v1", *options, account=account)
            shop.mesh.ready(account)
            extra.signal(signal.SIGTERM)
            extra.wait()
    return result


def test_nothing_is_lost_while_a_workload_is_added_and_drained(shop: Shop) -> None:
    assert failures(drain_run(shop)) == {}


def test_without_our_drain_requests_are_lost_so_the_test_above_can_fail(shop: Shop) -> None:
    assert failures(drain_run(shop, "--drain", "0s")) != {}
