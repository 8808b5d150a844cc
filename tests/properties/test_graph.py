"""What must hold for every world: the compiler is total, blind to order, and its memory changes nothing."""

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tulle.graph.compile import Compiler, compile_mesh
from tulle.graph.explaining.explain import explain_request
from tulle.graph.explaining.explanations import Explanation
from tulle.graph.mesh import (
    HttpRouting,
    MeshGraph,
    Permission,
    Routing,
    Share,
)
from tulle.graph.policies.permissions import narrows
from tulle.graph.views import view_of
from tulle.model.kinds.workload import Workload
from tulle.model.names import AccountRef
from tulle.model.resources import Resource
from tulle.model.worlds import World
from tulle.testing.builders import is_ready, with_conditions
from tulle.testing.worlds import resources, worlds

# A busy machine is no counterexample: no deadline, and enough examples to fill worlds with meetings.
WHOLE_WORLDS = settings(
    deadline=None, max_examples=70, suppress_health_check=[HealthCheck.too_slow]
)

CALLERS = [
    AccountRef(namespace, name)
    for namespace in ("east", "west", "elsewhere")
    for name in ("buyer", "teller", "stranger")
]


@WHOLE_WORLDS
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_never_matters(found: list[Resource], luck: Random) -> None:
    shuffled = luck.sample(found, len(found))

    assert compile_mesh(World(shuffled)) == compile_mesh(World(found))


@WHOLE_WORLDS
@given(worlds())
def test_every_world_compiles_and_no_reference_dangles(found: list[Resource]) -> None:
    graph = compile_mesh(World(found)).graph

    for share in _shares(graph):
        assert share.to is None or graph.destination(share.to).ref == share.to
    for node in graph.services.values():
        assert all(ref in graph.workloads for ref in node.workloads)
    for workload in graph.workloads.values():
        assert all(ref in graph.services for ref in workload.services)
        for port in workload.outbound:
            assert any(p.destination.port == port.port for p in graph.services[port.service].ports)


@WHOLE_WORLDS
@given(worlds())
def test_the_weights_of_a_rule_never_add_up_to_nothing(found: list[Resource]) -> None:
    for routing in _routings(compile_mesh(World(found)).graph):
        sets = [rule.shares for rule in routing.rules] if isinstance(routing, HttpRouting) else []
        sets += [] if isinstance(routing, HttpRouting) or not routing.shares else [routing.shares]
        assert all(sum(share.weight for share in shares) > 0 for shares in sets)


@WHOLE_WORLDS
@given(worlds())
def test_a_view_holds_every_destination_its_routes_reach(found: list[Resource]) -> None:
    graph = compile_mesh(World(found)).graph
    for ref in graph.workloads:
        view = view_of(graph, ref)
        if view is not None:
            held = {to.ref for to in view.destinations}
            for outbound in view.outbound:
                shares = list(_shares_of(outbound.routing))
                assert {share.to for share in shares if share.to and share.weight} <= held
                assert shares or outbound.default in held


@WHOLE_WORLDS
@given(worlds(), st.lists(st.tuples(st.booleans(), resources()), max_size=6))
def test_a_compiler_that_remembers_equals_one_that_does_not(
    found: list[Resource], changes: list[tuple[bool, Resource]]
) -> None:
    compiler = Compiler()
    world = World(found)
    compiler.compile(world)
    for put, resource in changes:
        world = world.changed([resource] if put else (), () if put else [resource.key])

        assert compiler.compile(world) == compile_mesh(world)


@WHOLE_WORLDS
@given(worlds())
def test_compiling_the_same_world_again_gives_the_same_objects(found: list[Resource]) -> None:
    compiler = Compiler()
    before = compiler.compile(World(found)).graph

    after = compiler.compile(World(found)).graph

    assert all(after.services[ref] is node for ref, node in before.services.items())
    assert all(after.workloads[ref] is node for ref, node in before.workloads.items())


