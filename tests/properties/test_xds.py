"""Whatever the mesh looks like: a snapshot refers to nothing it lacks, and remembering changes no byte."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from tests.envoy.views import allow, inbound, origin, upstream, view

from tulle.graph.mesh import (
    Destination,
    Endpoint,
    ExternalTarget,
    HeaderChanges,
    HttpMatch,
    HttpProxyPort,
    HttpRouting,
    HttpRule,
    InboundPort,
    MeshSettings,
    OutboundView,
    Permission,
    Protocol,
    Routing,
    Share,
    StringMatch,
    TcpRouting,
    View,
)
from tulle.model.names import ServiceRef, SpiffeId
from tulle.xds.build import Builder, build_snapshot

ROUTE = origin("HTTPRoute", "any")
words = st.sampled_from(["a", "b", "c"])
protocols = st.sampled_from(Protocol)
settings = st.builds(
    MeshSettings,
    trust_domain=st.sampled_from(["mesh.local", "other.example"]),
    trust_bundle=st.sampled_from([(), ("ONE",), ("ONE", "TWO")]),
    connection_max_age_s=st.sampled_from([0.5, 30.0]),
)
endpoints = st.builds(
    Endpoint,
    address=st.sampled_from(["10.0.0.1", "10.0.0.2", "::1"]),
    port=st.integers(1, 3),
    secure=st.booleans(),
    zone=st.sampled_from(["", "a", "b"]),
)
externals = st.builds(
    ExternalTarget,
    host=st.sampled_from(["api.example", "192.0.2.1"]),
    port=st.integers(1, 3),
    tls=st.booleans(),
    sni=st.sampled_from(["", "sni.example"]),
    ca_pem=st.sampled_from(["", "CA"]),
)
destinations = st.builds(
    Destination,
    service=st.builds(ServiceRef, st.just("shop"), words),
    port=st.integers(80, 82),
    protocol=protocols,
    target_port=words,
    accounts=st.lists(st.sampled_from([SpiffeId("spiffe://x/a"), SpiffeId("spiffe://x/b")])).map(
        tuple
    ),
    endpoints=st.lists(endpoints, max_size=4).map(tuple),
    external=st.none() | externals,
    origin=st.just(origin("Service", "any")),
)
changes = st.builds(
    HeaderChanges,
    set=st.lists(st.tuples(words, words), max_size=2).map(tuple),
    add=st.lists(st.tuples(words, words), max_size=2).map(tuple),
    remove=st.lists(words, max_size=2).map(tuple),
)
matches = st.builds(
    HttpMatch,
    path=st.sampled_from(["/", "/a", "/a/b"]),
    path_type=st.sampled_from(["exact", "prefix", "regex"]),
    method=st.sampled_from(["", "GET"]),
    headers=st.lists(st.builds(StringMatch, words, words, st.booleans()), max_size=2).map(tuple),
)
seconds = st.sampled_from([None, 0.0, 0.25, 90.0])
permissions = st.builds(
    lambda made, epoch: replace(made, epoch=epoch),
    st.sampled_from([Permission(), allow(), allow("a"), allow("a", "b")]),
    st.integers(0, 2),
)


def shares(among: Sequence[Destination]) -> st.SearchStrategy[tuple[Share, ...]]:
    refs = [None, *(one.ref for one in among)]
    share = st.builds(
        Share,
        to=st.sampled_from(refs),
        weight=st.integers(0, 3),
        origin=st.just(ROUTE),
        request_headers=changes,
        response_headers=changes,
    )
    return st.lists(share, max_size=3).map(tuple)


def routings(to: Destination, among: Sequence[Destination]) -> st.SearchStrategy[Routing]:
    tcp = st.just(TcpRouting()) | st.builds(TcpRouting, shares(among), st.just(ROUTE))
    rule = st.builds(
        HttpRule,
        match=matches,
        shares=shares(among),
        origin=st.just(ROUTE),
        request_headers=changes,
        timeout_s=seconds,
        backend_timeout_s=seconds,
    )
    http = st.builds(HttpRouting, st.lists(rule, max_size=3).map(tuple))
    return http | tcp if to.protocol.is_http else tcp


@st.composite
def views(draw: st.DrawFn) -> View:
    """A proxy with some ports and some upstreams, each of them routed to any of the others."""
    reached = draw(st.lists(destinations, unique_by=lambda one: one.ref, max_size=4))
    outbound: list[OutboundView] = [
        upstream(to, 20000 + number, draw(routings(to, reached)))
        for number, to in enumerate(reached)
    ]
    numbers = draw(st.lists(st.integers(1, 5), unique=True, max_size=3))
    ports: list[InboundPort] = [
        inbound(
            number,
            draw(protocols),
            draw(permissions),
            plaintext_port=draw(st.none() | st.just(16000 + number)),
            parse_http=draw(st.booleans()),
        )
        for number in numbers
    ]
    made = view(
        draw(words),
        draw(settings),
        mtls_port=draw(st.none() | st.just(15009)),
        ports=ports,
        outbound=outbound,
        destinations=reached,
    )
    by_name = draw(st.none() | st.just(HttpProxyPort(20090, origin("Workload", "any"))))
    return replace(made, workload=replace(made.workload, http_proxy=by_name))


@given(views())
def test_every_reference_in_a_snapshot_resolves(made: View) -> None:
    assert list(build_snapshot(made).dangling()) == []


@given(st.lists(views(), max_size=4))
def test_a_builder_with_a_memory_builds_what_one_without_builds(made: list[View]) -> None:
    builder = Builder()

    for one in made:
        assert builder.build(one) == build_snapshot(one)


@given(views(), st.randoms(use_true_random=False))
def test_the_order_of_what_it_reaches_changes_nothing(made: View, chance: Random) -> None:
    shuffled = list(made.destinations)
    chance.shuffle(shuffled)

    assert build_snapshot(replace(made, destinations=tuple(shuffled))) == build_snapshot(made)
