"""A control plane small enough to read: the real machines and certificates, no store and no compiler.

It lets everybody with its token in, keeps what it hears, and answers with the configuration of a workload
that serves the ports it registered and calls the endpoints the test gives.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import msgspec
from tests.envoy.identities import now_s
from tests.envoy.views import destination, inbound, upstream, view

from tulle.ads.delta import DeltaStream, Event
from tulle.ads.messages import Response, decode_request, encode_response
from tulle.graph.mesh import MeshSettings, Protocol
from tulle.model import wire
from tulle.model.names import AccountRef, SpiffeId, WorkloadRef, spiffe_id
from tulle.model.problems import Problem
from tulle.pki import authorities, issuing, requests, tokens
from tulle.pki.peers import Peer, peer_of
from tulle.pki.renewals import BACKDATE_S
from tulle.settings import Address
from tulle.xds.build import build_snapshot
from tulle.xds.snapshots import XdsSnapshot

TRUST_DOMAIN = "mesh.local"


@dataclass
class Stream:
    """One agent's ADS stream: the machine, and what it has to say."""

    machine: DeltaStream = field(default_factory=DeltaStream)
    queue: "asyncio.Queue[Response]" = field(default_factory=asyncio.Queue)

    def offer(self, snapshot: XdsSnapshot) -> None:
        self.say(self.machine.on_snapshot(snapshot))

    def say(self, responses: list[Response]) -> None:
        for response in responses:
            self.queue.put_nowait(response)


