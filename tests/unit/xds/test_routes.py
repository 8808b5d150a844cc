"""Rules become routes that mean the same."""

from dataclasses import replace

import pytest
from tests.envoy.views import POLICY, ref

from tulle.graph.mesh import HeaderChanges, HttpMatch, HttpRouting, HttpRule, Share
from tulle.xds import routes
from tulle.xds.protos import Route, RouteMatch

V1, V2, WEB = ref("v1"), ref("v2"), ref("web")
UNAVAILABLE, INTERNAL_ERROR = 0, 2


def rule(*shares: Share) -> HttpRule:
    return HttpRule(HttpMatch(), shares, POLICY)


def made(*rules: HttpRule, hosts: routes.Hosts | None = None) -> list[Route]:
    configuration = routes.route_configuration("r", HttpRouting(rules), WEB, hosts or {})
    (host,) = configuration.virtual_hosts
    return list(host.routes)


def test_without_rules_everything_goes_to_the_service() -> None:
    (route,) = made()

    assert route.route.cluster == "shop/web:80"
    assert route.match.prefix == "/"


def test_with_rules_there_is_no_route_for_the_rest() -> None:
    assert [route.route.cluster for route in made(rule(Share(V1, 1, POLICY)))] == ["shop/v1:80"]


def test_no_time_is_short_unless_the_user_says_so() -> None:
    (route,) = made(rule(Share(V1, 1, POLICY)))

    assert route.route.HasField("timeout")
    assert route.route.timeout.seconds == route.route.timeout.nanos == 0


@pytest.mark.parametrize(
    ("request_s", "backend_s", "seconds"),
    [(5.0, None, 5), (None, 3.0, 3), (5.0, 3.0, 3), (3.0, 5.0, 3), (0.0, 3.0, 3), (0.0, None, 0)],
)
def test_the_shorter_of_two_bounds_holds(
    request_s: float | None, backend_s: float | None, seconds: int
) -> None:
    bounded = replace(rule(Share(V1, 1, POLICY)), timeout_s=request_s, backend_timeout_s=backend_s)

    assert made(bounded)[0].route.timeout.seconds == seconds


def test_a_missing_backend_keeps_its_share() -> None:
    (route,) = made(rule(Share(V1, 3, POLICY), Share(None, 1, POLICY)))

    weights = {one.name: one.weight.value for one in route.route.weighted_clusters.clusters}
    assert weights == {"shop/v1:80": 3, "missing": 1}
    assert route.route.cluster_not_found_response_code == INTERNAL_ERROR


def test_where_all_backends_exist_one_not_yet_known_is_unavailable() -> None:
    (route,) = made(rule(Share(V1, 3, POLICY), Share(V2, 1, POLICY)))

    assert route.route.cluster_not_found_response_code == UNAVAILABLE


def test_a_share_without_weight_is_no_destination() -> None:
    only = rule(Share(V1, 1, POLICY), Share(V2, 0, POLICY))

    assert made(only)[0].route.cluster == "shop/v1:80"
    assert routes.clusters_in(HttpRouting((only,)), WEB) == ["shop/v1:80"]


@pytest.mark.parametrize("shares", [(), (Share(None, 1, POLICY),), (Share(V1, 0, POLICY),)])
def test_nowhere_to_go_is_a_500(shares: tuple[Share, ...]) -> None:
    (route,) = made(rule(*shares))

    assert route.direct_response.status == 500


def test_a_rules_changes_of_requests_come_before_its_backends() -> None:
    changed = Share(V1, 1, POLICY, request_headers=HeaderChanges(set=(("x", "backend"),)))
    by_rule = replace(rule(changed), request_headers=HeaderChanges(set=(("x", "rule"),)))

    (route,) = made(by_rule)

    (weight,) = route.route.weighted_clusters.clusters
    assert [one.header.value for one in weight.request_headers_to_add] == ["rule", "backend"]
    assert not route.request_headers_to_add


def test_requests_to_the_outside_carry_its_host() -> None:
    hosts = {V1: "api.example"}

    (single,) = made(rule(Share(V1, 1, POLICY)), hosts=hosts)
    (split,) = made(rule(Share(V1, 1, POLICY), Share(V2, 1, POLICY)), hosts=hosts)

    assert single.route.host_rewrite_literal == "api.example"
    weights = {one.name: one for one in split.route.weighted_clusters.clusters}
    assert weights["shop/v1:80"].host_rewrite_literal == "api.example"
    assert not weights["shop/v2:80"].HasField("host_rewrite_literal")


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        (HttpMatch("/a", "exact"), RouteMatch(path="/a")),
        (HttpMatch("/a", "prefix"), RouteMatch(path_separated_prefix="/a")),
        (HttpMatch("/", "prefix"), RouteMatch(prefix="/")),
    ],
)
def test_a_prefix_is_of_whole_elements(match: HttpMatch, expected: RouteMatch) -> None:
    assert made(replace(rule(), match=match))[0].match == expected


def test_a_route_is_named_after_what_the_user_wrote() -> None:
    named = replace(rule(), name="mine")

    assert [one.name for one in made(rule(), named)] == [str(POLICY), "mine"]


def test_fixed_routes_lead_to_one_place() -> None:
    (host,) = routes.fixed_routes("inbound:1").virtual_hosts

    assert [route.route.cluster for route in host.routes] == ["inbound:1"]
