"""The loop with a store: what changes reaches those it concerns, once; what fails costs only itself."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec
import pytest
from tests.unit.reconcile.meshes import lock, route, service, workload

from tulle.ads.delta import RefusedByProxy
from tulle.graph.mesh import View
from tulle.model.kinds.access_policy import AccessPolicy
from tulle.model.kinds.gateway_api import RouteStatus
from tulle.model.kinds.http_route import HTTPRoute
from tulle.model.kinds.service import Service, ServiceStatus
from tulle.model.kinds.workload import Workload, WorkloadStatus
from tulle.model.names import WorkloadRef
from tulle.model.resources import Resource
from tulle.reconcile.coalesce import Window
from tulle.reconcile.loop import Reconciler
from tulle.reconcile.publish import Publisher
from tulle.store.contract import Batch, Change, Delete, Put
from tulle.store.errors import StoreFull
from tulle.store.memory import MemoryStore
from tulle.xds.build import Builder
from tulle.xds.snapshots import Reference, TypeUrl, XdsSnapshot

A, B, C = (WorkloadRef("shop", name) for name in "abc")
WAIT_S = 30.0
SOON = Window(quiet_s=0.005, longest_s=0.05)


@dataclass
class Bench:
    """A loop at work on a store, and what it built."""

    store: MemoryStore
    publisher: Publisher
    reconciler: Reconciler
    built: list[str]
    broken: dict[str, Callable[[View], XdsSnapshot]]

    async def put(self, *resources: Resource) -> int:
        """Store resources, statuses of workloads included, and wait until that is published."""
        await self.store.write([Put(resource) for resource in resources])
        told = [r for r in resources if isinstance(r, Workload)]
        batch = await self.store.write([Put(resource, status_only=True) for resource in told])
        return await self.published(batch.revision)

    async def published(self, revision: int) -> int:
        await until(lambda: self.publisher.revision >= revision)
        return revision

    async def quiet(self) -> int:
        """Wait until the loop has nothing to do any more; the revision it ended at."""
        async with asyncio.timeout(WAIT_S):
            while True:
                revision = (await self.store.world()).revision
                await self.published(revision)
                await until(lambda: not self.reconciler.busy)
                if (await self.store.world()).revision == revision == self.publisher.revision:
                    return revision

    async def epoch_of(self, name: str) -> int:
        status = await self.status_of(Workload, name)
        assert isinstance(status, WorkloadStatus)
        (entry,) = status.access_epochs
        return entry.epoch

    async def status_of(self, kind: type[Resource], name: str) -> object:
        found = (await self.store.world()).get(kind, "shop", name)
        assert isinstance(found, Service | HTTPRoute | AccessPolicy | Workload)
        return found.status


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, a turn of the loop at a time."""
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 - conditions of many kinds, none with an event
            await asyncio.sleep(0.001)


@asynccontextmanager
async def working(store: MemoryStore) -> AsyncIterator[Bench]:
    publisher, builder = Publisher(), Builder()
    built: list[str] = []
    broken: dict[str, Callable[[View], XdsSnapshot]] = {}

    def build(view: View) -> XdsSnapshot:
        name = view.workload.ref.name
        built.append(name)
        return broken.get(name, builder.build)(view)

    reconciler = Reconciler(store, publisher, lambda: 1_800_000_000.0, window=SOON, build=build)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(reconciler.run())
        yield Bench(store, publisher, reconciler, built, broken)
        running.cancel()


@pytest.fixture
async def store() -> MemoryStore:
    return MemoryStore(lambda: 1_800_000_000.0)


@pytest.fixture
async def bench(store: MemoryStore) -> AsyncIterator[Bench]:
    async with working(store) as made:
        yield made


class OneMesh:
    """a calls b; c calls nobody."""

    resources: Iterable[Resource] = (
        service("a"),
        service("b"),
        workload("a", ["b"]),
        workload("b"),
        workload("c"),
    )


async def test_what_is_stored_becomes_configuration(bench: Bench) -> None:
    await bench.put(*OneMesh.resources)
    await bench.quiet()

    snapshot = bench.publisher.current(A)
    assert snapshot is not None
    assert set(snapshot.of(TypeUrl.CLUSTER)) == {"inbound:9080", "shop/b:80"}
    assert bench.reconciler.world.revision == bench.publisher.revision
    assert bench.reconciler.compiled.graph.workloads.keys() == {A, B, C}


async def test_an_endpoint_that_goes_touches_its_callers_and_itself_and_nobody_else(
    bench: Bench,
) -> None:
    await bench.put(*OneMesh.resources)
    await bench.quiet()
    before = {ref: bench.publisher.current(ref) for ref in (A, B, C)}
    bench.built.clear()

    await bench.put(workload("b", ready=False))
    await bench.quiet()

    assert set(bench.built) == {"a", "b"}
    a, b, c = (bench.publisher.current(ref) for ref in (A, B, C))
    assert a is not None
    assert before[A] is not None
    assert a.of(TypeUrl.CLUSTER) == before[A].of(TypeUrl.CLUSTER)
    assert a.of(TypeUrl.ENDPOINTS) != before[A].of(TypeUrl.ENDPOINTS)
    assert b == before[B]
    assert c is before[C]


