"""Checks: what each fact makes of them, with the way out."""

from datetime import UTC, datetime

import pytest
from tests.unit.api.servers import NOW, now
from tests.unit.reconcile.meshes import service, workload

from tulle.api.checks import (
    DAY_S,
    check_authority,
    check_capture,
    check_certificates,
    check_clock,
    check_loop,
    check_proxies,
    check_store,
)
from tulle.graph.mesh import Origin
from tulle.model.names import ResourceKey, WorkloadRef
from tulle.model.problems import Problem
from tulle.model.worlds import World
from tulle.pki.tokens import TokenRecord
from tulle.reconcile.publish import ProxyState, Refusal
from tulle.store.contract import Put
from tulle.store.errors import StoreFull
from tulle.store.memory import MemoryStore

A, B = WorkloadRef("shop", "a"), WorkloadRef("shop", "b")
GOOD = ProxyState(A, connected=True, in_sync=True)


class FullStore(MemoryStore):
    async def save_token(self, record: TokenRecord) -> None:
        raise StoreFull("the disk is full", "make room")


async def test_the_store_is_tried_and_not_asked() -> None:
    assert (await check_store(MemoryStore(now))).status == "ok"
    full = await check_store(FullStore(now))
    assert (full.status, full.message, full.hint) == ("fail", "the disk is full", "make room")


async def test_trying_the_store_leaves_no_token_anybody_could_use() -> None:
    store = MemoryStore(now)
    await check_store(store)

    assert await store.take_token("check", "", 0.0) is None
    assert (await store.world()).revision == 0


def test_a_round_that_failed_is_told_with_what_proxies_have() -> None:
    assert check_loop("", 7, 7).status == "ok"
    failed = check_loop("KeyError: 'x'", 8, 7)
    assert failed.status == "fail"
    assert "proxies keep 7" in failed.message


@pytest.mark.parametrize(
    ("root_days", "intermediate_days", "expected"),
    [
        (3000, 300, ["ok", "ok"]),
        (100, 300, ["warn", "ok"]),
        (3000, 30, ["ok", "warn"]),
        (-1, -1, ["fail", "fail"]),
    ],
)
def test_authorities_are_told_long_before_they_end(
    root_days: int, intermediate_days: int, expected: list[str]
) -> None:
    checks = check_authority(NOW + root_days * DAY_S, NOW + intermediate_days * DAY_S, NOW)

    assert [check.status for check in checks] == expected


async def test_a_clock_behind_what_was_written_is_told() -> None:
    store = MemoryStore(now)
    await store.write([Put(service("a"))])
    world, made = await store.world(), datetime.fromtimestamp(NOW, UTC)

    assert check_clock(made, world, NOW + 5).status == "ok"
    assert check_clock(made, world, NOW - 30).status == "ok"
    assert check_clock(made, world, NOW - 600).status == "fail"
    assert check_clock(made, World(), NOW - 600).status == "fail"


def test_proxies_are_told_by_what_ails_them() -> None:
    origin = Origin(ResourceKey("HTTPRoute", "shop", "r"))
    refusal = Refusal(B, "type/Route", "r", "1", "bad regex", (origin,))
    states = [
        GOOD,
        ProxyState(B, connected=True, refused=(refusal,)),
        ProxyState(WorkloadRef("shop", "c"), connected=True),
        ProxyState(WorkloadRef("shop", "d")),
        ProxyState(WorkloadRef("shop", "e"), True, True, problems=(Problem("", "x", "oh"),)),
    ]
    told = [(check.status, check.message) for check in check_proxies(states)]

    assert told == [
        ("ok", "4 connected"),
        ("warn", "away: shop/d"),
        ("warn", "not in sync: shop/c"),
        ("fail", "shop/b refuses: bad regex"),
        ("fail", "shop/e is kept back: oh [x]"),
    ]


def test_a_healthy_fleet_is_one_line() -> None:
    assert [check.status for check in check_proxies([GOOD])] == ["ok"]


def test_a_certificate_in_its_last_quarter_was_not_renewed() -> None:
    assert check_certificates({A: NOW + 50_000}, 86_400, NOW).status == "ok"
    late = check_certificates({A: NOW + 20_000, B: NOW + 50_000}, 86_400, NOW)
    assert late.status == "warn"
    assert late.message.endswith("shop/a")


def test_what_capture_none_cannot_protect_is_said_of_each_workload_with_a_port() -> None:
    world = World([workload("a"), workload("b", joined=False), workload("c", captured=True)])
    (check,) = check_capture(world)

    assert check.status == "warn"
    assert "shop/a" in check.message
    assert "shop/b" not in check.message
    assert "shop/c" not in check.message
    assert list(check_capture(World())) == []


def test_many_names_are_cut() -> None:
    many = {WorkloadRef("shop", f"w{i:02}"): NOW for i in range(15)}

    assert check_certificates(many, 86_400, NOW).message.endswith("shop/w09 and 5 more")
