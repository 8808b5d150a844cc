"""What policies attach to."""

import pytest

from tulle.codec.checks.policies import check_targets
from tulle.model.kinds.policies import PolicyTargetRef


@pytest.mark.parametrize(
    "target",
    [
        PolicyTargetRef(kind="Service", name="a"),
        PolicyTargetRef(kind="Service", name="a", group="core", section_name="http"),
        PolicyTargetRef(kind="Namespace", name="shop"),
        PolicyTargetRef(kind="Mesh", name="default", group="tulle.dev"),
    ],
)
def test_services_the_own_namespace_and_the_mesh_are_targets(target: PolicyTargetRef) -> None:
    assert list(check_targets([target], "shop")) == []


@pytest.mark.parametrize(
    ("target", "field", "code"),
    [
        (PolicyTargetRef(kind="Service", name="a", group="apps"), "group", "conflict"),
        (PolicyTargetRef(kind="Mesh", name="default"), "group", "conflict"),
        (
            PolicyTargetRef(kind="Mesh", name="default", group="tulle.dev", section_name="a"),
            "sectionName",
            "conflict",
        ),
        (
            PolicyTargetRef(kind="Namespace", name="shop", section_name="a"),
            "sectionName",
            "conflict",
        ),
        (PolicyTargetRef(kind="Namespace", name="other"), "name", "other-namespace"),
        (PolicyTargetRef(kind="Mesh", name="mine", group="tulle.dev"), "name", "bad-name"),
    ],
)
def test_each_mistake_is_one_problem_at_its_field(
    target: PolicyTargetRef, field: str, code: str
) -> None:
    assert [(one.path, one.code) for one in check_targets([target], "shop")] == [
        (f"spec.targetRefs[0].{field}", code)
    ]


def test_one_target_twice_is_refused_two_ports_of_one_service_are_not() -> None:
    ports = [PolicyTargetRef(kind="Service", name="a", section_name=name) for name in ("x", "y")]

    assert list(check_targets(ports, "shop")) == []
    assert [one.path for one in check_targets([*ports, ports[0]], "shop")] == ["spec.targetRefs[2]"]