async def test_a_workload_that_is_deleted_is_withdrawn(bench: Bench) -> None:
    await bench.put(*OneMesh.resources)
    await bench.quiet()
    batch = await bench.store.write([Delete(workload("c").key)])
    await bench.published(batch.revision)

    assert bench.publisher.current(C) is None


async def test_a_proxy_nothing_can_be_built_for_keeps_what_it_has_and_costs_nobody(
    bench: Bench,
) -> None:
    await bench.put(*OneMesh.resources)
    await bench.quiet()
    good = bench.publisher.current(B)

    def fails(view: View) -> XdsSnapshot:
        raise LookupError("no such thing")

    bench.broken["b"] = fails
    await bench.put(workload("b", ready=False))

    assert bench.publisher.current(B) is good
    (problem,) = bench.publisher.state(B).problems
    assert problem.code == "snapshot-unbuilt"
    a = bench.publisher.current(A)
    assert a is not None
    assert b"10.0.0.1" not in a.of(TypeUrl.ENDPOINTS)["shop/b:80"].framed


async def test_a_snapshot_that_would_dangle_is_not_published(bench: Bench) -> None:
    await bench.put(*OneMesh.resources)
    await bench.quiet()
    good = bench.publisher.current(B)
    hole = Reference("inbound-mtls", TypeUrl.CLUSTER, "nowhere")
    bench.broken["b"] = lambda view: XdsSnapshot(references=frozenset({hole}))

    await bench.put(workload("b", ready=False))
    await bench.quiet()

    assert bench.publisher.current(B) is good
    status = await bench.status_of(Workload, "b")
    assert isinstance(status, WorkloadStatus)
    programmed = {c.type: c for c in status.conditions}["Programmed"]
    assert (programmed.status, programmed.reason) == ("False", "Invalid")


async def test_a_broken_route_is_told_and_costs_only_itself(bench: Bench) -> None:
    await bench.put(*OneMesh.resources, route("b", "missing"))
    await bench.quiet()

    status = await bench.status_of(HTTPRoute, "to-b")
    assert isinstance(status, RouteStatus)
    conditions = {c.type: c for c in status.parents[0].conditions}
    assert conditions["ResolvedRefs"].reason == "BackendNotFound"
    assert conditions["ResolvedRefs"].observed_generation == 1
    assert bench.publisher.current(A) is not None


async def test_services_get_virtual_addresses_and_keep_them(bench: Bench) -> None:
    await bench.put(service("b"))
    await bench.quiet()
    first = await bench.status_of(Service, "b")
    await bench.put(service("a"))
    await bench.quiet()

    assert isinstance(first, ServiceStatus)
    assert first.virtual_addresses
    assert await bench.status_of(Service, "b") == first


async def test_statuses_come_to_rest(bench: Bench) -> None:
    await bench.put(*OneMesh.resources, route("b", "a"), lock("a"))
    revision = await bench.quiet()

    for _ in range(3):
        bench.publisher.record(A, [])
        bench.reconciler.look_again()
        assert await bench.quiet() == revision


async def test_a_refusal_reaches_the_resource_it_came_from_and_leaves_it_again(
    bench: Bench,
) -> None:
    await bench.put(*OneMesh.resources, route("b", "a"))
    await bench.quiet()
    bench.publisher.attach(A, lambda _: None)
    snapshot = bench.publisher.current(A)
    assert snapshot is not None
    (name, routes), *_ = snapshot.of(TypeUrl.ROUTE).items()
    bench.publisher.record(
        A, [RefusedByProxy(TypeUrl.ROUTE, name, routes.version, "bad regex", routes.origins)]
    )
    await until(lambda: bench.reconciler.busy)
    await bench.quiet()

    assert "refused by shop/a: bad regex" in str(await bench.status_of(HTTPRoute, "to-b"))

    await bench.put(route("b", "b"))
    await bench.quiet()
    assert "bad regex" not in str(await bench.status_of(HTTPRoute, "to-b"))


async def test_a_narrowing_is_published_together_with_its_epoch(bench: Bench) -> None:
    await bench.put(*OneMesh.resources, lock("a", "c"))
    await bench.quiet()
    before = await bench.epoch_of("b")
    epochs: list[int] = []

    def note(snapshot: XdsSnapshot) -> None:
        node = bench.reconciler.compiled.graph.workloads[B]
        epochs.append(node.inbound[0].permission.epoch)

    bench.publisher.attach(B, note)
    await bench.put(lock("a"))
    await bench.quiet()

    assert epochs == [before + 1]
    assert await bench.epoch_of("b") == before + 1


async def test_a_widening_drains_nobody(bench: Bench) -> None:
    await bench.put(*OneMesh.resources, lock("a"))
    await bench.quiet()
    before = await bench.epoch_of("b")
    await bench.put(lock("a", "c"))
    await bench.quiet()

    assert await bench.epoch_of("b") == before


