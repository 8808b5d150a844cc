"""The routes of the port for requests by name: upstreams by their names, an answer for the rest."""

from tests.envoy.views import origin

from tulle.graph.mesh import HttpProxyPort, OutboundPort
from tulle.model.names import ServiceRef, WorkloadRef
from tulle.xds.http_proxy import part, route_configuration
from tulle.xds.protos import VirtualHost
from tulle.xds.snapshots import TypeUrl

WEB = WorkloadRef("shop", "web")
HERE = origin("Workload", "web")


def calls(*names: str) -> list[OutboundPort]:
    return [OutboundPort(ServiceRef("shop", name), 80, 20000, HERE) for name in names]


def hosts(*names: str) -> dict[str, VirtualHost]:
    made = route_configuration(WEB, calls(*names))
    return {host.name: host for host in made.virtual_hosts}


def test_requests_and_tunnels_go_to_the_chain_of_the_upstream() -> None:
    tunnel, request = hosts("api")["shop/api:80"].routes

    assert tunnel.match.HasField("connect_matcher")
    assert [upgrade.upgrade_type for upgrade in tunnel.route.upgrade_configs] == ["CONNECT"]
    assert request.match.prefix == "/"
    assert tunnel.route.cluster == request.route.cluster == "http-proxy:shop/api:80"


def test_everybody_else_is_answered_and_sent_nowhere() -> None:
    nobody = hosts("api")["nobody"]

    assert list(nobody.domains) == ["*"]
    for route in nobody.routes:
        assert route.direct_response.status == 404
        assert not route.HasField("route")
        assert "api.shop:80" in route.direct_response.body.inline_string
        assert "--upstream" in route.direct_response.body.inline_string


def test_the_answer_stays_short_whatever_is_declared() -> None:
    many = hosts(*(f"{'a' * 60}{number}" for number in range(100)))["nobody"]

    text = many.routes[0].direct_response.body.inline_string

    assert "and 88 more" in text
    assert len(text) < 4096


def test_who_declares_nothing_is_told_so() -> None:
    assert "declares none" in hosts()["nobody"].routes[0].direct_response.body.inline_string


def test_it_says_what_it_needs_and_where_it_came_from() -> None:
    made = part(WEB, HttpProxyPort(20090, HERE), calls("api"))

    assert {(type_url, one.name) for type_url, one in made.resources} == {
        (TypeUrl.LISTENER, "http-proxy"),
        (TypeUrl.ROUTE, "http-proxy"),
    }
    assert all(one.origins == (HERE,) for _, one in made.resources)
    assert {(one.type, one.name) for one in made.references} == {
        (TypeUrl.ROUTE, "http-proxy"),
        (TypeUrl.CLUSTER, "http-proxy:shop/api:80"),
        (TypeUrl.LISTENER, "http-proxy:shop/api:80"),
    }
