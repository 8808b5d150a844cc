"""Playbooks of the publisher: what is offered, what streams say, what those who wait get."""

import asyncio
from collections.abc import Sequence

import pytest

from tulle.ads.delta import Accepted, RefusedByProxy
from tulle.graph.mesh import Origin
from tulle.model.names import ResourceKey, WorkloadRef
from tulle.model.problems import Problem
from tulle.reconcile.publish import Publisher, Settled
from tulle.xds.snapshots import Reference, TypeUrl, XdsResource, XdsSnapshot, snapshot_of

A, B = WorkloadRef("shop", "a"), WorkloadRef("shop", "b")
ROUTE = Origin(ResourceKey("HTTPRoute", "shop", "split"), "spec.rules[0]", 1)


class Clock:
    """Monotonic seconds that only move when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def snapshot(*versions: str, type_url: TypeUrl = TypeUrl.CLUSTER) -> XdsSnapshot:
    """Resources r0, r1… of one type at the given versions."""
    return snapshot_of(
        (type_url, XdsResource(f"r{index}", version, version.encode()))
        for index, version in enumerate(versions)
    )


def refusal(name: str | None = "r0", version: str = "2") -> RefusedByProxy:
    return RefusedByProxy(TypeUrl.CLUSTER, name, version, "bad field", (ROUTE,))


async def look(publisher: Publisher, revision: int) -> Settled:
    return await publisher.settled(revision, timeout_s=0)


@pytest.fixture
def publisher() -> Publisher:
    return Publisher(Clock())


def heard(publisher: Publisher, proxy: WorkloadRef) -> list[XdsSnapshot]:
    """Attach a stream; what it is told."""
    told: list[XdsSnapshot] = []
    publisher.attach(proxy, told.append)
    return told


def test_an_offer_is_current_and_told_to_every_stream_of_its_proxy(publisher: Publisher) -> None:
    of_a, of_b = heard(publisher, A), heard(publisher, B)
    publisher.offer(A, snapshot("1"))

    assert publisher.current(A) == snapshot("1")
    assert publisher.current(B) is None
    assert (of_a, of_b) == ([snapshot("1")], [])


def test_an_equal_offer_is_no_news(publisher: Publisher) -> None:
    told = heard(publisher, A)
    publisher.offer(A, snapshot("1"))
    first = publisher.current(A)
    publisher.offer(A, snapshot("1"))

    assert len(told) == 1
    assert publisher.current(A) is first


def test_a_snapshot_with_a_dangling_reference_keeps_the_last_good(publisher: Publisher) -> None:
    told = heard(publisher, A)
    publisher.offer(A, snapshot("1"))
    broken = snapshot_of(
        [(TypeUrl.CLUSTER, XdsResource("r0", "2", b"2"))],
        [Reference("r0", TypeUrl.ENDPOINTS, "missing")],
    )

    (problem,) = publisher.offer(A, broken)

    assert problem.code == "xds-dangling-reference"
    assert publisher.current(A) == snapshot("1")
    assert len(told) == 1
    assert publisher.state(A).problems == (problem,)


def test_the_next_good_snapshot_clears_the_problem(publisher: Publisher) -> None:
    publisher.keep(A, Problem("", "snapshot-unbuilt", "no"))
    assert publisher.state(A).problems

    publisher.offer(A, snapshot("1"))

    assert publisher.state(A).problems == ()


def test_a_detached_stream_hears_nothing_more(publisher: Publisher) -> None:
    told: list[XdsSnapshot] = []
    detach = publisher.attach(A, told.append)
    publisher.offer(A, snapshot("1"))
    detach()
    detach()
    publisher.offer(A, snapshot("2"))

    assert told == [snapshot("1")]
    assert not publisher.state(A).connected


def test_the_end_of_an_old_stream_does_not_disconnect_the_new_one(publisher: Publisher) -> None:
    leave_old = publisher.attach(A, lambda _: None)
    told = heard(publisher, A)
    leave_old()
    publisher.offer(A, snapshot("1"))

    assert publisher.state(A).connected
    assert told == [snapshot("1")]


def test_a_proxy_is_in_sync_with_the_snapshot_it_has_to_get_and_no_other(
    publisher: Publisher,
) -> None:
    heard(publisher, A)
    publisher.offer(A, snapshot("1"))
    old = publisher.current(A)
    publisher.offer(A, snapshot("2"))
    publisher.record(A, [], synced=old)
    assert not publisher.state(A).in_sync

    publisher.record(A, [Accepted(TypeUrl.CLUSTER, {"r0": "2"})], publisher.current(A))

    assert publisher.state(A).in_sync


async def test_a_revision_is_settled_once_published_and_confirmed(publisher: Publisher) -> None:
    heard(publisher, A)
    publisher.offer(A, snapshot("1"))
    assert not (await look(publisher, 7)).published
    publisher.published(7)
    assert (await look(publisher, 7)).pending == (A,)

    publisher.record(A, [], publisher.current(A))

    assert (await look(publisher, 7)).everywhere
    assert publisher.state(A).revision == 7


async def test_a_revision_that_changes_nothing_for_a_proxy_needs_no_word_of_it(
    publisher: Publisher,
) -> None:
    heard(publisher, A)
    publisher.offer(A, snapshot("1"))
    publisher.published(7)
    publisher.record(A, [], publisher.current(A))
    publisher.published(8)

    assert (await look(publisher, 8)).everywhere
    assert publisher.state(A).revision == 8


async def test_an_earlier_revision_stays_settled_while_a_later_one_is_under_way(
    publisher: Publisher,
) -> None:
    heard(publisher, A)
    publisher.offer(A, snapshot("1"))
    publisher.published(7)
    publisher.record(A, [], publisher.current(A))
    publisher.offer(A, snapshot("2"))
    publisher.published(8)

    assert (await look(publisher, 7)).everywhere
    assert (await look(publisher, 8)).pending == (A,)


async def test_waiting_ends_with_the_last_confirmation(publisher: Publisher) -> None:
    heard(publisher, A)
    heard(publisher, B)
    for proxy in (A, B):
        publisher.offer(proxy, snapshot("1"))

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(publisher.settled(3, timeout_s=30))
        await asyncio.sleep(0)
        publisher.published(3)
        publisher.record(A, [], publisher.current(A))
        await asyncio.sleep(0)
        assert not waiting.done()
        publisher.record(B, [], publisher.current(B))

    assert waiting.result() == Settled(3)


async def test_a_refusal_ends_the_waiting_and_is_named(publisher: Publisher) -> None:
    heard(publisher, A)
    publisher.offer(A, snapshot("2"))
    publisher.published(3)
    publisher.record(A, [refusal()])

    settled = await publisher.settled(3, timeout_s=30)

    assert settled.pending == ()
    assert not settled.everywhere
    (found,) = settled.refused
    assert (found.proxy, found.name, found.detail, found.origins) == (
        A,
        "r0",
        "bad field",
        (ROUTE,),
    )


@pytest.mark.parametrize(
    "better", [snapshot("3"), snapshot(), snapshot("2", type_url=TypeUrl.LISTENER)]
)
def test_a_refusal_ends_when_what_was_refused_is_replaced_or_gone(
    publisher: Publisher, better: XdsSnapshot
) -> None:
    heard(publisher, A)
    publisher.offer(A, snapshot("2"))
    publisher.record(A, [refusal()])
    publisher.offer(A, better)

    assert publisher.state(A).refused == ()


def test_a_refusal_stays_while_other_resources_change(publisher: Publisher) -> None:
    heard(publisher, A)
    publisher.offer(A, snapshot("2", "1"))
    publisher.record(A, [refusal()])
    publisher.offer(A, snapshot("2", "5"))
    publisher.record(A, [Accepted(TypeUrl.CLUSTER, {"r1": "5"})])

    assert len(publisher.state(A).refused) == 1


def test_a_later_acceptance_ends_a_refusal(publisher: Publisher) -> None:
    heard(publisher, A)
    publisher.offer(A, snapshot("2"))
    publisher.record(A, [refusal(), refusal(name=None, version="")])
    publisher.record(A, [Accepted(TypeUrl.CLUSTER, {"r0": "2"})])

    assert publisher.state(A).refused == ()


class TestProxiesThatAreAway:
    """Whom a change waits for though no stream is there."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def publisher(self, clock: Clock) -> Publisher:
        return Publisher(clock, grace_s=60)

    async def pending(self, publisher: Publisher) -> Sequence[WorkloadRef]:
        publisher.published(5)
        return (await look(publisher, 5)).pending

    async def test_one_that_takes_traffic_is_waited_for(self, publisher: Publisher) -> None:
        publisher.offer(A, snapshot("1"), serving=True)

        assert await self.pending(publisher) == (A,)

    async def test_one_never_seen_that_takes_no_traffic_is_not(self, publisher: Publisher) -> None:
        publisher.offer(A, snapshot("1"))

        assert await self.pending(publisher) == ()

    async def test_one_that_left_a_moment_ago_is_until_its_grace_ends(
        self, publisher: Publisher, clock: Clock
    ) -> None:
        publisher.attach(A, lambda _: None)()
        leave = publisher.attach(A, lambda _: None)
        publisher.offer(A, snapshot("1"))
        leave()
        assert await self.pending(publisher) == (A,)

        clock.now += 61

        assert await self.pending(publisher) == ()

    async def test_one_that_left_with_what_it_should_have_is_not(
        self, publisher: Publisher
    ) -> None:
        leave = publisher.attach(A, lambda _: None)
        publisher.offer(A, snapshot("1"), serving=True)
        publisher.record(A, [], publisher.current(A))
        leave()

        assert await self.pending(publisher) == ()

    async def test_one_the_mesh_knows_no_more_is_not(self, publisher: Publisher) -> None:
        heard(publisher, A)
        publisher.offer(A, snapshot("1"), serving=True)
        publisher.offer(B, snapshot("1"), serving=True)
        publisher.withdraw(A)
        publisher.withdraw(B)

        assert await self.pending(publisher) == ()
        assert publisher.current(A) is None
        assert [state.proxy for state in publisher.states()] == [A]


