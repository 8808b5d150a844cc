"""Explanations as values: rule, shares, access."""

from tests.unit.graph.meshes import compiled, to

from tulle.graph.explaining.explain import explain_request
from tulle.graph.explaining.explanations import Explanation, Outcome
from tulle.graph.mesh import Protocol
from tulle.model.kinds.http_route import (
    HeaderMatch,
    HTTPRouteMatch,
    HTTPRouteRule,
    HTTPRouteTimeouts,
)
from tulle.model.names import WorkloadRef
from tulle.model.problems import Problem
from tulle.model.resources import Resource
from tulle.testing.builders import (
    access,
    allow,
    backend,
    captured,
    http_route,
    on_service,
    parent,
    path,
    port,
    rule,
    service,
    tcp_route,
    upstream,
    workload,
)

WEB = workload("web", account="web", upstreams=[upstream("reviews")])
MESH = (
    WEB,
    service("reviews"),
    service("v1", selector={"app": "v1"}),
    service("v2", selector={"app": "v2"}),
    workload("v1"),
    workload("v2-a", labels={"app": "v2"}),
    workload("v2-b", labels={"app": "v2"}),
)
TESTER = HTTPRouteMatch(headers=(HeaderMatch(name="X-Tester", value="yes"),))
ROUTE = http_route(
    "reviews",
    [parent("reviews")],
    HTTPRouteRule(
        name="testers",
        matches=(TESTER,),
        backend_refs=(backend("v2"),),
        timeouts=HTTPRouteTimeouts(request="10s", backend_request="0s"),
    ),
    rule(backend("v1", 3), backend("v2", 1), backend("gone", 0), match=[path("/")]),
)


def _told(
    *resources: Resource,
    url: str = "http://reviews/",
    headers: tuple[tuple[str, str], ...] = (),
    caller: WorkloadRef = WorkloadRef("shop", "web"),  # noqa: B008 - a frozen value
) -> Explanation:
    told = explain_request(compiled(*MESH, *resources).graph, caller, "GET", url, headers)
    assert isinstance(told, Explanation)
    return told


def test_the_rule_that_takes_the_request_is_named_and_those_before_it_say_why_not() -> None:
    told = _told(ROUTE)

    assert str(told.rule) == "HTTPRoute shop/reviews spec.rules[1].matches[0]"
    assert [(str(one.rule), one.reason) for one in told.skipped] == [
        ("HTTPRoute shop/reviews spec.rules[0].matches[0]", "header x-tester is absent")
    ]
    assert [(share.to, share.percent, share.endpoints) for share in told.shares] == [
        (to("v1"), 75.0, 1),
        (to("v2"), 25.0, 2),
    ]
    assert (told.outcome, told.local_port) == (Outcome.SENT, 20000)


def test_a_captured_caller_enters_by_the_addresses_of_the_service() -> None:
    told = _told(
        captured(workload("inside")),
        caller=WorkloadRef("shop", "inside"),
        url="http://reviews/",
    )

    v4, v6 = compiled(*MESH).graph.services[to("reviews").service].addresses
    assert told.captured == (f"{v4}:80", f"[{v6}]:80")
    assert told.local_port is None
    way_in = f"is captured on its way to {v4}:80, [{v6}]:80 and enters the caller's proxy"
    assert way_in in told.lines


def test_a_header_moves_the_request_to_another_rule_with_its_timeouts() -> None:
    told = _told(ROUTE, headers=(("x-tester", "yes"),))

    assert told.rule_name == "testers"
    assert (told.timeout_s, told.backend_timeout_s) == (10.0, 0.0)
    assert [share.to for share in told.shares] == [to("v2")]
    assert told.skipped == ()


def test_without_a_route_it_goes_to_the_service_itself() -> None:
    told = _told(workload("reviews"))

    assert told.rule is None
    assert told.outcome is Outcome.SENT
    assert [(share.to, share.percent) for share in told.shares] == [(to("reviews"), 100.0)]


def test_what_no_rule_takes_is_not_found() -> None:
    told = _told(http_route("r", [parent("reviews")], rule(backend("v1"), match=[path("/v1")])))

    assert told.outcome is Outcome.NOT_FOUND
    assert told.shares == ()
    assert told.skipped[0].reason == "path / is not under /v1"


def test_a_backend_that_is_gone_fails() -> None:
    told = _told(http_route("r", [parent("reviews")], rule(backend("gone"))))

    assert told.outcome is Outcome.FAILED
    assert [(share.to, share.percent) for share in told.shares] == [(None, 100.0)]


def test_access_is_told_at_each_destination_with_the_policy_that_decides() -> None:
    told = _told(
        ROUTE,
        access("let-web", on_service("v1"), rules=[allow("web")]),
        access("lock", on_service("v2")),
    )

    (v1,), (v2,) = (share.access for share in told.shares)
    assert (v1.allowed, v1.guarded) == (True, True)
    assert [str(origin) for origin in v1.policies] == ["AccessPolicy shop/let-web spec.rules[0]"]
    assert (v2.allowed, v2.guarded) == (False, True)
    assert [str(ref) for ref in v2.workloads] == ["shop/v2-a", "shop/v2-b"]
    assert [str(origin) for origin in v2.policies] == ["AccessPolicy shop/lock"]


def test_a_consumer_route_is_told_as_the_callers_own() -> None:
    route = http_route(
        "own",
        [parent("reviews", namespace="shop")],
        rule(backend("v2", namespace="shop")),
        namespace="office",
    )
    buyer = workload("buyer", namespace="office")

    told = _told(
        ROUTE, route, buyer, url="http://reviews.shop", caller=WorkloadRef("office", "buyer")
    )

    assert (told.consumer, told.local_port) == ("office", None)
    assert [share.to for share in told.shares] == [to("v2")]


def test_connections_are_explained_by_their_split() -> None:
    db = service("db", port(5432, "postgresql", target="http"), selector={"app": "v1"})
    route = tcp_route("split", [parent("db")], backend("db", 1, number=5432), backend("v2", 1))

    told = _told(db, route, url="tcp://db:5432")

    assert told.protocol is Protocol.TCP
    assert str(told.rule) == "TCPRoute shop/split spec.rules[0]"
    assert [share.percent for share in told.shares] == [50.0, 50.0]


def test_an_unknown_caller_or_host_is_a_problem() -> None:
    graph = compiled(*MESH).graph

    stranger = explain_request(graph, WorkloadRef("shop", "wep"), "GET", "http://reviews/")
    nowhere = explain_request(graph, WorkloadRef("shop", "web"), "GET", "http://nowhere/")

    assert isinstance(stranger, Problem)
    assert (stranger.code, stranger.hint) == ("workload-unknown", "did you mean 'shop/web'?")
    assert isinstance(nowhere, Problem)
    assert nowhere.code == "host-unknown"
