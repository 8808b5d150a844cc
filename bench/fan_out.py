"""One endpoint changes, and 1,000 proxies have to know: a control plane in a process of its own.

The simulated agents (`bench.fleet`) hold delta-ADS streams and sessions over mTLS connections of their own, in
processes of their own; they decode every response and ACK it. Every workload calls the hub: its endpoints change
as an agent reports its program's health, its route by `apply`. Measured: time from the change to the last ACK,
the control plane's CPU per push, its memory, and its CPU while nothing happens. QUICK has fewer streams, and
its figures say so; targets are for all.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import IO

import msgspec

from bench import worlds
from bench.control_plane import ControlPlane, control_plane
from bench.figures import QUICK, Figure, median, progress
from bench.processes import cpu_seconds, resident_mb

PROXIES = 200 if QUICK else 1000
SERVICES = 1000
ENDPOINT_CHANGES, ROUTE_CHANGES = (20, 5) if QUICK else (100, 20)
PROCESSES = 2
IDLE_S = 10 if QUICK else 60
FLAPPING = "svc-0-1"
"""The hub's second workload: the hub is never empty."""


class Moment(msgspec.Struct):
    """When something happened, in seconds of the clock all processes share."""

    at: float


@dataclass(frozen=True)
class Fleet:
    """A process of simulated agents."""

    process: subprocess.Popen[bytes]

    def tell(self, **command: object) -> float:
        self._stdin.write(msgspec.json.encode(command) + b"\n")
        self._stdin.flush()
        return self.hear()

    def hear(self) -> float:
        line = self._stdout.readline()
        if not line:
            raise RuntimeError("the simulated agents are gone")
        return msgspec.json.decode(line, type=Moment).at

    @property
    def _stdin(self) -> IO[bytes]:
        assert self.process.stdin
        return self.process.stdin

    @property
    def _stdout(self) -> IO[bytes]:
        assert self.process.stdout
        return self.process.stdout


@dataclass
class Taken:
    """Of some changes: seconds until the last ACK, and CPU seconds of the control plane."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Mesh:
    """A control plane and its agents."""

    plane: ControlPlane
    fleets: Sequence[Fleet]

    def expect(self, kind: str) -> None:
        for fleet in self.fleets:
            fleet.tell(expect=kind)

    def last(self) -> float:
        return max(fleet.hear() for fleet in self.fleets)

    def rest(self) -> float:
        """Wait until the control plane has nothing to do; its CPU seconds then."""
        spent = cpu_seconds(self.plane.pid)
        while True:
            time.sleep(0.25)
            before, spent = spent, cpu_seconds(self.plane.pid)
            if spent - before < 0.01:
                return spent


def figures() -> Iterator[Figure]:
    """Coming, changing, resting, talking."""
    with ExitStack() as stack:
        progress("fan-out: a control plane with 1,000 services")
        plane = stack.enter_context(control_plane())
        yield from measure(stack, plane)


def measure(stack: ExitStack, plane: ControlPlane) -> Iterator[Figure]:
    streams = f"{PROXIES + 1} proxies"
    baseline = f"{SERVICES} services, {streams} with mTLS, 2 processes of simulated agents on the same cores"
    mesh, comes_s = _start(stack, plane)
    yield Figure(f"{streams} come at once: until all have all", comes_s, "s", baseline)
    mesh.rest()
    yield Figure(
        f"control plane with {streams}: memory", resident_mb(plane.pid), "MB", baseline, 300
    )

    endpoints = Taken()
    for turn in range(ENDPOINT_CHANGES):
        progress(f"fan-out: endpoint change {turn + 1} of {ENDPOINT_CHANGES}")
        _endpoint_change(mesh, turn, endpoints)
    yield from _shown(f"endpoint change ACKed by {streams}", endpoints, baseline, 1.0)

    routes = Taken()
    for turn in range(ROUTE_CHANGES):
        progress(f"fan-out: route change {turn + 1} of {ROUTE_CHANGES}")
        _route_change(mesh, turn, routes)
    yield from _shown(f"route change ACKed by {streams}", routes, baseline, 2.0)

    idle = _busy_percent(mesh, IDLE_S)
    yield Figure(
        f"control plane with {streams}: idle CPU", idle, "%", f"of one core, {IDLE_S} s", 1.0
    )
    for fleet in mesh.fleets:
        fleet.tell(traffic=True)
    busy = _busy_percent(mesh, IDLE_S)
    reports = "every agent reports traffic every 2 s"
    yield Figure(f"control plane with {streams}: CPU while all have traffic", busy, "%", reports)
    yield Figure(
        f"control plane with {streams}: memory after all that",
        resident_mb(plane.pid),
        "MB",
        baseline,
        300,
    )


def _start(stack: ExitStack, plane: ControlPlane) -> tuple[Mesh, float]:
    """All resources written, all agents connected and in sync; the seconds that took after the first came."""
    numbers = [(number, 0) for number in range(SERVICES)] + [(0, 1)]
    resources = [worlds.service(number) for number in range(SERVICES)]
    workloads = [worlds.workload(*number, SERVICES, hub=True) for number in numbers]
    plane.apply([*resources, *workloads, worlds.route("first")])
    plane.settle()
    progress(f"fan-out: {PROXIES + 1} agents come")
    names = [FLAPPING, *(f"svc-{number}-0" for number in range(PROXIES))]
    fleets = [
        stack.enter_context(_fleet(plane, names[part::PROCESSES])) for part in range(PROCESSES)
    ]
    began = min(fleet.hear() for fleet in fleets)
    ended = max(fleet.hear() for fleet in fleets)
    return Mesh(plane, fleets), ended - began


@contextmanager
def _fleet(plane: ControlPlane, names: list[str]) -> Iterator[Fleet]:
    command = [
        sys.executable,
        "-m",
        "bench.fleet",
        plane.xds,
        str(plane.keys),
        str(SERVICES),
        *names,
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield Fleet(process)
    finally:
        process.kill()
        process.communicate()


def _endpoint_change(mesh: Mesh, turn: int, taken: Taken) -> None:
    mesh.expect("ENDPOINTS")
    before = mesh.rest()
    start = mesh.fleets[0].tell(health=FLAPPING, ready=bool(turn % 2))
    taken.seconds.append(mesh.last() - start)
    taken.cpu.append(mesh.rest() - before)


def _route_change(mesh: Mesh, turn: int, taken: Taken) -> None:
    mesh.expect("ROUTE")
    before = mesh.rest()
    start = time.monotonic()
    revision = mesh.plane.apply([worlds.route(f"turn-{turn}")])
    mesh.plane.settle(revision)
    settled = time.monotonic()
    taken.seconds.append(max(mesh.last(), settled) - start)
    taken.cpu.append(mesh.rest() - before)


def _shown(name: str, taken: Taken, baseline: str, target: float) -> Iterator[Figure]:
    ordered = sorted(taken.seconds)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    yield Figure(f"{name}: p50", median(ordered), "s", baseline, None)
    yield Figure(f"{name}: p99", p99, "s", f"{len(ordered)} changes", target)
    per_push = median(taken.cpu) / (PROXIES + 1) * 1e6
    yield Figure(f"{name}: control-plane CPU", per_push, "us a push", baseline, None)


def _busy_percent(mesh: Mesh, seconds: float) -> float:
    progress(f"fan-out: nothing happens for {seconds:g} s")
    before, start = mesh.rest(), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(mesh.plane.pid) - before) / (time.monotonic() - start) * 100
