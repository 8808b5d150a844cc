"""The memo of views: whatever changes, it says what looking at every proxy would say."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.reconcile.meshes import lock, mesh, route, service, workload

from tulle.graph.compile import Compiler, compile_mesh
from tulle.graph.mesh import MeshGraph, View
from tulle.graph.views import view_of
from tulle.model.names import WorkloadRef
from tulle.model.resources import Resource
from tulle.model.worlds import World
from tulle.reconcile.memo import ViewMemo, differing

NAMES = ("a", "b", "c")


names = st.sampled_from(NAMES)
resources: st.SearchStrategy[Resource] = st.one_of(
    st.builds(service, names, st.sampled_from([80, 81]), headless=st.booleans()),
    st.builds(
        workload,
        names,
        st.lists(names, unique=True),
        ready=st.booleans(),
        joined=st.booleans(),
        names=st.booleans(),
        captured=st.booleans(),
        port=st.sampled_from([9080, 9081]),
    ),
    st.builds(route, names, names),
    st.builds(mesh, st.sampled_from(["45s", "50s"])),
    st.builds(lock),
)
changes = st.lists(st.tuples(resources, st.booleans()), min_size=1, max_size=4)


def every_view(graph: MeshGraph) -> dict[WorkloadRef, View]:
    found = ((ref, view_of(graph, ref)) for ref in graph.workloads)
    return {ref: view for ref, view in found if view is not None}


@settings(max_examples=60, deadline=None)
@given(st.lists(changes, min_size=1, max_size=6), st.booleans())
def test_it_equals_looking_at_every_proxy(
    history: list[list[tuple[Resource, bool]]], fresh: bool
) -> None:
    memo, compiler, world = ViewMemo(view_of), Compiler(), World()
    known: dict[WorkloadRef, View] = {}
    for batch in history:
        puts = [resource for resource, keep in batch if keep]
        world = world.changed(puts, [resource.key for resource, keep in batch if not keep])
        graph = (compile_mesh(world) if fresh else compiler.compile(world)).graph
        wanted, touched = every_view(graph), memo.update(graph)

        assert {view.workload.ref: view for view in touched.views} == {
            ref: view for ref, view in wanted.items() if known.get(ref) != view
        }
        assert set(touched.gone) == known.keys() - wanted.keys()
        known = wanted


def test_only_those_a_change_concerns_are_looked_at() -> None:
    looked: list[str] = []

    def watched(graph: MeshGraph, ref: WorkloadRef) -> View | None:
        looked.append(ref.name)
        return view_of(graph, ref)

    world = World([service("a"), service("b"), workload("a"), workload("b"), workload("c", ["a"])])
    memo, compiler = ViewMemo(watched), Compiler()
    memo.update(compiler.compile(world).graph)
    looked.clear()

    memo.update(compiler.compile(world.changed([workload("a", ready=False)])).graph)

    assert looked == ["a", "c"]


def test_a_new_name_concerns_those_who_answer_dns() -> None:
    world = World([service("a"), workload("a"), workload("b", names=True)])
    memo, compiler = ViewMemo(view_of), Compiler()
    memo.update(compiler.compile(world).graph)

    touched = memo.update(compiler.compile(world.changed([service("c")])).graph)

    assert [view.workload.ref.name for view in touched.views] == ["b"]


def test_a_new_service_concerns_those_who_are_captured() -> None:
    world = World([service("a"), workload("a"), workload("b", captured=True)])
    memo, compiler = ViewMemo(view_of), Compiler()
    memo.update(compiler.compile(world).graph)

    touched = memo.update(compiler.compile(world.changed([service("c")])).graph)

    assert [view.workload.ref.name for view in touched.views] == ["b"]


def test_where_a_program_listens_concerns_captured_callers_of_a_service_without_address() -> None:
    world = World([service("a", headless=True), workload("a"), workload("b", captured=True)])
    memo, compiler = ViewMemo(view_of), Compiler()
    memo.update(compiler.compile(world).graph)

    touched = memo.update(compiler.compile(world.changed([workload("a", port=9081)])).graph)

    assert [view.workload.ref.name for view in touched.views] == ["a", "b"]


def test_a_proxy_that_has_not_reported_has_no_view_to_lose() -> None:
    graph = compile_mesh(World([workload("a", joined=False)])).graph
    touched = ViewMemo(view_of).update(graph)

    assert (touched.views, touched.gone) == ((), ())


def test_differing_compares_what_stands_under_the_same_keys() -> None:
    old = {1: "same", 2: "".join(["eq", "ual"]), 3: "old"}

    assert list(differing(old, {**old, 2: "equal", 3: "new"})) == [3]
    assert list(differing(old, dict(reversed(old.items())))) == []


def test_differing_names_what_was_added_changed_and_taken_away() -> None:
    same = "same"

    assert set(differing({1: same, 2: "old", 3: "gone"}, {1: same, 2: "new", 4: "added"})) == {
        2,
        3,
        4,
    }
