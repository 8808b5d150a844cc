"""Commands that ask a server what happens in its mesh."""

import json

import yaml
from tests.unit.cli.servers import Server
from tests.unit.reconcile.meshes import route, service, workload

from tulle.model.names import WorkloadRef
from tulle.model.wire import EdgeReport, EdgeSample, ProxyState

SAMPLE = EdgeSample(
    service="a",
    namespace="shop",
    port=80,
    protocol="http",
    requests=7,
    failures=1,
    connections=2,
    handshakes=2,
    p50_ms=1.5,
)


def meshed(server: Server) -> Server:
    server.apply(service("a"))
    server.store(workload("a"), workload("b", ["a"]))
    server.apply(route("a", "a"))
    return server


def test_explain_speaks_of_the_running_mesh(server: Server) -> None:
    meshed(server)

    text = server.tulle("explain", "request", "--from", "b", "GET", "http://a.shop/")
    facts = server.tulle("explain", "request", "--from", "b", "GET", "http://a/", "-o", "json")

    assert "HTTPRoute shop/to-a" in text.stdout
    assert json.loads(facts.stdout)["outcome"] == "sent"


def test_explain_says_what_it_cannot_resolve(server: Server) -> None:
    result = meshed(server).tulle("explain", "request", "--from", "b", "GET", "http://none/")

    assert result.exit_code == 1
    assert "[host-unknown]" in result.stderr
    assert "nothing was changed" not in result.stderr


def test_stat_shows_what_proxies_counted(server: Server) -> None:
    server.api.fleet.reports[WorkloadRef("shop", "b")] = EdgeReport(edges=(SAMPLE,))

    table = server.tulle("stat").stdout.splitlines()
    edges = json.loads(server.tulle("stat", "-o", "json").stdout)["edges"]

    assert table[1].split() == ["shop/b", "shop/a:80", "http", "7", "2", "1", "1.50", "-", "-"]
    assert edges[0]["from"] == "shop/b"
    assert edges[0]["mtls"] is False  # only the caller has spoken


def test_proxy_status_tells_who_is_behind_and_what_was_refused(server: Server) -> None:
    meshed(server).connect("a")
    server.connect("b", confirms=False)("no such regex")

    lines = server.tulle("proxy", "status").stdout.splitlines()
    one = server.tulle("proxy", "status", "a").stdout.splitlines()

    assert lines[1].split()[:4] == ["shop/a", "default", "yes", "yes"]
    assert lines[2].split()[:4] == ["shop/b", "default", "yes", "NO"]
    assert lines[3] == "shop/b refused HTTPRoute shop/to-a spec.rules[0]: no such regex"
    assert len(one) == 2


def test_proxy_config_is_what_envoy_gets(server: Server) -> None:
    found = yaml.safe_load(meshed(server).tulle("proxy", "config", "b").stdout)

    assert "shop/a:80" in found["Cluster"]
    assert "outbound:shop/a:80" in found["RouteConfiguration"]


def test_an_unknown_proxy_is_named_with_the_known_ones(server: Server) -> None:
    result = meshed(server).tulle("proxy", "config", "nobody")

    assert result.exit_code == 1
    assert "shop/a, shop/b" in result.stderr


def test_check_shows_the_machine_and_the_mesh(server: Server) -> None:
    meshed(server).connect("a")

    result = server.tulle("check", "-o", "json")
    checks = json.loads(result.stdout)["checks"]

    names = [check["name"] for check in checks]
    assert names[:4] == ["python", "envoy", "state", "server"]
    assert names.count("capture") == 1
    assert "shop/a" in next(c["message"] for c in checks if c["name"] == "capture")


def test_the_servers_version_can_be_asked_for(server: Server) -> None:
    result = server.tulle("version", "--server", str(server.api.path), "-o", "json")

    assert json.loads(result.stdout)["server"] == json.loads(result.stdout)["tulle"]


def test_a_proxy_gets_a_new_envoy_by_its_name(server: Server) -> None:
    meshed(server)
    replaced = server.tulle("proxy", "restart", "b", "shop/a")

    assert replaced.exit_code == 0
    assert replaced.stdout.splitlines() == [
        "shop/b is served by a new Envoy 1.40.0",
        "shop/a is served by a new Envoy 1.40.0",
    ]
    assert server.api.fleet.replaced == [WorkloadRef("shop", "b"), WorkloadRef("shop", "a")]


def test_a_proxy_that_could_not_be_replaced_says_why(server: Server) -> None:
    meshed(server).api.fleet.state = ProxyState(version="1.40.0", failure="it never was ready")
    failed = server.tulle("proxy", "restart", "b")

    assert failed.exit_code == 1
    assert "it never was ready" in failed.stderr
    assert "[proxy-not-replaced]" in failed.stderr
