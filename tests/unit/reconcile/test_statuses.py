"""Statuses: what is known of a resource, written on it, only when it changes."""

from collections.abc import Mapping

import msgspec
import pytest

from tulle.graph.mesh import Origin, ResourceStatus
from tulle.model.kinds.access_policy import AccessPolicy
from tulle.model.kinds.core import ConfigMap
from tulle.model.kinds.gateway_api import CONTROLLER, ParentRef, ParentStatus, RouteStatus
from tulle.model.kinds.http_route import HTTPRoute, HTTPRouteSpec
from tulle.model.kinds.policies import PolicyStatus
from tulle.model.kinds.service import Service, ServiceStatus
from tulle.model.kinds.workload import ProxyStatus, Workload, WorkloadSpec, WorkloadStatus
from tulle.model.names import ResourceKey, WorkloadRef
from tulle.model.problems import Problem
from tulle.model.resources import Condition, Metadata, Resource
from tulle.model.worlds import World
from tulle.reconcile.publish import ProxyState, Refusal
from tulle.reconcile.statuses import (
    PATIENCE,
    PATIENCE_S,
    Findings,
    StatusMemo,
    gather,
    timestamp,
    with_findings,
)
from tulle.xds.snapshots import TypeUrl

NOW = 1_800_000_000.0
LATER = NOW + 600
META = Metadata(name="x", namespace="shop", generation=2, uid="u1", resource_version="7")
PARENT = ParentRef(name="reviews", group="", kind="Service")
PROXY = WorkloadRef("shop", "x")


def condition(type_: str, status: str = "True", reason: str = "Accepted") -> Condition:
    return Condition(type=type_, status=status, reason=reason, observed_generation=2)


ACCEPTED = condition("Accepted")
NOT_ACCEPTED = condition("Accepted", "False", "TargetNotFound")
READY = Condition(type="Ready", status="True", reason="Healthy", last_transition_time="then")

POLICY = AccessPolicy(metadata=META)
ROUTE = HTTPRoute(metadata=META, spec=HTTPRouteSpec(parent_refs=(PARENT,)))
WORKLOAD = Workload(
    metadata=META,
    spec=WorkloadSpec(address="10.0.0.1"),
    status=WorkloadStatus(proxy=ProxyStatus(mtls_port=15009), conditions=(READY,)),
)


def refusal(of: Resource, generation: int = 2, proxy: WorkloadRef = PROXY) -> Refusal:
    origin = Origin(of.key, "spec.rules[0]", generation)
    return Refusal(proxy, TypeUrl.ROUTE, "r", "v", "regex is malformed", (origin,))


def conditions_of(resource: Resource) -> Mapping[str, Condition]:
    assert isinstance(resource, AccessPolicy | Workload | Service)
    return {found.type: found for found in resource.status.conditions}


def test_what_the_compiler_found_is_written_with_its_time() -> None:
    found = Findings(ResourceStatus(POLICY.key, (ACCEPTED,)))
    written = conditions_of(with_findings(POLICY, found, NOW))

    assert written == {
        "Accepted": msgspec.structs.replace(ACCEPTED, last_transition_time="2027-01-15T08:00:00Z")
    }


def test_a_condition_that_stays_keeps_its_time_and_one_that_turns_gets_a_new_one() -> None:
    found = Findings(ResourceStatus(POLICY.key, (ACCEPTED,)))
    first = with_findings(POLICY, found, NOW)
    turned = Findings(ResourceStatus(POLICY.key, (NOT_ACCEPTED,)))

    assert with_findings(first, found, LATER) == first
    written = conditions_of(with_findings(first, turned, LATER))
    assert written["Accepted"].last_transition_time == timestamp(LATER)


def test_a_refusal_is_told_on_the_resource_and_goes_away_with_its_cause() -> None:
    accepted = ResourceStatus(POLICY.key, (ACCEPTED,))
    refused = with_findings(POLICY, Findings(accepted, (refusal(POLICY),)), NOW)

    programmed = conditions_of(refused)["Programmed"]
    assert (programmed.status, programmed.reason) == ("False", "RefusedByProxy")
    assert programmed.message == "spec.rules[0]: refused by shop/x: regex is malformed"
    assert "Programmed" not in conditions_of(with_findings(refused, Findings(accepted), NOW))


