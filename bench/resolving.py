"""DNS answers per second and how long one takes, beside a server that only sends every packet back.

Both run in a process of their own on uvloop, as agents do; the client is this process, with plain sockets.
`python -m bench.resolving mesh|echo|upstream PORT` is what runs there.
"""

import asyncio
import itertools
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dns.message
import dns.rrset

from bench.figures import QUICK, Figure, median

SERVICES = 1000
ASKED = 500
"""Of these services, each program's few many times over: less than a resolver remembers."""
WINDOW = 32
"""Questions under way at once."""
SECONDS = 1.0 if QUICK else 3.0
ROUNDS = 3
ROUND_TRIPS = 500 if QUICK else 2000


def figures() -> Iterator[Figure]:
    """Rates first, then latencies; the scenarios take turns."""
    with (
        _running("echo") as echo,
        _running("upstream") as upstream,
        _running("mesh", str(upstream)) as mesh,
    ):
        yield from _figures(mesh, echo, upstream)


def _figures(mesh: int, echo: int, upstream: int) -> Iterator[Figure]:
    packets = {
        "names of the mesh": [_question(f"s{i}.ns") for i in range(ASKED)],
        "names of the mesh, in random case": [
            _question(_odd(f"s{i}.ns.mesh", seed)) for seed in range(4) for i in range(ASKED)
        ],
        "names of others, cached": [_question(f"h{i}.example.com") for i in range(100)],
    }
    plain = _question("x.example.com")
    _rate(mesh, packets["names of others, cached"], 0.3)
    rates: dict[str, list[float]] = {name: [] for name in ("echo", *packets)}
    for _ in range(ROUNDS):
        rates["echo"].append(_rate(echo, [plain], SECONDS))
        for name, questions in packets.items():
            rates[name].append(_rate(mesh, questions, SECONDS))
    base = median(rates.pop("echo"))
    for name, found in rates.items():
        yield Figure(f"DNS: {name}", median(found), "answers/s", f"packets sent back {base:.0f}/s")
    base_us = _latency_us(echo, [plain])
    for name, questions in packets.items():
        for share, value in zip((50, 99), _latency_us(mesh, questions), strict=True):
            baseline = f"packets sent back {base_us[0 if share == 50 else 1]:.0f} us"
            yield Figure(f"DNS: {name}: p{share}", value, "us", baseline)
    first = [_question(f"new{i}.example.com") for i in range(ROUND_TRIPS)]
    direct = _latency_us(upstream, first)
    for share, value, beside in zip((50, 99), _latency_us(mesh, first), direct, strict=True):
        name = f"DNS: names of others, asked for the first time: p{share}"
        yield Figure(name, value, "us", f"asked directly {beside:.0f} us")


def _question(name: str) -> bytes:
    return dns.message.make_query(name, "A", id=0, use_edns=0).to_wire()


def _odd(name: str, seed: int) -> str:
    luck = random.Random(f"{name}{seed}")
    return "".join(luck.choice((letter, letter.upper())) for letter in name)


def _rate(port: int, questions: Sequence[bytes], seconds: float) -> float:
    """Answers per second with a window of questions under way."""
    numbers = itertools.count()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        sock.settimeout(5)
        for _ in range(WINDOW):
            _send(sock, questions, next(numbers))
        answered, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            sock.recv(4096)
            answered += 1
            _send(sock, questions, next(numbers))
        return answered / (time.perf_counter() - start)


def _latency_us(port: int, questions: Sequence[bytes]) -> tuple[float, float]:
    """Median and 99th percentile of one question after the other."""
    times: list[float] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        sock.settimeout(5)
        for number in range(ROUND_TRIPS):
            start = time.perf_counter()
            _send(sock, questions, number)
            sock.recv(4096)
            times.append((time.perf_counter() - start) * 1e6)
    times.sort()
    return times[len(times) // 2], times[len(times) * 99 // 100]


def _send(sock: socket.socket, questions: Sequence[bytes], number: int) -> None:
    question = questions[number % len(questions)]
    sock.send((number & 0xFFFF).to_bytes(2, "big") + question[2:])


@contextmanager
def _running(kind: str, *words: str) -> Iterator[int]:
    """A server in a process of its own; its port."""
    command = [sys.executable, "-m", "bench.resolving", kind, *words]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


# What runs there


class _Back(asyncio.DatagramProtocol):
    """Sends back what comes, or an answer to it."""

    def __init__(self, *, answers: bool) -> None:
        self._answers = answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._answers:
            made = dns.message.make_response(dns.message.from_wire(data))
            name = made.question[0].name
            made.answer.append(dns.rrset.from_text(name, 3600, "IN", "A", "192.0.2.1"))
            data = made.to_wire()
        self._transport.sendto(data, addr)  # type: ignore[attr-defined]


async def _serve_back(*, answers: bool) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Back(answers=answers), local_addr=("127.0.0.1", 0)
    )
    print(transport.get_extra_info("sockname")[1], flush=True)
    await asyncio.Event().wait()


async def _serve_mesh(upstream: int) -> None:
    from tulle.agent.resolver.forwarder import Forwarder
    from tulle.agent.resolver.listener import Listener
    from tulle.agent.resolver.resolver import Resolver
    from tulle.agent.resolver.sockets import open_pairs, port_of
    from tulle.dns.directories import directory_of
    from tulle.dns.upstreams import Server
    from tulle.model.directory import VirtualEntry

    entries = [
        VirtualEntry(namespace="ns", name=f"s{i}", addresses=(f"240.0.{i // 250}.{i % 250}",))
        for i in range(SERVICES)
    ]
    servers = (Server("127.0.0.1", upstream),)
    pairs = open_pairs(("127.0.0.1",), 0)
    async with asyncio.TaskGroup() as group:
        clock = asyncio.get_running_loop().time
        resolver = Resolver("ns", Forwarder(lambda: servers, group), clock)
        resolver.use(directory_of(entries))
        group.create_task(Listener(resolver, pairs).run())
        print(port_of(pairs), flush=True)


def main() -> None:
    """Be one of the servers until killed."""
    import uvloop

    match sys.argv[1:]:
        case ["mesh", upstream]:
            uvloop.run(_serve_mesh(int(upstream)))
        case [kind]:
            uvloop.run(_serve_back(answers=kind == "upstream"))


if __name__ == "__main__":
    main()