class ControlPlane:
    """`endpoints` are what upstreams lead to, by service; `lifetime_s` that of certificates."""

    def __init__(self, folder: Path, lifetime_s: float = 3600.0) -> None:
        now = now_s()
        self.root = authorities.new_root(TRUST_DOMAIN, now - 86400)
        self._signer = authorities.new_intermediate(self.root, now - 86400)
        self._folder = folder
        self.lifetime_s = lifetime_s
        self.made_ahead_s = 0.0
        """How far its clock is ahead of everybody else's."""
        self.endpoints: Mapping[str, tuple[str, int]] = {}
        self.left = wire.Left()
        self.refuse: wire.Refused | None = None
        """What every session is answered with."""
        self.forgets = False
        """Whether it forgets who leaves, and gives them a token to come back."""
        self.forgotten: set[WorkloadRef] = set()
        self.on_draining: Callable[[], None] = lambda: None
        self.made: set[str] = set()
        self.spent: set[str] = set()
        self.issued: list[str] = []
        self.frames: list[wire.FromAgent] = []
        self.questions: list[wire.FromServer] = []
        self.events: list[Event] = []
        self.happened = asyncio.Condition()
        self.snapshots: dict[WorkloadRef, XdsSnapshot] = {}
        self.streams: dict[WorkloadRef, Stream] = {}
        self.join = Address("127.0.0.1", 0)
        self.xds = Address("127.0.0.1", 0)
        self._servers: list[grpc.aio.Server] = []

    def token(self) -> Path:
        """The file of a new token."""
        text, record = tokens.new_token(
            os.urandom(tokens.RANDOM_BYTES), self.root.root_pem, AccountRef("shop", "web"), {}, 0
        )
        self.made.add(record.id)
        path = self._folder / f"token-{len(list(self._folder.iterdir()))}"
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    async def start(self) -> None:
        """Listen; after `stop`, on the same ports again."""
        key, chain = self.certificate(
            SpiffeId(f"spiffe://{TRUST_DOMAIN}/ns/tulle-system/sa/control-plane"),
            wire.CONTROL_PLANE_NAME,
            86400.0,
        )
        pair = [(key, "".join(chain.chain).encode())]
        root = self.root.root_pem.encode()
        joins = grpc.ssl_server_credentials(pair)
        serves = grpc.ssl_server_credentials(pair, root, require_client_auth=True)
        agents = {
            "Join": grpc.unary_unary_rpc_method_handler(self._join),
            "Renew": grpc.unary_unary_rpc_method_handler(self._renew),
            "Session": grpc.stream_stream_rpc_method_handler(self._session),
        }
        service, method = wire.METHOD_DELTA_ADS.strip("/").split("/")
        ads = {method: grpc.stream_stream_rpc_method_handler(self._ads)}
        handlers = (
            grpc.method_handlers_generic_handler("tulle.v1.Agents", agents),
            grpc.method_handlers_generic_handler(service, ads),
        )
        self.join = await self._listen(self.join, joins, handlers)
        self.xds = await self._listen(self.xds, serves, handlers)

    async def stop(self) -> None:
        """Vanish: streams break, ports refuse."""
        for server in self._servers:
            await server.stop(None)
        self._servers.clear()

    def certificate(
        self, identity: SpiffeId, dns_name: str, lifetime_s: float
    ) -> tuple[bytes, issuing.Issued]:
        key, csr = requests.new_request(dns_name)
        return key, self._sign(csr, identity, dns_name, lifetime_s)

    async def wait_for(self, kind: type[wire.Frame], count: int = 1) -> wire.FromAgent:
        """The latest frame of a kind, once so many have come."""
        async with self.happened:
            await self.happened.wait_for(
                lambda: sum(isinstance(frame, kind) for frame in self.frames) >= count
            )
        return next(frame for frame in reversed(self.frames) if isinstance(frame, kind))

    async def wait_in_sync(self, workload: WorkloadRef) -> None:
        """Until the agent has confirmed everything."""
        async with self.happened:
            await self.happened.wait_for(
                lambda: workload in self.streams and self.streams[workload].machine.in_sync
            )

    async def wait_for_event(
        self, kind: type[Event], test: Callable[[Event], bool] = bool
    ) -> Event:
        """The first event of a kind that passes a test."""
        found: list[Event] = []

        def happened() -> bool:
            found.extend(e for e in self.events if isinstance(e, kind) and test(e))
            return bool(found)

        async with self.happened:
            await self.happened.wait_for(happened)
        return found[0]

    def publish(self, workload: WorkloadRef, snapshot: XdsSnapshot) -> None:
        """A new truth for one workload."""
        self.snapshots[workload] = snapshot
        if workload in self.streams:
            self.streams[workload].offer(snapshot)

    async def _listen(
        self,
        address: Address,
        credentials: grpc.ServerCredentials,
        handlers: tuple[grpc.GenericRpcHandler, ...],
    ) -> Address:
        server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
        server.add_generic_rpc_handlers(handlers)
        port = server.add_secure_port(str(address), credentials)
        await server.start()
        self._servers.append(server)
        return Address(address.host, port)

    async def _join(self, data: bytes, context: grpc.aio.ServicerContext) -> bytes:
        request = msgspec.json.decode(data, type=wire.JoinRequest)
        token = tokens.read_token(request.token)
        assert not isinstance(token, Problem)
        if token.id in self.spent:
            refused = wire.Refused(code="token-used", message="the token was used", hint="make one")
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, wire.encode(refused).decode())
        self.spent.add(token.id)
        self.forgotten.clear()
        return self._credentials(request.namespace, request.service_account, "web-1", request.csr)

    async def _renew(self, data: bytes, context: grpc.aio.ServicerContext) -> bytes:
        peer = _peer(context)
        assert peer.workload
        request = msgspec.json.decode(data, type=wire.RenewRequest)
        return self._credentials(
            peer.account.namespace, peer.account.name, peer.workload.name, request.csr
        )

    def _credentials(self, namespace: str, account: str, name: str, csr: str) -> bytes:
        identity = spiffe_id(TRUST_DOMAIN, AccountRef(namespace, account))
        dns_name = wire.workload_dns_name(namespace, name)
        issued = self._sign(csr, identity, dns_name, self.lifetime_s)
        self.issued.append(issued.chain[0])
        return wire.encode(
            wire.Credentials(
                namespace=namespace,
                workload=name,
                service_account=account,
                trust_domain=TRUST_DOMAIN,
                chain=issued.chain,
                roots=(self.root.root_pem,),
                not_before=issued.not_before,
                not_after=issued.not_after,
                xds_address=str(self.xds),
                issued_at=issued.not_before + BACKDATE_S,
            )
        )

    def _sign(
        self, csr: str, identity: SpiffeId, dns_name: str, lifetime_s: float
    ) -> issuing.Issued:
        key = requests.check_request(csr)
        assert not isinstance(key, Problem)
        now = now_s() + self.made_ahead_s
        issued = issuing.issue(self._signer, key, identity, dns_name, now, lifetime_s)
        assert isinstance(issued, issuing.Issued)
        return issued

    async def _session(
        self, frames: AsyncIterator[bytes], context: grpc.aio.ServicerContext
    ) -> None:
        workload = _peer(context).workload
        assert workload
        async for data in frames:
            frame = wire.decode_from_agent(data)
            self.frames.append(frame)
            await self._changed()
            unknown = wire.Refused(code=wire.WORKLOAD_UNKNOWN, message="who?")
            if refused := unknown if workload in self.forgotten else self.refuse:
                await context.write(wire.encode(refused))
                return
            match frame:
                case wire.Register():
                    self.publish(workload, self.snapshot_for(workload, frame))
                    for told in (wire.Registered(revision=1), *self.questions):
                        await context.write(wire.encode(told))
                case wire.Draining():
                    self.on_draining()
                    if self.forgets:
                        self.forgotten.add(workload)
                    token = self.token().read_text() if self.forgets else ""
                    left = msgspec.structs.replace(self.left, token=token)
                    await context.write(wire.encode(left))

    def snapshot_for(self, workload: WorkloadRef, register: wire.Register) -> XdsSnapshot:
        """What the compiler would make of it: TCP where nothing else is said."""
        made = MeshSettings(trust_domain=TRUST_DOMAIN, trust_bundle=(self.root.root_pem,))
        known = [bound for bound in register.bound_upstreams if bound.service in self.endpoints]
        destinations = {
            bound.service: destination(
                bound.service,
                Protocol.TCP,
                bound.port,
                [self.endpoints[bound.service]],
                account="web",
                port=bound.port,
            )
            for bound in known
        }
        return build_snapshot(
            view(
                workload.name.removesuffix("-1"),
                made,
                mtls_port=register.mtls_port,
                ports=[inbound(port.port, Protocol.TCP) for port in register.ports],
                outbound=[upstream(destinations[b.service], b.local_port) for b in known],
                destinations=destinations.values(),
            )
        )

    async def _ads(self, asked: AsyncIterator[bytes], context: grpc.aio.ServicerContext) -> None:
        workload = _peer(context).workload
        assert workload
        stream = self.streams[workload] = Stream()
        if workload in self.snapshots:
            stream.offer(self.snapshots[workload])
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(_write(context, stream.queue))
            async for data in asked:
                stream.say(stream.machine.on_request(decode_request(data)))
                self.events += stream.machine.take_events()
                await self._changed()
            writing.cancel()

    async def _changed(self) -> None:
        async with self.happened:
            self.happened.notify_all()


async def _write(context: grpc.aio.ServicerContext, queue: "asyncio.Queue[Response]") -> None:
    while True:
        await context.write(encode_response(await queue.get()))


def _peer(context: grpc.aio.ServicerContext) -> Peer:
    peer = peer_of(context.auth_context()["x509_pem_cert"][0])
    assert not isinstance(peer, Problem), peer
    return peer


@asynccontextmanager
async def control_plane(folder: Path, lifetime_s: float = 3600.0) -> AsyncIterator[ControlPlane]:
    """One that runs."""
    plane = ControlPlane(folder, lifetime_s)
    await plane.start()
    try:
        yield plane
    finally:
        await plane.stop()
