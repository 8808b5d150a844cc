"""The gate: checked whole against the mesh a change would make, written whole, one at a time."""

import asyncio
from collections.abc import Iterable

import pytest
from tests.unit.api.servers import now
from tests.unit.reconcile.meshes import mesh, route, service

from tulle.api.changes import Gate
from tulle.api.errors import ApiError, ProblemsError
from tulle.graph.mesh import Compiled, MeshGraph, MeshSettings
from tulle.model.kinds.core import Namespace
from tulle.model.kinds.service import Service
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem
from tulle.model.resources import Metadata
from tulle.model.worlds import World
from tulle.store.contract import Batch, Change, Delete, Put
from tulle.store.errors import ConflictError
from tulle.store.memory import MemoryStore


class CountingStore(MemoryStore):
    """Says how many writes were under way at once."""

    def __init__(self) -> None:
        super().__init__(now)
        self.at_once = self.most = 0

    async def write(self, changes: Iterable[Change], dry_run: bool = False) -> Batch:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        return await super().write(changes, dry_run)


@pytest.fixture
async def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
async def gate(store: CountingStore) -> Gate:
    return Gate(store, lambda: "mesh.local")


def no_clash(world: World) -> Compiled:
    """A compiler to which two services are one too many."""
    services = world.all(Service)
    problems = (
        [Problem("", "clash", "two services", resource=services[1].key)]
        if len(services) > 1
        else []
    )
    return Compiled(MeshGraph(MeshSettings(), {}, {}), (), tuple(problems))


async def test_puts_that_depend_on_what_there_is_are_decided_with_nobody_in_between(
    gate: Gate, store: CountingStore
) -> None:
    def one_more(world: World) -> list[Put]:
        return [Put(service(f"s{len(world.all(Service))}"))]

    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(gate.put_as(one_more))

    names = [found.metadata.name for found in (await store.world()).all(Service)]
    assert names == [f"s{number}" for number in range(5)]


async def test_a_namespace_that_is_being_deleted_takes_nothing_new(
    gate: Gate, store: CountingStore
) -> None:
    shop = Namespace(metadata=Metadata(name="shop"))
    await store.write([Put(shop), Put(service("a"))])
    await gate.delete([Delete(shop.key)])

    with pytest.raises(ApiError, match="being terminated"):
        await gate.put([Put(service("b"))])
    assert (await gate.put([Put(service("a", port=81))])).actions[0][1] == "configured"


async def test_a_change_that_brings_an_error_into_the_mesh_is_refused(
    gate: Gate, store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "_compile", no_clash)
    await gate.put([Put(service("a"))])

    with pytest.raises(ProblemsError) as caught:
        await gate.put([Put(service("b"))])

    assert [problem.code for problem in caught.value.problems] == ["clash"]
    assert len((await store.world()).all(Service)) == 1


async def test_an_error_that_was_there_before_refuses_nothing(
    gate: Gate, store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.write([Put(service("a")), Put(service("b"))])
    monkeypatch.setattr(gate, "_compile", no_clash)

    unrelated = await gate.put([Put(route("a", "b"))])
    assert unrelated.warnings == ()
    named = await gate.put([Put(service("b", port=81))])
    assert [problem.code for problem in named.warnings] == ["clash"]


async def test_a_deletion_is_not_refused_for_what_others_then_lack(
    gate: Gate, store: CountingStore
) -> None:
    await gate.put([Put(service("a")), Put(service("b")), Put(route("a", "b"))])
    deleted = await gate.delete([Delete(service("b").key)])

    assert deleted.actions == ((service("b").key, "deleted"),)
    assert [warning.resource for warning in deleted.warnings] == [route("a", "b").key]


async def test_a_dry_run_promises_what_the_real_one_does(gate: Gate, store: CountingStore) -> None:
    puts = [Put(service("a")), Put(service("b"))]
    promised = await gate.put(puts, dry_run=True)
    assert len((await store.world()).all(Service)) == 0

    assert (await gate.put(puts)).actions == promised.actions


async def test_changes_take_turns(gate: Gate, store: CountingStore) -> None:
    async with asyncio.TaskGroup() as group:
        for name in "abcdef":
            group.create_task(gate.put([Put(service(name))]))

    assert store.most == 1
    assert len((await store.world()).all(Service)) == 6


async def test_a_conflict_is_passed_on_and_nothing_is_written(
    gate: Gate, store: CountingStore
) -> None:
    await gate.put([Put(service("a"))])

    with pytest.raises(ConflictError):
        await gate.put([Put(service("b")), Put(service("a", port=81), expect="999")])

    assert [found.metadata.name for found in (await store.world()).all(Service)] == ["a"]


async def test_the_mesh_stays_in_its_trust_domain_and_in_the_store(store: CountingStore) -> None:
    gate = Gate(store, lambda: "other.test")

    with pytest.raises(ProblemsError, match="trust-domain-fixed"):
        await gate.put([Put(mesh("45s"))])
    await store.write([Put(mesh("45s"))])
    with pytest.raises(ProblemsError, match="mesh-needed"):
        await gate.delete([Delete(ResourceKey("Mesh", "", "default"))])
