"""What all routes share: parents, backends, names of rules."""

import pytest
from tests.unit.codec.reading import read

from tulle.codec.checks.gateway_api import check_backends, check_parents, check_rule_name
from tulle.model.kinds.gateway_api import BackendRef, ParentRef
from tulle.model.problems import Severity


def parent(name: str = "a", *, section: str = "", port: int | None = None) -> ParentRef:
    return ParentRef(group="", kind="Service", name=name, section_name=section, port=port)


@pytest.mark.parametrize(
    "parents",
    [
        [parent()],
        [parent("a"), parent("b")],
        [parent(section="http"), parent(section="grpc")],
        [parent(port=80), parent(port=81)],
        [ParentRef(group="core", kind="Service", name="a")],
    ],
)
def test_different_services_or_different_parts_of_one_are_taken(parents: list[ParentRef]) -> None:
    assert list(check_parents(parents)) == []


@pytest.mark.parametrize(
    "parents",
    [
        [parent(), parent()],
        [parent(), parent(section="http")],
        [parent(section="http"), parent(section="http")],
        [parent(port=80), parent(port=80)],
        [parent(port=80), parent()],
    ],
)
def test_one_parent_twice_is_refused(parents: list[ParentRef]) -> None:
    assert [(one.path, one.code) for one in check_parents(parents)] == [
        ("spec.parentRefs[1]", "duplicate-parent")
    ]


@pytest.mark.parametrize(
    ("one", "hint"),
    [
        (ParentRef(name="a"), "kind: Service"),
        (ParentRef(name="a", kind="Service"), 'write group: ""'),
        (ParentRef(name="a", kind="Mesh", group="tulle.dev"), "kind: Service"),
    ],
)
def test_a_parent_the_mesh_does_not_have_is_a_warning_with_the_way_out(
    one: ParentRef, hint: str
) -> None:
    [problem] = check_parents([one])

    assert (problem.code, problem.severity) == ("unknown-parent", Severity.WARNING)
    assert hint in problem.hint


def test_a_route_without_parents_is_a_warning() -> None:
    assert [one.code for one in check_parents([])] == ["no-parent"]


def test_names_inside_references_are_checked() -> None:
    ref = ParentRef(group="", kind="Service", name="a", namespace="A", section_name="b_")

    assert {one.path for one in check_parents([ref])} == {
        "spec.parentRefs[0].namespace",
        "spec.parentRefs[0].sectionName",
    }


def test_a_service_is_named_with_its_port_other_kinds_need_not() -> None:
    backends = [
        BackendRef(name="a", port=80),
        BackendRef(name="b"),
        BackendRef(name="c", kind="ExternalService", group="tulle.dev"),
    ]

    assert [(one.path, one.code) for one in check_backends(backends, "refs")] == [
        ("refs[1].port", "missing-field")
    ]


def test_weights_that_are_all_zero_are_a_warning() -> None:
    none = [BackendRef(name="a", port=80, weight=0)]

    assert [one.code for one in check_backends(none, "refs")] == ["weights-all-zero"]
    assert list(check_backends([*none, BackendRef(name="b", port=80)], "refs")) == []
    assert list(check_backends([], "refs")) == []


def test_the_name_of_a_rule_is_a_dns_name() -> None:
    assert list(check_rule_name("a.b", "spec.rules[0]")) == []
    assert [one.path for one in check_rule_name("A", "spec.rules[0]")] == ["spec.rules[0].name"]


def test_the_namespace_of_a_backend_is_a_namespace() -> None:
    backend = BackendRef(name="a", port=80, namespace="a.b")

    assert [one.path for one in check_backends([backend], "refs")] == ["refs[0].namespace"]


def test_a_gateway_as_parent_keeps_the_route_readable() -> None:
    decoded = read(
        """
        apiVersion: gateway.networking.k8s.io/v1
        kind: TCPRoute
        metadata: {name: a}
        spec:
          parentRefs: [{name: edge}]
          rules: [{backendRefs: [{name: b, port: 80}]}]
        """
    )

    assert [one.code for one in decoded.problems] == ["unknown-parent"]
    assert len(decoded.resources) == 1