def test_reports_reach_who_listens_only_when_something_changed(publisher: Publisher) -> None:
    reports: list[str] = []
    publisher.on_report(lambda: reports.append("news"))
    heard(publisher, A)
    publisher.offer(A, snapshot("2"))
    publisher.record(A, [refusal()])
    publisher.record(A, [refusal()])
    publisher.record(B, [refusal()])

    assert reports == ["news"]


def test_confirming_one_push_after_another_is_no_report(publisher: Publisher) -> None:
    reports: list[str] = []
    publisher.on_report(lambda: reports.append("news"))
    heard(publisher, A)
    publisher.published(1)
    for version in "123":
        publisher.offer(A, snapshot(version))
        publisher.record(A, (), publisher.current(A))

    assert publisher.state(A).in_sync
    assert reports == ["news"]


def test_streams_see_by_identity_which_types_there_is_nothing_new_of(publisher: Publisher) -> None:
    told = heard(publisher, A)
    cluster = (TypeUrl.CLUSTER, XdsResource("c", "1", b"1"))
    for version in "12":
        route = (TypeUrl.ROUTE, XdsResource("r", version, b""))
        publisher.offer(A, snapshot_of([cluster, route]))

    first, second = told
    assert second.of(TypeUrl.CLUSTER) is first.of(TypeUrl.CLUSTER)
    assert second.of(TypeUrl.ROUTE) != first.of(TypeUrl.ROUTE)
