"""The contract of `store.contract`, held by every store: each test runs on all of them."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from tulle.model.kinds import ALL
from tulle.model.kinds.access_policy import AccessPolicy, AccessPolicySpec, AccessRule
from tulle.model.kinds.core import Namespace, Secret
from tulle.model.kinds.mesh import Mesh
from tulle.model.kinds.policies import PolicyStatus
from tulle.model.kinds.service import Service
from tulle.model.kinds.workload import Workload, WorkloadSpec, WorkloadStatus
from tulle.model.names import ResourceKey
from tulle.model.resources import Condition, Metadata, Resource, spec_of
from tulle.pki.tokens import TokenRecord, hash_secret
from tulle.store.contract import ABSENT, Batch, Delete, Put, Store
from tulle.store.errors import (
    Compacted,
    ConflictError,
    InvalidChange,
    NotFound,
    StoreClosed,
    StoreError,
)
from tulle.store.memory import MemoryStore
from tulle.store.sqlite import SqliteStore

NOW = 1_800_000_000.0
READY = Condition(type="Ready", status="True", reason="Healthy")


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Stores:
    """Makes stores of the kind under test."""

    open: Callable[..., Store]
    clock: Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite"])
def stores(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Stores:
    numbers = itertools.count()

    def memory(**options: int) -> Store:
        return MemoryStore(clock, **options)

    def sqlite(**options: int) -> Store:
        return SqliteStore.open(tmp_path / f"{next(numbers)}.db", clock, **options)

    return Stores({"memory": memory, "sqlite": sqlite}[request.param], clock)


@pytest.fixture
async def store(stores: Stores) -> AsyncIterator[Store]:
    opened = stores.open()
    yield opened
    await opened.close()


def workload(
    name: str, address: str = "10.0.0.1", *, status: tuple[Condition, ...] = (), **labels: str
) -> Workload:
    return Workload(
        metadata=Metadata(name=name, namespace="shop", labels=labels),
        spec=WorkloadSpec(address=address),
        status=WorkloadStatus(conditions=status),
    )


async def take(store: Store, after: int, count: int) -> list[Batch]:
    async with aclosing(store.watch(after)) as batches:
        found: list[Batch] = []
        async for batch in batches:
            found.append(batch)
            if len(found) == count:
                return found
    raise AssertionError("the watch ended")


async def find(store: Store, name: str) -> Workload:
    found = (await store.world()).get(Workload, "shop", name)
    assert found is not None
    return found


# Writing


async def test_a_new_store_is_empty_and_at_revision_zero(store: Store) -> None:
    world = await store.world()

    assert list(world) == []
    assert world.revision == 0


async def test_what_was_written_is_in_the_world(store: Store) -> None:
    batch = await store.write([Put(workload("a", app="web"))])

    world = await store.world()
    assert world.revision == batch.revision == 1
    assert list(world) == list(batch.changed)
    assert (await find(store, "a")).metadata.labels == {"app": "web"}


async def test_a_new_resource_gets_uid_time_generation_and_version(store: Store) -> None:
    await store.write([Put(workload("a")), Put(workload("b"))])

    one, other = (await find(store, "a")).metadata, (await find(store, "b")).metadata
    assert (one.generation, one.resource_version) == (1, "1")
    assert one.creation_timestamp == "2027-01-15T08:00:00Z"
    assert len(one.uid) == 36
    assert one.uid != other.uid


async def test_bookkeeping_of_the_client_is_ignored(store: Store) -> None:
    await store.write([Put(workload("a"))])
    before = (await find(store, "a")).metadata
    forged = Metadata(
        name="a",
        namespace="shop",
        labels={"v": "2"},
        generation=77,
        resource_version="99",
        uid="mine",
        creation_timestamp="yesterday",
    )
    await store.write([Put(Workload(metadata=forged, spec=WorkloadSpec(address="10.0.0.1")))])

    after = (await find(store, "a")).metadata
    assert (after.uid, after.creation_timestamp) == (before.uid, before.creation_timestamp)
    assert (after.generation, after.resource_version) == (1, "2")


async def test_a_changed_spec_raises_the_generation(store: Store) -> None:
    await store.write([Put(workload("a"))])
    await store.write([Put(workload("a", "10.0.0.2"))])

    after = await find(store, "a")
    assert after.spec.address == "10.0.0.2"
    assert after.metadata.generation == 2


async def test_changed_labels_leave_the_generation(store: Store) -> None:
    await store.write([Put(workload("a"))])
    await store.write([Put(workload("a", app="web"))])

    after = (await find(store, "a")).metadata
    assert (after.generation, after.resource_version) == (1, "2")


async def test_a_write_that_changes_nothing_makes_no_revision(store: Store) -> None:
    await store.write([Put(workload("a"))])

    again = await store.write([Put(workload("a"))])

    assert again == Batch(1)
    assert (await store.world()).revision == 1
    assert not again


async def test_an_empty_write_makes_no_revision(store: Store) -> None:
    assert await store.write([]) == Batch(0)


async def test_changes_that_undo_each_other_make_no_revision(store: Store) -> None:
    await store.write([Put(workload("a", app="web"))])

    batch = await store.write([Put(workload("a")), Put(workload("a", app="web"))])

    assert batch == Batch(1)


async def test_only_what_changed_is_in_the_batch(store: Store) -> None:
    await store.write([Put(workload("a")), Put(workload("b"))])

    batch = await store.write([Put(workload("a")), Put(workload("b", "10.0.0.9"))])

    assert [resource.metadata.name for resource in batch.changed] == ["b"]
    assert (await find(store, "a")).metadata.resource_version == "1"


async def test_a_deleted_resource_is_gone(store: Store) -> None:
    await store.write([Put(workload("a")), Put(workload("b"))])

    batch = await store.write([Delete(workload("a").key)])

    assert batch == Batch(3, (), (ResourceKey("Workload", "shop", "a"),))
    assert [resource.metadata.name for resource in await store.world()] == ["b"]


async def test_a_resource_made_again_is_another(store: Store) -> None:
    await store.write([Put(workload("a"))])
    first = (await find(store, "a")).metadata.uid
    await store.write([Delete(workload("a").key)])
    await store.write([Put(workload("a"))])

    assert (await find(store, "a")).metadata.uid != first


async def test_delete_and_put_of_one_set_replace_the_resource(store: Store) -> None:
    await store.write([Put(workload("a", "10.0.0.1"))])
    first = await find(store, "a")
    await store.write([Delete(first.key), Put(workload("a", "10.0.0.2"))])

    after = await find(store, "a")
    assert after.metadata.uid != first.metadata.uid
    assert after.metadata.generation == 1


async def test_a_mesh_wide_resource_has_no_namespace(store: Store) -> None:
    await store.write([Put(Namespace(metadata=Metadata(name="shop", namespace="odd")))])

    found = (await store.world()).get(Namespace, "", "shop")
    assert found is not None
    assert found.metadata.namespace == ""


SPECS: dict[str, dict[str, object]] = {
    "ConfigMap": {"data": {"ca.crt": "pem"}, "binaryData": {"b": "AA=="}},
    "EndpointSlice": {"endpoints": [{"addresses": ["10.0.0.8"]}], "ports": [{"port": 80}]},
    "ExternalService": {"spec": {"host": "example.org", "ports": [{"port": 443, "tls": {}}]}},
    "HTTPRoute": {"spec": {"rules": [{"matches": [], "backendRefs": [{"name": "a", "port": 1}]}]}},
    "Process": {"spec": {"command": ["run"], "env": [{"name": "A", "value": "b"}]}},
    "Secret": {"type": "x", "data": {"k": "c2VjcmV0"}},
    "Service": {"spec": {"clusterIP": "None", "ports": [{"port": 80, "targetPort": "http"}]}},
    "TCPRoute": {"spec": {"rules": [{"backendRefs": [{"name": "a", "port": 1, "weight": 0}]}]}},
    "TlsPolicy": {"spec": {"mode": "PERMISSIVE"}},
    "Workload": {"spec": {"address": "10.0.0.1", "ports": [{"port": 80, "name": "http"}]}},
}
"""Enough of each kind to be more than its defaults; the others have nothing but defaults."""


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.KIND)
async def test_every_kind_comes_back_as_it_was(store: Store, kind: type[Resource]) -> None:
    fields = {"metadata": {"name": "x", "namespace": "shop"}} | SPECS.get(kind.KIND, {})
    resource = msgspec.convert(fields, kind)

    batch = await store.write([Put(resource)])

    (stored,) = await store.world()
    assert spec_of(stored) == spec_of(resource)
    assert batch.changed == (stored,)
    assert await take(store, 0, 1) == [batch]


# Status


async def test_a_put_keeps_the_stored_status(store: Store) -> None:
    await store.write([Put(workload("a"))])
    await store.write([Put(workload("a", status=(READY,)), status_only=True)])
    await store.write([Put(workload("a", "10.0.0.2"))])

    after = await find(store, "a")
    assert after.spec.address == "10.0.0.2"
    assert after.status.conditions == (READY,)


async def test_a_new_resource_begins_without_a_status(store: Store) -> None:
    await store.write([Put(workload("a", status=(READY,)))])

    assert (await find(store, "a")).status == WorkloadStatus()


async def test_a_status_write_keeps_everything_else(store: Store) -> None:
    await store.write([Put(workload("a", app="web"))])
    await store.write([Put(workload("a", "6.6.6.6", status=(READY,), x="y"), status_only=True)])

    after = await find(store, "a")
    assert after.status.conditions == (READY,)
    assert after.spec.address == "10.0.0.1"
    assert after.metadata.labels == {"app": "web"}
    assert (after.metadata.generation, after.metadata.resource_version) == (1, "2")


async def test_resource_and_status_can_be_written_in_one_set(store: Store) -> None:
    await store.write([Put(workload("a")), Put(workload("a", status=(READY,)), status_only=True)])

    after = await find(store, "a")
    assert after.status.conditions == (READY,)
    assert (await store.world()).revision == 1


async def test_a_status_needs_its_resource(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.write([Put(workload("a"), status_only=True)])


async def test_a_kind_without_status_refuses_one(store: Store) -> None:
    secret = Secret(metadata=Metadata(name="s", namespace="shop"))
    await store.write([Put(secret)])

    with pytest.raises(InvalidChange):
        await store.write([Put(secret, status_only=True)])


# All or nothing


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (Put(workload("a"), expect="7"), ConflictError),
        (Put(workload("a"), expect=ABSENT), ConflictError),
        (Put(workload("new"), expect="1"), NotFound),
        (Put(workload("new"), status_only=True), NotFound),
        (Delete(ResourceKey("Workload", "shop", "new")), NotFound),
        (Delete(ResourceKey("Workload", "shop", "a"), expect="7"), ConflictError),
        (Put(Service(metadata=Metadata(name="s"))), InvalidChange),
    ],
    ids=["stale", "exists", "missing", "status-missing", "gone", "stale-delete", "no-namespace"],
)
async def test_one_refused_change_undoes_its_set(
    store: Store, change: Put | Delete, error: type[StoreError]
) -> None:
    await store.write([Put(workload("a"))])
    before = list(await store.world())

    with pytest.raises(error) as caught:
        await store.write([Put(workload("b")), change, Put(workload("a", "10.9.9.9"))])

    world = await store.world()
    assert list(world) == before
    assert world.revision == 1
    assert caught.value.resource is not None


async def test_expectations_that_hold_let_the_change_through(store: Store) -> None:
    await store.write([Put(workload("a"), expect=ABSENT)])
    await store.write([Put(workload("a", "10.0.0.2"), expect="1")])
    await store.write([Delete(workload("a").key, expect="2")])

    assert list(await store.world()) == []


async def test_of_many_writers_with_one_expectation_one_wins(store: Store) -> None:
    await store.write([Put(workload("a"))])

    async def change(number: int) -> bool:
        try:
            await store.write([Put(workload("a", f"10.0.1.{number}"), expect="1")])
        except ConflictError:
            return False
        return True

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(change(number)) for number in range(20)]

    assert sum(task.result() for task in tasks) == 1
    assert (await store.world()).revision == 2


async def test_a_dry_run_says_what_would_change_and_changes_nothing(store: Store) -> None:
    await store.write([Put(workload("a"))])

    batch = await store.write([Put(workload("b")), Delete(workload("a").key)], dry_run=True)

    assert [resource.metadata.name for resource in batch.changed] == ["b"]
    assert batch.removed == (workload("a").key,)
    assert [resource.metadata.name for resource in await store.world()] == ["a"]
    assert (await store.world()).revision == 1


async def test_a_dry_run_refuses_what_a_write_would_refuse(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.write([Delete(workload("a").key)], dry_run=True)


# Watching


async def test_a_watch_gives_every_revision_once_in_order(store: Store) -> None:
    written = [await store.write([Put(workload("a", f"10.0.0.{n}"))]) for n in range(1, 6)]
    written.append(await store.write([Delete(workload("a").key)]))

    assert await take(store, 0, 6) == written


async def test_a_watch_begins_after_the_revision_it_is_given(store: Store) -> None:
    written = [await store.write([Put(workload("a", f"10.0.0.{n}"))]) for n in range(1, 6)]

    assert await take(store, 3, 2) == written[3:]


async def test_a_watch_waits_for_what_is_still_to_come(store: Store) -> None:
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(take(store, 0, 2))
        first = await store.write([Put(workload("a"))])
        second = await store.write([Put(workload("b"))])

    assert watching.result() == [first, second]


async def test_watches_see_concurrent_writers_in_commit_order(store: Store) -> None:
    writers, each = 8, 15

    async def write(writer: int) -> None:
        for number in range(each):
            await store.write([Put(workload(f"w{writer}", f"10.0.{writer}.{number}"))])

    async with asyncio.TaskGroup() as group:
        watches = [group.create_task(take(store, 0, writers * each)) for _ in range(3)]
        for writer in range(writers):
            group.create_task(write(writer))

    for watch in watches:
        revisions = [batch.revision for batch in watch.result()]
        assert revisions == list(range(1, writers * each + 1))
    world = await store.world()
    last = {batch.changed[0].key: batch.changed[0] for batch in watches[0].result()}
    assert [last[key] for key in sorted(last)] == list(world)


async def test_a_world_followed_by_its_watch_stays_true(store: Store) -> None:
    await store.write([Put(workload("a")), Put(workload("b"))])
    followed = await store.world()
    await store.write([Put(workload("c")), Delete(workload("a").key)])
    await store.write([Put(workload("b", "10.0.0.7"))])

    for batch in await take(store, followed.revision, 2):
        followed = followed.changed(batch.changed, batch.removed, batch.revision)

    now = await store.world()
    assert list(followed) == list(now)
    assert followed.revision == now.revision


async def test_a_watch_from_before_the_kept_revisions_is_told_so(stores: Stores) -> None:
    store = stores.open(keep=3)
    for number in range(1, 6):
        await store.write([Put(workload("a", f"10.0.0.{number}"))])

    with pytest.raises(Compacted):
        await take(store, 1, 1)
    assert [batch.revision for batch in await take(store, 2, 3)] == [3, 4, 5]
    await store.close()


async def test_a_watch_that_falls_behind_is_told_so_and_skips_nothing(stores: Stores) -> None:
    store = stores.open(keep=3)
    await store.write([Put(workload("a", "10.0.0.1"))])
    seen: list[int] = []

    async def watch_slowly() -> None:
        async for batch in store.watch(0):
            seen.append(batch.revision)
            for number in range(2, 8):
                await store.write([Put(workload("a", f"10.0.{batch.revision}.{number}"))])

    with pytest.raises(Compacted):
        await watch_slowly()
    assert seen == list(range(1, len(seen) + 1))
    await store.close()


async def test_a_watch_from_a_revision_of_another_store_is_told_so(store: Store) -> None:
    with pytest.raises(Compacted):
        await take(store, 5, 1)


async def test_closing_ends_the_watches(store: Store) -> None:
    seen = asyncio.Event()

    async def watch() -> None:
        async for _ in store.watch(0):
            seen.set()

    await store.write([Put(workload("a"))])
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(watch())
        await seen.wait()
        await store.close()

    assert watching.done()


async def test_a_closed_store_refuses_everything(store: Store) -> None:
    await store.close()
    await store.close()

    with pytest.raises(StoreClosed):
        await store.world()
    with pytest.raises(StoreClosed):
        await store.write([Put(workload("a"))])
    with pytest.raises(StoreClosed):
        await take(store, 0, 1)


# Tokens


def token(identity: str = "t1", *, expires_at: float = NOW + 600) -> TokenRecord:
    return TokenRecord(
        id=identity,
        secret_hash=hash_secret(b"secret of " + identity.encode()),
        namespace="shop",
        service_account="web",
        labels={"app": "web"},
        expires_at=expires_at,
        name="web-0",
    )


async def test_a_token_works_once(store: Store) -> None:
    await store.save_token(token())

    first = await store.take_token("t1", token().secret_hash, NOW)
    second = await store.take_token("t1", token().secret_hash, NOW)

    assert first == token()
    assert second is None


async def test_of_many_callers_one_gets_the_token(store: Store) -> None:
    await store.save_token(token())

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(store.take_token("t1", token().secret_hash, NOW)) for _ in range(20)
        ]

    assert [task.result() for task in tasks if task.result()] == [token()]


async def test_a_wrong_secret_neither_gets_nor_spoils_the_token(store: Store) -> None:
    await store.save_token(token())

    assert await store.take_token("t1", hash_secret(b"guess"), NOW) is None
    assert await store.take_token("t1", token().secret_hash, NOW) == token()


async def test_an_unknown_token_is_nobody(store: Store) -> None:
    assert await store.take_token("t9", token().secret_hash, NOW) is None


async def test_an_expired_token_is_refused(store: Store) -> None:
    await store.save_token(token())

    assert await store.take_token("t1", token().secret_hash, NOW + 600) is None


async def test_expired_tokens_are_forgotten(store: Store, clock: Clock) -> None:
    await store.save_token(token("old", expires_at=NOW + 10))
    clock.now += 20
    await store.save_token(token("new", expires_at=NOW + 600))

    # Asked at an earlier time, it would still be good if it were there.
    assert await store.take_token("old", token("old").secret_hash, NOW) is None
    assert await store.take_token("new", token("new").secret_hash, clock.now) is not None


async def test_tokens_are_no_part_of_the_world(store: Store) -> None:
    await store.save_token(token())

    assert list(await store.world()) == []
    assert (await store.world()).revision == 0


async def test_policies_and_meshes_keep_their_nested_values(store: Store) -> None:
    policy = AccessPolicy(
        metadata=Metadata(name="p", namespace="shop"),
        spec=AccessPolicySpec(rules=(AccessRule(),)),
    )
    status = PolicyStatus(conditions=(READY,))
    accepted = AccessPolicy(metadata=policy.metadata, spec=policy.spec, status=status)
    await store.write([Put(policy), Put(Mesh(metadata=Metadata(name="default")))])
    await store.write([Put(accepted, status_only=True)])

    found = (await store.world()).get(AccessPolicy, "shop", "p")
    assert found is not None
    assert (found.spec, found.status) == (policy.spec, status)