async def test_a_narrowing_stored_just_before_a_kill_is_drained_after_the_restart(
    store: MemoryStore,
) -> None:
    async with working(store) as bench:
        await bench.put(*OneMesh.resources, lock("a", "c"))
        await bench.quiet()
        before = await bench.epoch_of("b")
    await store.write([Put(lock("a"))])  # nobody is there to see it

    async with working(store) as bench:
        await bench.quiet()
        assert await bench.epoch_of("b") == before + 1


async def test_a_restart_writes_nothing_and_makes_the_same_bytes(store: MemoryStore) -> None:
    async with working(store) as bench:
        await bench.put(*OneMesh.resources, route("b", "a"), lock("a"))
        revision = await bench.quiet()
        before = [bench.publisher.current(ref) for ref in (A, B, C)]

    async with working(store) as bench:
        assert await bench.quiet() == revision
        assert [bench.publisher.current(ref) for ref in (A, B, C)] == before


class OvertakenStore(MemoryStore):
    """Somebody else changes the workload just before the loop's first status write of each kind."""

    overtake: Callable[[], Iterable[Change]] | None = None

    async def write(self, changes: Iterable[Change], dry_run: bool = False) -> Batch:
        wanted = list(changes)
        ours = [c for c in wanted if isinstance(c, Put) and c.status_only and c.expect]
        if ours and self.overtake is not None:
            others, self.overtake = self.overtake(), None
            await super().write(others)
        return await super().write(wanted, dry_run)


async def test_what_agents_write_meanwhile_is_not_lost() -> None:
    store = OvertakenStore(lambda: 1_800_000_000.0)
    async with working(store) as bench:
        await bench.put(*OneMesh.resources, lock("a", "c"))
        await bench.quiet()
        before = await bench.epoch_of("b")
        unwell = workload("b", ready=False)
        known = (await store.world()).get(Workload, "shop", "b")
        assert known is not None
        status = msgspec.structs.replace(unwell.status, access_epochs=known.status.access_epochs)
        told = msgspec.structs.replace(unwell, status=status)
        store.overtake = lambda: [Put(told, status_only=True)]
        await bench.put(lock("a"))
        await bench.quiet()

        found = await bench.status_of(Workload, "b")
        assert isinstance(found, WorkloadStatus)
        assert {c.type: c.status for c in found.conditions}["Ready"] == "False"
        assert await bench.epoch_of("b") == before + 1


class FullStore(MemoryStore):
    """Refuses status writes while its disk is full."""

    full = False

    async def write(self, changes: Iterable[Change], dry_run: bool = False) -> Batch:
        wanted = list(changes)
        if self.full and any(isinstance(c, Put) and c.status_only for c in wanted):
            raise StoreFull("the disk is full")
        return await super().write(wanted, dry_run)


async def test_a_full_disk_stops_statuses_and_not_configuration() -> None:
    store = FullStore(lambda: 1_800_000_000.0)
    async with working(store) as bench:
        await bench.put(*OneMesh.resources)
        await bench.quiet()
        store.full = True
        batch = await store.write([Put(route("b", "missing"))])
        await bench.published(batch.revision)
        assert bench.reconciler.failure == ""

        store.full = False
        await until(lambda: bench.publisher.revision > batch.revision)
        assert "BackendNotFound" in str(await bench.status_of(HTTPRoute, "to-b"))


async def test_a_round_that_fails_keeps_what_there_is_and_says_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.put(*OneMesh.resources)
    await bench.quiet()
    good, compiling = bench.publisher.current(A), bench.reconciler._compile

    def fails(world: object) -> object:
        raise RuntimeError("a bug")

    monkeypatch.setattr(bench.reconciler, "_compile", fails)
    batch = await bench.store.write([Put(service("b", port=81))])
    await until(lambda: bench.reconciler.failure)
    assert bench.reconciler.failure == "RuntimeError: a bug"
    assert bench.publisher.current(A) is good
    assert not (await bench.publisher.settled(batch.revision, 0)).published

    monkeypatch.setattr(bench.reconciler, "_compile", compiling)
    await bench.put(service("c"))
    await bench.quiet()
    assert bench.reconciler.failure == ""


async def test_a_watch_that_was_left_behind_reads_the_world_again() -> None:
    store = MemoryStore(lambda: 1_800_000_000.0, keep=2)
    async with working(store) as bench:
        # More revisions than are kept, before the loop gets a turn.
        for name in "abcdefgh":
            await store.write([Put(service(name))])
        await bench.quiet()

        assert len(bench.reconciler.world.all(Service)) == 8


async def test_the_loop_ends_with_its_store(store: MemoryStore) -> None:
    reconciler = Reconciler(store, Publisher(), lambda: 0.0, window=SOON)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(reconciler.run())
        await store.write([Put(service("a"))])
        await until(lambda: reconciler.world.revision > 0 and not reconciler.busy)
        await store.close()
        await asyncio.wait_for(running, WAIT_S)
