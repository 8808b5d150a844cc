"""Explanations as lines for people."""

from tests.unit.graph.meshes import compiled

from tulle.graph.explaining.explain import explain_request
from tulle.graph.explaining.explanations import MOST_SKIPPED, Explanation
from tulle.model.kinds.external_service import ExternalPort
from tulle.model.kinds.http_route import (
    HeaderModifier,
    HTTPHeader,
    HTTPRouteFilter,
    HTTPRouteRule,
    HTTPRouteTimeouts,
)
from tulle.model.names import WorkloadRef
from tulle.model.resources import Resource
from tulle.testing.builders import (
    access,
    allow,
    backend,
    external,
    http_route,
    on_service,
    parent,
    path,
    rule,
    service,
    upstream,
    workload,
)

WEB = workload("web", account="web", upstreams=[upstream("api")])


def _lines(*resources: Resource, url: str = "http://api/", method: str = "GET") -> list[str]:
    told = explain_request(compiled(WEB, *resources).graph, WorkloadRef("shop", "web"), method, url)
    assert isinstance(told, Explanation)
    return list(told.lines)


def test_a_split_reads_as_a_story_with_its_sources() -> None:
    changes = HTTPRouteFilter(
        type="RequestHeaderModifier",
        request_header_modifier=HeaderModifier(
            set=(HTTPHeader(name="X-A", value="1"),), remove=("x-b",)
        ),
    )
    route = http_route(
        "split",
        [parent("api")],
        rule(backend("api"), match=[path("/admin")]),
        HTTPRouteRule(
            name="main",
            filters=(changes,),
            timeouts=HTTPRouteTimeouts(request="10s", backend_request="0s"),
            backend_refs=(backend("api", 3), backend("gone", 1)),
        ),
    )
    policy = access("callers", on_service("api"), rules=[allow("web")])

    assert _lines(service("api"), workload("api"), route, policy) == [
        "GET / from shop/web to shop/api port 80 (http)",
        "enters the mesh at 127.0.0.1:20000 of the caller's proxy",
        "taken by HTTPRoute shop/split spec.rules[1].matches[0] (main)",
        "  not by HTTPRoute shop/split spec.rules[0].matches[0]: path / is not under /admin",
        "request headers: set x-a: 1; remove x-b",
        "75 % to shop/api:80, 1 endpoint (HTTPRoute shop/split spec.rules[1].backendRefs[0])",
        "  allowed at shop/api by AccessPolicy shop/callers spec.rules[0]",
        "25 % fails (500): its backend is not there, "
        "see HTTPRoute shop/split spec.rules[1].backendRefs[1]",
        "request timeout 10 s",
        "no backend timeout",
    ]


def test_a_denial_stands_out_and_names_the_policy() -> None:
    lines = _lines(service("api"), workload("api"), access("lock"))

    assert "  DENIED at shop/api: no rule of AccessPolicy shop/lock lets the caller in" in lines


def test_a_service_that_is_no_upstream_is_not_reached_and_the_line_says_so() -> None:
    lines = _lines(service("other"), workload("other"), url="http://other/")

    assert lines[1].startswith("does not enter the mesh: shop/other:80 is no upstream of shop/web")
    assert "  allowed at shop/other: no AccessPolicy covers the port" in lines


def test_nobody_ready_is_said() -> None:
    assert any("no endpoint takes traffic: answered 503" in line for line in _lines(service("api")))


def test_what_no_rule_takes_is_said_to_be_404() -> None:
    rules = [rule(backend("api"), match=[path(f"/a{index}")]) for index in range(MOST_SKIPPED + 3)]

    lines = _lines(service("api"), workload("api"), http_route("r", [parent("api")], *rules))

    assert "answered 404: routes are attached, and none of their rules takes it" in lines
    assert lines[-1] == "  nor by 3 more rules before it"


def test_the_outside_is_said_to_be_outside() -> None:
    port = ExternalPort(port=80, name="http")

    lines = _lines(external("api", port, host="api.example"))

    assert any("outside the mesh" in line for line in lines)
