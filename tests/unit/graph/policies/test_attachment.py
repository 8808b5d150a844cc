"""Targets of policies: found or told, and the ports each level covers."""

import pytest
from tests.unit.graph.meshes import catalogue, codes, compiled, conditions_of

from tulle.graph.mesh import Protocol
from tulle.graph.plans import Exposure, Role
from tulle.graph.policies.attachment import (
    Coverage,
    Level,
    Target,
    cover,
    read_targets,
    targets_over,
)
from tulle.model.kinds.policies import PolicyTargetRef
from tulle.model.names import ServiceRef, WorkloadRef
from tulle.testing.builders import MESH_TARGET, access, on_service, service, workload

API = ServiceRef("shop", "api")
KNOWN = catalogue(service("api"))
WHOLE = Target(Level.NAMESPACE, "shop")


@pytest.mark.parametrize(
    ("refs", "targets"),
    [
        ((), (WHOLE,)),
        ((MESH_TARGET,), (Target(Level.MESH),)),
        ((PolicyTargetRef(kind="Namespace", name="shop"),), (WHOLE,)),
        ((on_service("api"),), (Target(Level.SERVICE, "shop", API),)),
        ((on_service("api", "http"),), (Target(Level.PORT, "shop", API, 80),)),
        ((on_service("api"), on_service("api")), (Target(Level.SERVICE, "shop", API),)),
    ],
)
def test_targets_that_exist_are_found(
    refs: tuple[PolicyTargetRef, ...], targets: tuple[Target, ...]
) -> None:
    assert read_targets(access("p", *refs), KNOWN).targets == targets


@pytest.mark.parametrize(
    "ref",
    [
        on_service("apo"),
        on_service("api", "grpc"),
        PolicyTargetRef(kind="Service", name="api", group="apps"),
        PolicyTargetRef(kind="Namespace", name="office"),
        PolicyTargetRef(kind="Namespace", name="shop", section_name="http"),
        PolicyTargetRef(kind="Mesh", name="other", group="tulle.dev"),
        PolicyTargetRef(kind="Mesh", name="default", group="apps"),
    ],
)
def test_a_target_that_is_none_is_told_and_the_policy_is_not_accepted(ref: PolicyTargetRef) -> None:
    policy = access("p", ref)

    found = compiled(service("api"), workload("api"), policy)

    assert codes(found) == ["policy-target-unknown"]
    (accepted,) = conditions_of(found, policy)
    assert (accepted.status, accepted.reason) == ("False", "TargetNotFound")


def test_a_policy_that_covers_no_workload_is_told_and_its_status_says_so() -> None:
    policy = access("p", namespace="empty")

    found = compiled(policy)

    assert codes(found) == ["policy-covers-nothing"]
    (accepted,) = conditions_of(found, policy)
    assert accepted.status == "True"
    assert "no workload" in accepted.message


def test_a_port_is_covered_from_the_mesh_down_to_the_port_of_a_service() -> None:
    role = Role((API,), (Exposure(API, 80, 9080, Protocol.HTTP),))
    program = WorkloadRef("shop", "api-a")

    on_port = [target.level for target in targets_over(program, 9080, role)]
    beside = [target.level for target in targets_over(program, 9999, role)]

    assert on_port == [Level.MESH, Level.NAMESPACE, Level.SERVICE, Level.PORT]
    assert beside == [Level.MESH, Level.NAMESPACE, Level.SERVICE]


def test_a_policy_of_another_namespace_does_not_reach_a_workload_a_slice_names() -> None:
    foreign = ServiceRef("office", "api")
    role = Role((foreign,), (Exposure(foreign, 80, 9080, Protocol.HTTP),))
    policy = access("p", on_service("api"), namespace="office")
    reach = read_targets(policy, catalogue(service("api", namespace="office")))
    coverage = Coverage(cover([("anything", reach)]))

    assert reach.targets
    assert list(coverage.over(WorkloadRef("shop", "vm"), 9080, role)) == []
