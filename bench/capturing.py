"""What capture costs beside no capture: the same two proxies, reached by loopback upstream and by redirection.

Real agents on namespaces acting as hosts (root). On one host a client calls a program: without a mesh, through a
declared upstream (mode `none`), and captured (mode `cgroup`). Between two hosts the same without a mesh and in mode
`netns`. Load, rounds and figures are those of `data_plane`.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.hosts import Host, why_not
from tests.mesh.capture.field import Field, Puppet, field_of
from tests.mesh.meshes import wait_until

from bench.backends import backend
from bench.data_plane import CONNECTIONS, RATE, ROUNDS, SECONDS, Taken
from bench.figures import Figure, median, progress
from bench.processes import total_cpu_seconds

LOAD = (sys.executable, "-m", "bench.load")
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Way:
    """From `caller` to a program at an address and port; `pids` are those that work for it beside the client."""

    name: str
    baseline: str
    caller: Puppet
    address: str
    port: int
    pids: tuple[int, ...]


def figures() -> Iterator[Figure]:
    """Ratios to no mesh in the same place."""
    if reason := why_not():
        progress(f"capture is not measured: {reason}")
        return
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tulle-bench-"))
        field = stack.enter_context(field_of(Path(folder), "vm", "near", "far"))
        ways = [*_one_host(field, stack), *_two_hosts(field, stack)]
        field.settled()
        taken = {way.name: Taken() for way in ways}
        for turn in range(ROUNDS):
            for way in ways:
                progress(f"capture, round {turn + 1} of {ROUNDS}: {way.name}")
                _measure(way, taken[way.name])
    for way in ways:
        if way.name != way.baseline:
            base, mine = taken[way.baseline], taken[way.name]
            what = f"{way.baseline}, {RATE} rps, {CONNECTIONS} connections, 1 KB"
            yield Figure(f"{way.name}: total CPU", _ratio(mine.cpu, base.cpu), "x", what)
            yield Figure(f"{way.name}: p50", _ratio(mine.p50, base.p50), "x", what)
            yield Figure(f"{way.name}: p99", _ratio(mine.p99, base.p99), "x", what)


def _one_host(field: Field, stack: ExitStack) -> Iterator[Way]:
    """Every program has its proxy; what differs is how connections reach it."""
    vm = field.net["vm"]
    with vm.inside():
        program = stack.enter_context(backend())
    direct = field.stranger(vm, "alone")
    yield Way("direct", "direct", direct, "127.0.0.1", program.port, (program.pid,))
    open_port = f"http={program.port}/tcp"
    field.service("plain", f"http:80:{program.port}:http", f"tcp:81:{program.port}:tcp")
    field.join(vm, "plain", "--port", open_port)
    field.ready("plain")
    upstreams = ("--upstream", "plain:80=18080", "--upstream", "plain:81=18081")
    caller = field.puppet(vm, "declares", *upstreams)
    around = (program.pid, *_envoys(field, "plain", "declares"))
    yield Way("HTTP, mode none", "direct", caller, "127.0.0.1", 18080, around)
    yield Way("TCP, mode none", "direct", caller, "127.0.0.1", 18081, around)
    captured = field.puppet(vm, "captured", "--capture", "cgroup")
    virtual, _ = field.addresses("plain")
    around = (program.pid, *_envoys(field, "plain", "captured"))
    yield Way("HTTP, mode cgroup", "direct", captured, virtual, 80, around)
    yield Way("TCP, mode cgroup", "direct", captured, virtual, 81, around)


def _two_hosts(field: Field, stack: ExitStack) -> Iterator[Way]:
    """Everything on both hosts is captured, after the figure without."""
    near, far = field.net["near"], field.net["far"]
    with far.inside():
        program = stack.enter_context(backend("0.0.0.0"))
    alone = field.stranger(field.net["vm"], "stranger")
    yield Way(
        "direct to another host",
        "direct to another host",
        alone,
        far.ipv4,
        program.port,
        (program.pid,),
    )
    inner = field.stranger(near, "near")
    ports = (f"http:80:{program.port}:http", f"tcp:81:{program.port}:tcp")
    field.service("far", *ports)
    excluded = ("--exclude-inbound-cidr", field.net["vm"].ipv4)
    _capture(field, far, "far", "--port", f"http={program.port}/tcp", *excluded)
    _capture(field, near, "near")
    virtual, _ = field.addresses("far")
    around = (program.pid, *_envoys(field, "far", "near"))
    yield Way("HTTP, mode netns", "direct to another host", inner, virtual, 80, around)
    yield Way("TCP, mode netns", "direct to another host", inner, virtual, 81, around)


def _capture(field: Field, host: Host, name: str, *flags: str) -> None:
    where = ("--capture", "netns", "--netns", host.namespace)
    field.join(field.net["control"], name, *where, *flags)
    field.ready(name)


def _envoys(field: Field, *names: str) -> list[int]:
    """Their process ids."""
    return [_envoy(str(field.folder / f"state-{name}")) for name in names]


def _envoy(state_dir: str) -> int:
    def found() -> int | None:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_text().split("\0")
            except OSError:
                continue
            if words[0].endswith("envoy") and any(f"{state_dir}/" in word for word in words):
                return int(process.name)
        return None

    return int(wait_until(found, f"the Envoy of {state_dir}"))


def _measure(way: Way, taken: Taken) -> None:
    before = total_cpu_seconds(way.pids)
    words = (way.address, str(way.port), str(RATE), str(CONNECTIONS), str(SECONDS))
    said = way.caller.do("env", "-C", str(ROOT), *LOAD, *words)
    result = json.loads(said)
    if result["errors"] or result["requests"] != RATE * SECONDS:
        raise RuntimeError(f"{way.name}: the load client saw {result}")
    spent = total_cpu_seconds(way.pids) - before + result["cpu_s"]
    taken.cpu.append(spent / result["requests"] * 1000)
    taken.p50.append(result["p50_ms"])
    taken.p99.append(result["p99_ms"])


def _ratio(mine: list[float], base: list[float]) -> float:
    return median(mine) / median(base)