def test_a_refusal_of_an_earlier_version_says_nothing_about_this_one() -> None:
    found = Findings(ResourceStatus(POLICY.key, (ACCEPTED,)), (refusal(POLICY, generation=1),))

    assert "Programmed" not in conditions_of(with_findings(POLICY, found, NOW))


def test_many_proxies_that_refuse_are_counted() -> None:
    refusals = tuple(refusal(POLICY, proxy=WorkloadRef("shop", name)) for name in "cab")
    written = conditions_of(with_findings(POLICY, Findings(None, refusals), NOW))

    assert "refused by shop/a and 2 more" in written["Programmed"].message


def test_what_a_proxy_says_is_cut_to_a_bounded_length() -> None:
    told = Refusal(PROXY, TypeUrl.ROUTE, "r", "v", "x" * 100_000, (Origin(POLICY.key),))
    written = conditions_of(with_findings(POLICY, Findings(None, (told,)), NOW))

    assert len(written["Programmed"].message) < 1200


def test_a_refusal_of_a_route_stands_under_each_of_its_parents() -> None:
    compiled = ResourceStatus(ROUTE.key, parents=((ACCEPTED,),))
    found = Findings(compiled, (refusal(ROUTE),))
    written = with_findings(ROUTE, found, NOW)

    assert isinstance(written, HTTPRoute)
    (parent,) = written.status.parents
    assert parent.parent_ref == PARENT
    assert parent.controller_name == CONTROLLER
    assert [c.type for c in parent.conditions] == ["Accepted", "Programmed"]


def test_entries_of_other_controllers_are_left_alone() -> None:
    foreign = ParentStatus(parent_ref=PARENT, controller_name="example.com/gateway")
    route = msgspec.structs.replace(ROUTE, status=RouteStatus(parents=(foreign,)))
    written = with_findings(route, Findings(ResourceStatus(route.key, parents=((ACCEPTED,),))), NOW)

    assert isinstance(written, HTTPRoute)
    assert [p.controller_name for p in written.status.parents] == [
        CONTROLLER,
        foreign.controller_name,
    ]


def test_virtual_addresses_are_kept_once_given() -> None:
    service = Service(metadata=META)
    given = ResourceStatus(service.key, (ACCEPTED,), virtual_addresses=("240.0.0.1",))
    first = with_findings(service, Findings(given), NOW)

    assert isinstance(first, Service)
    assert first.status.virtual_addresses == ("240.0.0.1",)
    again = with_findings(first, Findings(ResourceStatus(service.key, (ACCEPTED,))), NOW)
    assert again == first


def test_what_agents_say_of_a_workload_is_kept() -> None:
    state = ProxyState(PROXY, connected=True, in_sync=True, revision=3)
    findings = gather((), (state,))[WORKLOAD.key]
    written = with_findings(WORKLOAD, findings, NOW)

    assert isinstance(written, Workload)
    assert written.status.proxy == WORKLOAD.status.proxy
    assert conditions_of(written)["Ready"] == READY
    assert conditions_of(written)["Programmed"].status == "True"


def test_a_proxy_nothing_is_known_of_stays_as_it_was() -> None:
    state = ProxyState(PROXY, connected=True, in_sync=True, revision=3)
    programmed = with_findings(WORKLOAD, gather((), (state,))[WORKLOAD.key], NOW)

    assert gather((), (ProxyState(PROXY, connected=True),)) == {}
    assert with_findings(programmed, Findings(), LATER) == programmed


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (ProxyState(PROXY, refused=(refusal(POLICY),)), "RefusedByProxy"),
        (ProxyState(PROXY, problems=(Problem("", "snapshot-unbuilt", "no"),)), "Invalid"),
    ],
)
def test_a_proxy_that_lacks_something_is_not_programmed(state: ProxyState, reason: str) -> None:
    written = with_findings(WORKLOAD, gather((), (state,))[WORKLOAD.key], NOW)

    programmed = conditions_of(written)["Programmed"]
    assert (programmed.status, programmed.reason) == ("False", reason)


