"""A real door on free ports of this machine, with a store in memory behind it."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tulle.ads.messages import frame_resource
from tulle.api.tokens import Mint
from tulle.graph.mesh import Origin
from tulle.model.kinds.workload import Workload, WorkloadPort
from tulle.model.names import AccountRef, ResourceKey, WorkloadRef
from tulle.model.statuses import ConditionType, condition_of
from tulle.model.wire import Register
from tulle.reconcile.authority import MeshAuthority, open_authority
from tulle.reconcile.publish import Publisher
from tulle.serve.ads import Ads
from tulle.serve.certificates import Certificates, Issuance
from tulle.serve.orders import Orders
from tulle.serve.server import GrpcDoor, Services
from tulle.serve.sessions import Memory, Sessions
from tulle.settings import Address
from tulle.store.contract import Store
from tulle.store.keys import KeyFiles
from tulle.store.memory import MemoryStore
from tulle.testing.proxies import Identity, join
from tulle.xds.snapshots import FOR_ENVOY, Reference, TypeUrl, XdsResource, XdsSnapshot, snapshot_of

TRUST_DOMAIN = "mesh.local"
WEB = AccountRef("shop", "web")
ANYWHERE = Address("127.0.0.1", 0)
REGISTER = Register(
    address="127.0.0.1",
    ports=(WorkloadPort(name="http", port=9080),),
    mtls_port=15009,
    proxy_version="1.40.0",
    healthy=True,
)


def xds(name: str, version: str) -> XdsResource:
    """A resource that came from an HTTPRoute of its name."""
    origin = Origin(ResourceKey("HTTPRoute", "shop", name), "spec.rules[0]")
    return XdsResource(name, version, frame_resource(name, version, b""), (origin,))


def mesh_of(version: str, *services: str) -> XdsSnapshot:
    """Per service a cluster with endpoints; one listener with a route to all of them."""
    resources = [(TypeUrl.LISTENER, xds("out", version)), (TypeUrl.ROUTE, xds("out", version))]
    references = [Reference("out", TypeUrl.ROUTE, "out")]
    for name in services:
        resources += [(TypeUrl.CLUSTER, xds(name, "1")), (TypeUrl.ENDPOINTS, xds(name, version))]
        references += [
            Reference("out", TypeUrl.CLUSTER, name),
            Reference(name, TypeUrl.ENDPOINTS, name),
        ]
    return snapshot_of(resources, references)


def names(snapshot: XdsSnapshot) -> dict[str, dict[str, str]]:
    """What a snapshot holds: versions by short type and name."""
    return {
        type_url.rpartition(".")[2]: {
            name: one.version for name, one in snapshot.of(type_url).items()
        }
        for type_url in FOR_ENVOY
        if snapshot.of(type_url)
    }


def status_of(workload: Workload | None, kind: ConditionType) -> str:
    """True, False or Unknown; "" where the condition, or the workload, is not there."""
    found = condition_of(workload.status.conditions, kind) if workload else None
    return found.status if found else ""


def reason_of(workload: Workload | None, kind: ConditionType) -> str:
    found = condition_of(workload.status.conditions, kind) if workload else None
    return found.reason if found else ""


class Clock:
    """This machine's Unix seconds, and what a test puts ahead of them; and what it lets pass."""

    def __init__(self) -> None:
        self.ahead_s = 0.0
        self.passed_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s  # noqa: TID251 - certificates are checked by real time

    def ticks(self) -> float:
        """Seconds that pass, whatever the clock says."""
        return time.monotonic() + self.passed_s


@dataclass
class Door:
    """Everything behind it, for tests to look at."""

    store: Store
    publisher: Publisher
    authority: MeshAuthority
    sessions: Sessions
    clock: Clock
    lifetime_s: float = 3600.0
    drain_s: float = 20.0
    grpc: GrpcDoor = field(init=False)

    @property
    def xds(self) -> Address:
        return self.grpc.xds

    @property
    def mint(self) -> Mint:
        return Mint(self.store, lambda: self.authority.roots.pem, self.clock)

    async def token(self, account: AccountRef = WEB, name: str = "", **labels: str) -> str:
        return await self.mint.new(account, labels, name=name)

    async def join(self, account: AccountRef = WEB, name: str = "", **labels: str) -> Identity:
        return await join(
            self.grpc.join, await self.token(account, name, **labels), account, **labels
        )

    async def workload(self, ref: WorkloadRef) -> Workload | None:
        return (await self.store.world()).get(Workload, ref.namespace, ref.name)

    async def breathe(self) -> None:
        """Let everybody else have a turn; for conditions nobody announces."""
        await asyncio.sleep(0.005)

    async def until(self, ref: WorkloadRef, test: Callable[[Workload | None], bool]) -> None:
        """Wait until what is stored of a workload passes a test."""
        revision = (await self.store.world()).revision
        if test(await self.workload(ref)):
            return
        async for _ in self.store.watch(revision):
            if test(await self.workload(ref)):
                return


@asynccontextmanager
async def running(part: Coroutine[None, None, None]) -> AsyncGenerator[None]:
    """Something that runs until cancelled, for as long as the block does."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(part)
        try:
            yield
        finally:
            task.cancel()


@asynccontextmanager
async def open_door(folder: Path, lost_after_s: float = 10.0) -> AsyncGenerator[Door]:
    """The door of a new mesh, whose keys are in `folder`."""
    clock = Clock()
    store = MemoryStore(clock)
    authority = await open_authority(KeyFiles(folder / "pki"), store, TRUST_DOMAIN, clock)
    publisher = Publisher()
    mint = Mint(store, lambda: authority.roots.pem, clock)
    door: Door
    orders = Orders(lambda: door.drain_s)
    memory = Memory(store, publisher, mint, clock, clock.ticks)
    sessions = Sessions(memory, TRUST_DOMAIN, orders, lost_after_s)
    door = Door(store, publisher, authority, sessions, clock)
    issuance = Issuance(
        authority,
        lambda: door.lifetime_s,
        lambda: door.drain_s,
        lambda: f":{door.grpc.xds.port}",
        sessions.note_certificate,
    )
    services = Services(
        Ads(publisher, TRUST_DOMAIN, clock), Certificates(store, issuance, clock), sessions
    )
    door.grpc = GrpcDoor(ANYWHERE, ANYWHERE, services, authority, clock)
    await door.grpc.start()
    async with running(sessions.run()):
        try:
            yield door
        finally:
            await door.grpc.stop()
            await store.close()
