"""One HTTPRoute: its rules, and their order among those of others."""

import random

from tests.unit.graph.meshes import backends, to

from tulle.graph.routing.http_rules import in_order, read_rules
from tulle.model.kinds.http_route import HTTPRouteRule, HTTPRouteTimeouts
from tulle.testing.builders import backend, http_route, path, rule, service

KNOWN = backends(service("api"))


def test_each_match_becomes_a_rule_with_its_origin() -> None:
    route = http_route("r", [], rule(backend("api"), match=[path("/a"), path("/b")]), rule())

    read = read_rules(route, KNOWN)

    assert [(one.rule.match.path, one.rule.origin.field) for one in read.rules] == [
        ("/a", "spec.rules[0].matches[0]"),
        ("/b", "spec.rules[0].matches[1]"),
        ("/", "spec.rules[1]"),
    ]
    assert list(read.destinations()) == [to("api"), to("api")]


def test_a_timeout_of_zero_is_none_at_all_and_one_unsaid_stays_unsaid() -> None:
    timed = HTTPRouteRule(timeouts=HTTPRouteTimeouts(request="0s", backend_request="1s500ms"))

    (ranked,) = read_rules(http_route("r", [], timed), KNOWN).rules
    (plain,) = read_rules(http_route("r", [], rule()), KNOWN).rules

    assert (ranked.rule.timeout_s, ranked.rule.backend_timeout_s) == (0.0, 1.5)
    assert (plain.rule.timeout_s, plain.rule.backend_timeout_s) == (None, None)


def test_rules_of_several_routes_are_merged_in_one_order() -> None:
    older = http_route(
        "z", [], rule(match=[path("/a"), path("/a")]), rule(), created="2026-01-01T00:00:00Z"
    )
    younger = http_route("a", [], rule(match=[path("/a")]), rule(match=[path("/ab")]))
    rules = [*read_rules(younger, KNOWN).rules, *read_rules(older, KNOWN).rules]
    random.Random(7).shuffle(rules)

    assert [str(one.origin) for one in in_order(rules)] == [
        "HTTPRoute shop/a spec.rules[1].matches[0]",
        "HTTPRoute shop/z spec.rules[0].matches[0]",
        "HTTPRoute shop/z spec.rules[0].matches[1]",
        "HTTPRoute shop/a spec.rules[0].matches[0]",
        "HTTPRoute shop/z spec.rules[1]",
    ]