def test_ordinary_pushes_do_not_change_what_is_said_of_a_proxy() -> None:
    pushed = ProxyState(PROXY, connected=True, in_sync=False, revision=3)
    synced = ProxyState(PROXY, connected=True, in_sync=True, revision=4)

    assert gather((), (pushed,)) == gather((), (synced,))


def test_a_refusal_is_found_under_every_resource_it_came_from() -> None:
    told = Refusal(
        PROXY,
        TypeUrl.ROUTE,
        "r",
        "v",
        "no",
        (Origin(POLICY.key), Origin(ROUTE.key), Origin(ROUTE.key)),
    )
    found = gather((), (ProxyState(PROXY, refused=(told,)),))

    assert found[POLICY.key].refusals == (told,)
    assert found[ROUTE.key].refusals == (told,)


def test_kinds_without_status_are_left_as_they_are() -> None:
    config = ConfigMap(metadata=META)

    assert with_findings(config, Findings(None, (refusal(config),)), NOW) is config


class TestWhatIsDue:
    """`StatusMemo`: only changes, and no quarrels."""

    findings: Mapping[ResourceKey, Findings] = {
        POLICY.key: Findings(ResourceStatus(POLICY.key, (ACCEPTED,)))
    }

    def test_a_status_is_due_once(self) -> None:
        memo = StatusMemo()
        (due,) = memo.due(World([POLICY]), self.findings, NOW)

        assert list(memo.due(World([due]), self.findings, LATER)) == []

    def test_a_resource_that_says_so_already_is_not_due(self) -> None:
        due = with_findings(POLICY, self.findings[POLICY.key], NOW)

        assert list(StatusMemo().due(World([due]), self.findings, LATER)) == []

    def test_a_failed_write_is_due_again(self) -> None:
        memo = StatusMemo()
        due = list(memo.due(World([POLICY]), self.findings, NOW))
        assert list(memo.due(World([POLICY]), self.findings, NOW)) == []

        memo.again(due)

        assert list(memo.due(World([POLICY]), self.findings, NOW)) == due

    def test_leftovers_of_an_earlier_server_are_cleared(self) -> None:
        stale = condition("Programmed", "False", "RefusedByProxy")
        policy = msgspec.structs.replace(POLICY, status=PolicyStatus(conditions=(stale,)))
        (due,) = StatusMemo().due(World([policy]), {}, NOW)

        assert conditions_of(due) == {}

    def test_a_quarrel_ends_and_may_begin_again_later(self) -> None:
        memo = StatusMemo()

        def rounds(now: float) -> int:
            """How often we write while somebody undoes it each time."""
            written = 0
            for _ in range(3 * PATIENCE):
                undone = msgspec.structs.replace(POLICY, status=PolicyStatus())
                written += len(list(memo.due(World([undone]), self.findings, now)))
            return written

        assert rounds(NOW) == PATIENCE
        assert rounds(NOW + PATIENCE_S + 1) == PATIENCE

    def test_one_that_was_deleted_and_made_anew_is_due_at_once(self) -> None:
        memo = StatusMemo()
        list(memo.due(World([POLICY]), self.findings, NOW))
        memo.forget([POLICY.key])

        assert len(list(memo.due(World([POLICY]), self.findings, NOW))) == 1

    def test_addresses_of_a_service_survive_its_refusal(self) -> None:
        status = ServiceStatus(virtual_addresses=("240.0.0.1",))
        service = Service(metadata=META, status=status)
        findings = {service.key: Findings(None, (refusal(service),))}
        (due,) = StatusMemo().due(World([service]), findings, NOW)

        assert isinstance(due, Service)
        assert due.status.virtual_addresses == ("240.0.0.1",)
