"""HTTPRoute: the CEL rules of Gateway API v1.6's CRD, and those Envoy adds."""

import pytest
from tests.unit.codec.reading import errors, found, resource, warnings

from tulle.codec.checks.http_route import check
from tulle.model.kinds.gateway_api import ParentRef
from tulle.model.kinds.http_route import HTTPRoute, HTTPRouteMatch, HTTPRouteRule, HTTPRouteSpec
from tulle.model.resources import Metadata

PARENT = "parentRefs: [{group: '', kind: Service, name: a}]"


def route(rule: str, more: str = "") -> str:
    spec = f"{PARENT}, rules: [{{{rule}}}]{more}"
    return resource("HTTPRoute", spec, version="gateway.networking.k8s.io/v1")


def path(value: str, kind: str = "Exact") -> str:
    return route(f"matches: [{{path: {{type: {kind}, value: '{value}'}}}}]")


PATH = "spec.rules[0].matches[0].path.value"


def test_a_route_with_everything_we_do_is_taken() -> None:
    rule = """
        name: all, matches: [{path: {value: /v1}, method: GET,
          headers: [{name: X-A, value: a+, type: RegularExpression}, {name: B, value: b}],
          queryParams: [{name: q, value: 1x}, {name: Q, value: x}]}],
        filters: [
          {type: RequestHeaderModifier, requestHeaderModifier:
            {set: [{name: A, value: a}], add: [{name: B, value: b}], remove: [C]}},
          {type: ResponseHeaderModifier, responseHeaderModifier: {remove: [Server]}}],
        backendRefs: [{name: a, port: 80, weight: 0}, {name: b, port: 80, filters: [
          {type: RequestHeaderModifier, requestHeaderModifier: {remove: [C]}}]}],
        timeouts: {request: 10s, backendRequest: 10s}
    """

    assert found(route(rule)) == set()


@pytest.mark.parametrize("value", ["/", "/a/b.c/~d", "/%20", "/a:b@c", "/..a", "/a..", "/.a/"])
def test_a_normal_path_is_taken(value: str) -> None:
    assert found(path(value)) == found(path(value, "PathPrefix")) == set()


@pytest.mark.parametrize(
    "value",
    [
        *["a", "//", "/a//b", "/./", "/a/../b", "/a/..", "/a/.", "/%2f", "/a%2Fb", "/a#b"],
        *["/a b", "/ä", "/a?b", "/%zz", "/[a]"],
    ],
)
@pytest.mark.parametrize("kind", ["Exact", "PathPrefix"])
def test_a_path_no_request_has_after_normalising_is_refused(kind: str, value: str) -> None:
    assert errors(path(value, kind)) == {(PATH, "bad-path")}


def test_a_regular_expression_is_no_path_and_must_be_one_of_envoys() -> None:
    assert found(path("/v[0-9]+(//)?", "RegularExpression")) == set()
    assert errors(path("/(?=a)", "RegularExpression")) == {(PATH, "bad-regex")}


