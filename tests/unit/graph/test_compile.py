"""The compiler as a whole: what one change touches, and what it leaves alone."""

from tests.unit.graph.meshes import codes, compiled

from tulle.graph.compile import Compiler, compile_mesh
from tulle.graph.mesh import MeshGraph
from tulle.model.names import ServiceRef, WorkloadRef
from tulle.model.resources import Resource
from tulle.model.worlds import World
from tulle.testing.builders import (
    backend,
    http_route,
    is_ready,
    mesh,
    parent,
    rule,
    service,
    upstream,
    with_conditions,
    workload,
)

API, OTHER = ServiceRef("shop", "api"), ServiceRef("shop", "other")
START = World(
    [
        mesh(),
        service("api"),
        service("other"),
        workload("api"),
        workload("other"),
        workload("web", upstreams=[upstream("api")]),
        http_route("r", [parent("other")], rule(backend("other"))),
    ]
)
SICK = with_conditions(workload("api"), is_ready("False"))


def _after(*changed: Resource) -> tuple[MeshGraph, MeshGraph]:
    compiler = Compiler()
    before = compiler.compile(START)
    world = START.changed(changed)
    after = compiler.compile(world)
    assert after == compile_mesh(world)
    return before.graph, after.graph


def test_an_empty_world_compiles() -> None:
    found = compiled()

    assert (dict(found.graph.services), dict(found.graph.workloads)) == ({}, {})
    assert (found.statuses, found.problems) == ((), ())


def test_a_flip_of_health_changes_one_service_and_one_workload_and_no_other_object() -> None:
    before, after = _after(SICK)

    assert after.services[API].ports[0].destination.endpoints == ()
    assert after.services[OTHER] is before.services[OTHER]
    assert [
        str(ref) for ref, node in after.workloads.items() if node is not before.workloads[ref]
    ] == ["shop/api"]


def test_a_route_changes_its_service_and_no_other_object() -> None:
    before, after = _after(http_route("new", [parent("api")], rule(backend("other"))))

    assert [
        str(ref) for ref, node in after.services.items() if node is not before.services[ref]
    ] == ["shop/api"]
    assert all(node is before.workloads[ref] for ref, node in after.workloads.items())


def test_a_status_that_says_nothing_new_changes_no_object() -> None:
    before, after = _after(with_conditions(workload("api"), is_ready()))

    assert after.services[API] is before.services[API]
    assert (
        after.workloads[WorkloadRef("shop", "api")] is before.workloads[WorkloadRef("shop", "api")]
    )


def test_a_new_trust_domain_changes_every_identity() -> None:
    _, after = _after(mesh(trust_domain="new.example"))

    assert all("new.example" in node.identity for node in after.workloads.values())
    assert "new.example" in after.services[API].ports[0].destination.accounts[0]


def test_problems_stand_in_the_order_of_their_resources() -> None:
    found = compiled(
        workload("b", upstreams=[upstream("y")]),
        workload("a", upstreams=[upstream("x"), upstream("w")]),
        service("nothing"),
    )

    assert [str(problem.resource) for problem in found.problems] == [
        "Service shop/nothing",
        "Workload shop/a",
        "Workload shop/a",
        "Workload shop/b",
    ]
    assert codes(found)[0] == "service-selects-nothing"
