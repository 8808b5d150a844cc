"""Weights, missing backends, header changes."""

from tests.unit.graph.meshes import backends, to

from tulle.graph.mesh import HeaderChanges
from tulle.graph.routing.shares import read_filters, read_shares
from tulle.model.kinds.http_route import HeaderModifier, HTTPHeader, HTTPRouteFilter
from tulle.testing.builders import backend, http_route, service

KNOWN = backends(service("api"))
ROUTE = http_route("r", [])


def test_a_missing_backend_keeps_its_weight_and_gets_nothing() -> None:
    read = read_shares(ROUTE, "spec.rules[0]", [backend("api", 9), backend("apo", 1)], KNOWN)

    assert [(share.to, share.weight) for share in read.shares] == [(to("api"), 9), (None, 1)]
    assert read.shares[1].origin.field == "spec.rules[0].backendRefs[1]"
    assert [problem.path for problem in read.problems] == ["spec.rules[0].backendRefs[1].name"]
    assert len(read.refusals) == 1


def test_a_rule_nobody_would_answer_fails_instead_of_vanishing() -> None:
    without = read_shares(ROUTE, "spec.rules[0]", [], KNOWN)
    zero = read_shares(ROUTE, "spec.rules[0]", [backend("api", 0)], KNOWN)

    assert [(share.to, share.weight) for share in without.shares] == [(None, 1)]
    assert [problem.code for problem in without.problems] == ["route-without-backends"]
    assert [(share.to, share.weight) for share in zero.shares] == [(to("api"), 0), (None, 1)]


def test_header_filters_become_changes_in_lower_case_each_name_once() -> None:
    modifier = HeaderModifier(
        set=(HTTPHeader(name="X-A", value="1"), HTTPHeader(name="x-a", value="2")),
        add=(HTTPHeader(name="X-B", value="3"),),
        remove=("X-C", "x-c"),
    )
    request = HTTPRouteFilter(type="RequestHeaderModifier", request_header_modifier=modifier)
    second = HTTPRouteFilter(type="RequestHeaderModifier")
    response = HTTPRouteFilter(type="ResponseHeaderModifier", response_header_modifier=modifier)
    changes = HeaderChanges(set=(("x-a", "1"),), add=(("x-b", "3"),), remove=("x-c",))

    assert read_filters([request, second]) == (changes, HeaderChanges())
    assert read_filters([response]) == (HeaderChanges(), changes)


def test_a_backend_has_changes_of_its_own() -> None:
    modifier = HeaderModifier(remove=("x-c",))
    filter_ = HTTPRouteFilter(type="ResponseHeaderModifier", response_header_modifier=modifier)
    ref = backend("api")
    ref = type(ref)(name=ref.name, port=ref.port, filters=(filter_,))

    (share,) = read_shares(ROUTE, "spec.rules[0]", [ref], KNOWN).shares

    assert share.response_headers == HeaderChanges(remove=("x-c",))