@pytest.mark.parametrize(
    ("rule", "where", "code"),
    [
        (
            "matches: [{headers: [{name: a, value: '(', type: RegularExpression}]}]",
            "matches[0].headers[0].value",
            "bad-regex",
        ),
        (
            "matches: [{queryParams: [{name: a, value: '(', type: RegularExpression}]}]",
            "matches[0].queryParams[0].value",
            "bad-regex",
        ),
        (
            "matches: [{headers: [{name: a, value: b}, {name: a, value: c}]}]",
            "matches[0].headers[1].name",
            "duplicate-name",
        ),
        (
            "matches: [{queryParams: [{name: a, value: b}, {name: a, value: c}]}]",
            "matches[0].queryParams[1].name",
            "duplicate-name",
        ),
        (
            "filters: [{type: RequestHeaderModifier}]",
            "filters[0].requestHeaderModifier",
            "missing-field",
        ),
        (
            "filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [a]},"
            " responseHeaderModifier: {remove: [a]}}]",
            "filters[0].responseHeaderModifier",
            "conflict",
        ),
        (
            "filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [a]}},"
            " {type: RequestHeaderModifier, requestHeaderModifier: {remove: [b]}}]",
            "filters[1].type",
            "duplicate-filter",
        ),
        (
            "backendRefs: [{name: a, port: 80, filters: [{type: ResponseHeaderModifier}]}]",
            "backendRefs[0].filters[0].responseHeaderModifier",
            "missing-field",
        ),
        (
            "filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [':path']}}]",
            "filters[0].requestHeaderModifier.remove[0]",
            "bad-name",
        ),
        (
            "filters: [{type: RequestHeaderModifier, requestHeaderModifier:"
            " {set: [{name: HOST, value: a}]}}]",
            "filters[0].requestHeaderModifier.set[0].name",
            "header-not-changeable",
        ),
        (
            "filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [a, a]}}]",
            "filters[0].requestHeaderModifier.remove[1]",
            "duplicate-name",
        ),
        ("backendRefs: [{name: a}]", "backendRefs[0].port", "missing-field"),
        (
            "timeouts: {request: 1s, backendRequest: 1001ms}",
            "timeouts.backendRequest",
            "out-of-range",
        ),
        ("name: A_b", "name", "bad-name"),
    ],
)
def test_each_mistake_is_one_problem_at_its_field(rule: str, where: str, code: str) -> None:
    assert errors(route(rule)) == {(f"spec.rules[0].{where}", code)}


@pytest.mark.parametrize(
    "timeouts", ["{request: 0s, backendRequest: 1h}", "{backendRequest: 1s}", "{request: 1s}"]
)
def test_a_timeout_that_is_switched_off_bounds_nothing(timeouts: str) -> None:
    assert found(route(f"timeouts: {timeouts}")) == set()


def test_of_headers_that_differ_in_case_the_first_counts_and_we_say_so() -> None:
    matches = "matches: [{headers: [{name: a, value: b}, {name: A, value: c}]}]"

    assert errors(route(matches)) == set()
    assert warnings(route(matches)) == {
        ("spec.rules[0].matches[0].headers[1].name", "duplicate-name")
    }


@pytest.mark.parametrize(
    ("rule", "more", "problem"),
    [
        ("", ", hostnames: [a.b]", ("spec.hostnames", "field-without-effect")),
        (
            "backendRefs: [{name: a, port: 80, weight: 0}]",
            "",
            ("spec.rules[0].backendRefs", "weights-all-zero"),
        ),
        (
            "filters: [{type: RequestHeaderModifier, requestHeaderModifier: {}}]",
            "",
            ("spec.rules[0].filters[0].requestHeaderModifier", "field-without-effect"),
        ),
    ],
)
def test_what_does_nothing_is_a_warning(rule: str, more: str, problem: tuple[str, str]) -> None:
    assert errors(route(rule, more)) == set()
    assert warnings(route(rule, more)) == {problem}


@pytest.mark.parametrize("hostname", ["10.0.0.1", "A.b", "a:80", "*", "*.*.a", "a.*"])
def test_hostnames_are_hosts_with_one_wildcard_before_them_at_most(hostname: str) -> None:
    assert errors(route("", f", hostnames: ['{hostname}']")) == {("spec.hostnames[0]", "bad-host")}


def test_rules_of_one_name_are_a_warning() -> None:
    spec = f"{PARENT}, rules: [{{name: a}}, {{name: b}}, {{name: a}}]"
    text = resource("HTTPRoute", spec, version="gateway.networking.k8s.io/v1")

    assert warnings(text) == {("spec.rules[2].name", "duplicate-name")}


def test_all_rules_together_have_at_most_128_matches() -> None:
    rule = HTTPRouteRule(matches=(HTTPRouteMatch(),) * 43)
    parents = (ParentRef(group="", kind="Service", name="a"),)
    spec = HTTPRouteSpec(parent_refs=parents, rules=(rule, rule, rule))

    [problem] = check(HTTPRoute(metadata=Metadata(name="x", namespace="y"), spec=spec))

    assert (problem.path, problem.code) == ("spec.rules", "out-of-range")
