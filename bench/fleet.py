"""Simulated agents: delta-ADS clients and sessions, each with a certificate and an mTLS connection of its own.

`python -m bench.fleet XDS_ADDRESS KEYS_FOLDER SERVICES NAME…` is one process of them. It decodes every response
and ACKs it at once, as an agent does whose Envoy is quick. JSON lines on standard input say what to do:

    {"expect": TYPE}             watch for a response of a type to every proxy: answers {"at": …} when armed,
                                 and {"at": …} again when the last proxy has written its ACK
    {"health": NAME, "ready": …} have one agent report its program's health
    {"traffic": true}            have every agent report traffic as often as a real one does, until false

Times are of the clock all processes share (CLOCK_MONOTONIC). The certificates are signed with the key of the
mesh's own authority, read from its folder: joining is not what is measured here.
"""

import asyncio
import itertools
import random
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc
import msgspec
import uvloop

from bench import worlds
from tulle.ads.client import DeltaClient
from tulle.ads.messages import decode_response, encode_request
from tulle.agent.control.channels import Trust, open_channel
from tulle.agent.control.session import REPORT_EVERY_S
from tulle.model.kinds.workload import Workload
from tulle.model.names import AccountRef, spiffe_id
from tulle.model.problems import Problem
from tulle.model.wire import (
    METHOD_DELTA_ADS,
    METHOD_SESSION,
    EdgeReport,
    EdgeSample,
    FromAgent,
    HealthReport,
    Register,
    Registered,
    decode_from_server,
    encode,
    workload_dns_name,
)
from tulle.pki import authorities
from tulle.pki.issuing import issue
from tulle.pki.requests import check_request, new_request
from tulle.reconcile.authority import INTERMEDIATE_FILE
from tulle.store.keys import KeyFiles
from tulle.xds.snapshots import TypeUrl, XdsSnapshot

AT_ONCE = 32
"""Agents that connect at the same time."""

LIFETIME_S = 86400.0


class Command(msgspec.Struct, forbid_unknown_fields=True):
    """What the benchmark wants."""

    expect: str = ""
    health: str = ""
    ready: bool = False
    traffic: bool | None = None


class Agent:
    """One workload's agent."""

    def __init__(self, workload: Workload, fleet: "Fleet") -> None:
        self.name = workload.metadata.name
        self._workload = workload
        self._fleet = fleet
        self._outbox: asyncio.Queue[FromAgent] = asyncio.Queue()
        self._client = DeltaClient(f"{worlds.NAMESPACE}/{self.name}", XdsSnapshot())

    def say(self, frame: FromAgent) -> None:
        self._outbox.put_nowait(frame)

    def traffic(self, requests: int) -> EdgeReport:
        """What a proxy counts towards the services it calls."""
        edges = (
            EdgeSample(
                service=to.service,
                namespace=worlds.NAMESPACE,
                port=to.port,
                protocol="http",
                requests=requests,
                failures=0,
                connections=4,
                handshakes=4,
                p50_ms=1.5,
                p99_ms=9.5,
            )
            for to in self._workload.spec.upstreams
        )
        return EdgeReport(edges=tuple(edges), inbound_handshakes=4)

    async def run(self, address: str, trust: Trust, connected: asyncio.Event) -> None:
        channel = open_channel(address, trust)
        async with asyncio.TaskGroup() as group:
            session = channel.stream_stream(METHOD_SESSION)()
            await session.write(encode(self._register()))
            registered = decode_from_server(await session.read())
            if not isinstance(registered, Registered):
                raise TypeError(f"{self.name}: {registered}")
            group.create_task(self._report(session))
            stream = channel.stream_stream(METHOD_DELTA_ADS)()
            for request in self._client.open():
                await stream.write(encode_request(request))
            async for data in stream:
                response = decode_response(data)
                self._client.on_response(response)
                answer = self._client.accept(response.type_url)
                await stream.write(encode_request(answer))
                self._fleet.acked(self.name, response.type_url)
                if self._client.is_complete:
                    connected.set()

    async def _report(self, session: grpc.aio.StreamStreamCall) -> None:
        while True:
            await session.write(encode(await self._outbox.get()))

    def _register(self) -> Register:
        spec, proxy = self._workload.spec, self._workload.status.proxy
        assert proxy is not None
        return Register(
            address=spec.address,
            ports=spec.ports,
            upstreams=spec.upstreams,
            bound_upstreams=proxy.upstreams,
            mtls_port=proxy.mtls_port,
            healthy=True,
        )