@WHOLE_WORLDS
@given(worlds())
def test_a_flip_of_health_touches_only_the_workload_and_its_services(
    found: list[Resource],
) -> None:
    compiler = Compiler()
    world = World(found)
    before = compiler.compile(world).graph
    for workload in world.all(Workload)[:1]:
        flipped = with_conditions(workload, is_ready("False"))

        after = compiler.compile(world.changed([flipped])).graph

        touched = {ref for ref, node in after.services.items() if before.services[ref] is not node}
        ref = next(r for r, node in after.workloads.items() if node.origin.resource == workload.key)
        behind = {r for r, node in after.services.items() if ref in node.workloads}
        assert touched <= behind
        assert all(
            node is before.workloads[other]
            for other, node in after.workloads.items()
            if other != ref
        )


@WHOLE_WORLDS
@given(worlds())
def test_a_guarded_port_lets_in_only_whom_a_grant_names_and_takes_no_plaintext(
    found: list[Resource],
) -> None:
    for workload in compile_mesh(World(found)).graph.workloads.values():
        for port in workload.inbound:
            permission = port.permission
            assert permission.guarded == bool(permission.policies)
            assert not (permission.guarded and port.plaintext_port)
            for caller in CALLERS:
                named = any(grant.principal.matches(caller) for grant in permission.grants)
                assert permission.decide(caller)[0] == (named or not permission.guarded)


@WHOLE_WORLDS
@given(worlds(), worlds())
def test_narrows_says_when_a_caller_is_lost(found: list[Resource], others: list[Resource]) -> None:
    permissions = [*_permissions(found), *_permissions(others), Permission()]
    for old in permissions:
        for new in permissions:
            lost = any(old.decide(c)[0] and not new.decide(c)[0] for c in CALLERS)
            assert narrows(old, new) or not lost
            assert not narrows(old, old)


@WHOLE_WORLDS
@given(worlds())
def test_no_address_is_given_to_two_services(found: list[Resource]) -> None:
    compiled = compile_mesh(World(found))
    addresses = [a for node in compiled.graph.services.values() for a in node.addresses]
    assert len(addresses) == len(set(addresses))


@WHOLE_WORLDS
@given(worlds())
def test_no_two_spellings_of_a_workload_reach_different_ports(found: list[Resource]) -> None:
    for workload in compile_mesh(World(found)).graph.workloads.values():
        targets = [target for port in workload.inbound for target in port.targets]
        assert len(targets) == len(set(targets))


@WHOLE_WORLDS
@given(worlds())
def test_callers_know_the_account_of_every_endpoint_they_are_sent_to(found: list[Resource]) -> None:
    graph = compile_mesh(World(found)).graph
    for node in graph.services.values():
        for port in node.ports:
            for endpoint in port.destination.endpoints:
                assert endpoint.secure == (endpoint.workload is not None)
                if endpoint.workload is not None:
                    workload = graph.workloads[endpoint.workload]
                    assert workload.accepts_traffic
                    assert workload.identity in port.destination.accounts
                    spoken = [target for one in workload.inbound for target in one.targets]
                    assert port.destination.target_port in spoken


@WHOLE_WORLDS
@given(worlds(), st.sampled_from(["GET", "POST"]), st.sampled_from(["/", "/a", "/a/b", "/c"]))
def test_everything_can_be_explained(found: list[Resource], method: str, path: str) -> None:
    graph = compile_mesh(World(found)).graph
    for caller in list(graph.workloads)[:2]:
        for node in graph.services.values():
            for port in node.ports:
                url = f"http://{node.ref.name}.{node.ref.namespace}:{port.destination.port}{path}"
                told = explain_request(graph, caller, method, url, [("x-who", "a")])
                assert isinstance(told, Explanation)
                assert told.lines
                assert not told.shares or round(sum(s.percent for s in told.shares)) == 100


def _routings(graph: MeshGraph) -> list[Routing]:
    return [
        routing
        for node in graph.services.values()
        for port in node.ports
        for routing in (port.routing, *port.consumer_routing.values())
    ]


def _shares_of(routing: Routing) -> list[Share]:
    if isinstance(routing, HttpRouting):
        return [share for rule in routing.rules for share in rule.shares]
    return list(routing.shares)


def _shares(graph: MeshGraph) -> list[Share]:
    return [share for routing in _routings(graph) for share in _shares_of(routing)]


def _permissions(found: list[Resource]) -> list[Permission]:
    graph = compile_mesh(World(found)).graph
    return [port.permission for node in graph.workloads.values() for port in node.inbound][:4]
