"""Epochs: a narrowing is counted once, whatever happens between its writing and its publishing."""

from dataclasses import replace

import msgspec

from tulle.graph.mesh import (
    Grant,
    InboundPort,
    MeshGraph,
    MeshSettings,
    Origin,
    Permission,
    Principal,
    Protocol,
    WorkloadNode,
)
from tulle.model.kinds.workload import AccessEpoch, Workload, WorkloadSpec, WorkloadStatus
from tulle.model.names import AccountRef, ResourceKey, SpiffeId, WorkloadRef
from tulle.model.resources import Metadata
from tulle.model.worlds import World
from tulle.reconcile.epochs import advance, digest

REF = WorkloadRef("shop", "a")
ORIGIN = Origin(ResourceKey("AccessPolicy", "shop", "p"), "spec.rules[0]", 1)
OPEN = Permission()


def guarded(*accounts: str, generation: int = 1) -> Permission:
    origin = replace(ORIGIN, generation=generation)
    grants = tuple(Grant(Principal("account", "shop", name), origin) for name in accounts)
    return Permission(True, grants, (origin,))


def graph(permission: Permission) -> MeshGraph:
    origin = Origin(ResourceKey("Workload", "shop", "a"))
    port = InboundPort(80, "http", Protocol.HTTP, ("80", "http"), permission, origin)
    node = WorkloadNode(
        REF, AccountRef("shop", "a"), SpiffeId("spiffe://m/ns/shop/sa/a"), "10.0.0.1", 15009,
        (port,), (), (), True, origin,
    )  # fmt: skip
    return MeshGraph(MeshSettings(), {}, {REF: node})


def world(*epochs: AccessEpoch) -> World:
    metadata = Metadata(name="a", namespace="shop")
    status = WorkloadStatus(access_epochs=epochs)
    return World(
        [Workload(metadata=metadata, spec=WorkloadSpec(address="10.0.0.1"), status=status)]
    )


def recorded(permission: Permission, epoch: int = 0) -> AccessEpoch:
    return AccessEpoch(port=80, epoch=epoch, callers=digest(permission))


def after(
    stored: World, before: MeshGraph | None, now: Permission
) -> tuple[AccessEpoch, ...] | None:
    """The epochs to store, None if nothing is to be stored."""
    due = list(advance(stored, before, graph(now)))
    assert len(due) <= 1
    return due[0].status.access_epochs if due else None


def test_an_open_port_has_no_epoch() -> None:
    assert after(world(), graph(OPEN), OPEN) is None


def test_guarding_an_open_port_is_a_narrowing() -> None:
    now = guarded("front")

    assert after(world(), graph(OPEN), now) == (recorded(now, 1),)


def test_a_widening_moves_the_digest_and_not_the_epoch() -> None:
    before, now = guarded("front"), guarded("front", "back")

    assert after(world(recorded(before, 3)), graph(before), now) == (recorded(now, 3),)


def test_taking_a_caller_away_moves_both() -> None:
    before, now = guarded("front", "back"), guarded("front")

    assert after(world(recorded(before, 3)), graph(before), now) == (recorded(now, 4),)


def test_an_edit_that_changes_no_caller_stores_nothing() -> None:
    before, now = guarded("front"), guarded("front", generation=2)

    assert after(world(recorded(before, 3)), graph(before), now) is None


def test_a_workload_that_joins_under_a_policy_was_not_narrowed() -> None:
    now = guarded("front")
    empty = MeshGraph(MeshSettings(), {}, {})

    assert after(world(), empty, now) == (recorded(now, 0),)


def test_a_restart_changes_nothing() -> None:
    now = guarded("front")

    assert after(world(recorded(now, 3)), None, now) is None


def test_a_narrowing_cut_off_by_a_kill_is_counted_after_the_restart() -> None:
    before, now = guarded("front", "back"), guarded("front")

    assert after(world(recorded(before, 3)), None, now) == (recorded(now, 4),)


def test_a_guard_put_up_just_before_a_kill_is_counted_after_the_restart() -> None:
    now = guarded("front")

    assert after(world(), None, now) == (recorded(now, 1),)


def test_opening_a_port_keeps_its_epoch_so_that_it_never_repeats() -> None:
    before = guarded("front")

    assert after(world(recorded(before, 3)), graph(before), OPEN) == (recorded(OPEN, 3),)
    assert after(world(recorded(OPEN, 3)), graph(OPEN), before) == (recorded(before, 4),)


def test_callers_and_not_their_policies_make_the_digest() -> None:
    one, other = guarded("front", "back"), guarded("back", "front", generation=9)

    assert digest(one) == digest(other)
    assert digest(guarded()) not in {digest(OPEN), digest(one)}


def test_what_else_the_status_says_is_kept() -> None:
    stored = world()
    (workload,) = stored
    assert isinstance(workload, Workload)
    (changed,) = advance(stored, graph(OPEN), graph(guarded()))

    assert msgspec.structs.replace(changed.status, access_epochs=()) == workload.status
    assert changed.metadata == workload.metadata