class Fleet:
    """All agents of this process."""

    def __init__(self, workloads: Iterator[Workload]) -> None:
        agents = (Agent(workload, self) for workload in workloads)
        self.agents = {agent.name: agent for agent in agents}
        self._expected: str = ""
        self._missing: set[str] = set()
        self._traffic = False
        self._numbers = itertools.count()

    def acked(self, name: str, type_url: str) -> None:
        if type_url == self._expected:
            self._missing.discard(name)
            if not self._missing:
                self._expected = ""
                say(at=time.monotonic())

    def obey(self, command: Command) -> None:
        if command.expect:
            self._expected, self._missing = TypeUrl[command.expect], set(self.agents)
        if command.health:
            agent = self.agents[command.health]
            agent.say(HealthReport(healthy=command.ready, reason="the benchmark says so"))
        if command.traffic is not None:
            self._traffic = command.traffic
        say(at=time.monotonic())

    async def connect(self, address: str, keys: Path, group: asyncio.TaskGroup) -> None:
        """Start every agent, a few at a time."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(agent: Agent, trust: Trust) -> None:
            async with gate:
                connected = asyncio.Event()
                group.create_task(agent.run(address, trust, connected))
                await connected.wait()

        trusts = [(agent, certified(agent.name, keys)) for agent in self.agents.values()]
        say(at=time.monotonic())
        async with asyncio.TaskGroup() as starting:
            for agent, trust in trusts:
                starting.create_task(one(agent, trust))

    async def report(self, agent: Agent) -> None:
        """Count and report, every two seconds, not all at the same moment."""
        await asyncio.sleep(random.random() * REPORT_EVERY_S)
        while True:
            if self._traffic:
                agent.say(agent.traffic(next(self._numbers)))
            await asyncio.sleep(REPORT_EVERY_S)


def certified(name: str, keys: Path) -> Trust:
    """A key and a certificate for it."""
    files = KeyFiles(keys)
    authority = authorities.from_pem(files.read(INTERMEDIATE_FILE) or b"")
    assert not isinstance(authority, Problem)
    dns_name = workload_dns_name(worlds.NAMESPACE, name)
    request = new_request(dns_name)
    key = check_request(request.csr_pem)
    assert not isinstance(key, Problem)
    account = AccountRef(worlds.NAMESPACE, name.rpartition("-")[0])
    identity = spiffe_id(authority.trust_domain, account)
    issued = issue(authority, key, identity, dns_name, time.time(), LIFETIME_S)  # noqa: TID251 - a real one
    assert not isinstance(issued, Problem)
    return Trust(authority.root_pem, request.private_key_pem.decode(), "".join(issued.chain))


def say(**answer: float) -> None:
    print(msgspec.json.encode(answer).decode(), flush=True)


async def commands() -> AsyncIterator[Command]:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        yield msgspec.json.decode(line, type=Command)


async def run(address: str, keys: Path, services: int, names: list[str]) -> None:
    numbers = [(int(name.split("-")[1]), int(name.split("-")[2])) for name in names]
    fleet = Fleet(worlds.workload(number, copy, services, hub=True) for number, copy in numbers)
    async with asyncio.TaskGroup() as group:
        await fleet.connect(address, keys, group)
        for agent in fleet.agents.values():
            group.create_task(fleet.report(agent))
        say(at=time.monotonic())
        async for command in commands():
            fleet.obey(command)
        raise SystemExit


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]))
