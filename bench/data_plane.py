"""What the mesh costs a request: a pair of real proxies against no mesh, in the same run.

1,000 requests a second, 16 connections, 1 KB answers, constant rate; latency counts from the time a request
was due. Scenarios take turns, and a figure is the median over the rounds. "CPU" is everything that works for a
request: the load client, the proxies and the program.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.envoy.identities import Anchor
from tests.envoy.proxies import Proxy, free_port
from tests.envoy.views import destination, inbound, settings, upstream, view

from bench.backends import Backend, backend
from bench.figures import QUICK, Figure, median, progress
from bench.processes import total_cpu_seconds
from tulle.graph.mesh import Protocol
from tulle.xds.build import build_snapshot

RATE, CONNECTIONS = 1000, 16
SECONDS, ROUNDS = (5, 3) if QUICK else (10, 7)


@dataclass(frozen=True)
class Scenario:
    """A way from the client to the program, and the processes on it."""

    name: str
    port: int
    pids: tuple[int, ...]
    cpu_target: float | None = None
    p50_target: float | None = None


@dataclass
class Taken:
    """What the rounds measured: CPU seconds per 1,000 requests, milliseconds."""

    cpu: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


def figures() -> Iterator[Figure]:
    """Ratios to direct."""
    with ExitStack() as stack:
        program = stack.enter_context(backend())
        scenarios = [Scenario("direct", program.port, (program.pid,)), *_meshed(stack, program)]
        taken = {scenario.name: Taken() for scenario in scenarios}
        for turn in range(ROUNDS):
            for scenario in scenarios:
                progress(f"data plane, round {turn + 1} of {ROUNDS}: {scenario.name}")
                _measure(scenario, taken[scenario.name])
    direct = taken["direct"]
    baseline = f"direct to {program.name}, {RATE} rps, {CONNECTIONS} connections, 1 KB"
    for scenario in scenarios[1:]:
        mine = taken[scenario.name]
        yield Figure(
            f"{scenario.name}: total CPU",
            _ratio(mine.cpu, direct.cpu),
            "x",
            baseline,
            scenario.cpu_target,
        )
        yield Figure(
            f"{scenario.name}: p50",
            _ratio(mine.p50, direct.p50),
            "x",
            baseline,
            scenario.p50_target,
        )
        yield Figure(f"{scenario.name}: p99", _ratio(mine.p99, direct.p99), "x", baseline, None)


def _ratio(mine: list[float], base: list[float]) -> float:
    return median(mine) / median(base)


def _meshed(stack: ExitStack, program: Backend) -> Iterator[Scenario]:
    yield _pair(stack, program, "HTTP once", Protocol.HTTP, parse_http=False, targets=(3.6, 3.1))
    yield _pair(
        stack, program, "HTTP both sides", Protocol.HTTP, parse_http=True, targets=(4.2, None)
    )
    yield _pair(stack, program, "L4", Protocol.TCP, parse_http=False, targets=(2.2, 1.9))


def _pair(
    stack: ExitStack,
    program: Backend,
    name: str,
    protocol: Protocol,
    *,
    parse_http: bool,
    targets: tuple[float, float | None],
) -> Scenario:
    """A caller's and a server's proxy, mutual TLS between them."""
    anchor = Anchor()
    made = settings(anchor)
    mtls_port, local_port = free_port(), free_port()
    server = stack.enter_context(Proxy("server", anchor.identity("server").secret()))
    client = stack.enter_context(Proxy("client", anchor.identity("client").secret()))
    port = inbound(program.port, protocol, parse_http=parse_http)
    server.settle(build_snapshot(view("server", made, mtls_port=mtls_port, ports=[port])))
    to = destination("server", protocol, program.port, [("127.0.0.1", mtls_port)])
    client.settle(
        build_snapshot(view("client", made, outbound=[upstream(to, local_port)], destinations=[to]))
    )
    return Scenario(name, local_port, (program.pid, server.pid, client.pid), *targets)


def _measure(scenario: Scenario, taken: Taken) -> None:
    before = total_cpu_seconds(scenario.pids)
    arguments = ["127.0.0.1", str(scenario.port), str(RATE), str(CONNECTIONS), str(SECONDS)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.load", *arguments], capture_output=True, text=True, check=True
    )
    result = json.loads(done.stdout)
    if result["errors"] or result["requests"] != RATE * SECONDS:
        raise RuntimeError(f"{scenario.name}: the load client saw {result}")
    spent = total_cpu_seconds(scenario.pids) - before + result["cpu_s"]
    taken.cpu.append(spent / result["requests"] * 1000)
    taken.p50.append(result["p50_ms"])
    taken.p99.append(result["p99_ms"])
