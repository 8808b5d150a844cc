"""`tulle describe` against a real API."""

from tests.unit.cli.servers import Server
from tests.unit.reconcile.meshes import route, service, workload

from tulle.cli.answers import Refusal
from tulle.cli.resources.describe import is_about
from tulle.model.kinds.core import Secret
from tulle.model.resources import Metadata


def test_it_says_what_a_resource_says_and_how_the_mesh_took_it(server: Server) -> None:
    server.store(workload("a", ["b"]))

    shown = server.tulle("describe", "workload", "a", "-n", "shop").stdout

    assert "Name:         a\n" in shown
    assert "Kind:         Workload (tulle.dev/v1)\n" in shown
    assert "Spec:\n  address: 10.0.0.1\n" in shown
    assert "mtlsPort: 15009" in shown
    assert "Conditions:\n  Ready   True   Healthy\n" in shown


def test_a_refusal_stands_on_the_resource_that_caused_it(server: Server) -> None:
    server.apply(service("a"))
    server.store(workload("a"), workload("b", ["a"]))
    server.apply(route("a", "a"))
    server.connect("b", confirms=False)("no such regex")

    shown = server.tulle("describe", "httproute", "to-a", "-n", "shop").stdout
    other = server.tulle("describe", "service", "a", "-n", "shop").stdout

    assert "Refused by proxies:\n  shop/b: no such regex\n" in shown
    assert "Refused" not in other


def test_without_a_name_all_of_a_kind_are_described(server: Server) -> None:
    server.apply(service("a"), service("b"))

    shown = server.tulle("describe", "services", "-n", "shop").stdout

    assert shown.count("Name:") == 2
    assert "\n\nName:         b\n" in shown


def test_secrets_stay_hidden(server: Server) -> None:
    server.apply(Secret(metadata=Metadata(name="s", namespace="shop"), data={"key": "c2VjcmV0"}))

    shown = server.tulle("describe", "secret", "s", "-n", "shop").stdout

    assert "key: (redacted)" in shown
    assert "c2VjcmV0" not in shown


def test_what_is_not_there_is_an_error(server: Server) -> None:
    result = server.tulle("describe", "service", "nobody", "-n", "shop")

    assert result.exit_code == 1
    assert "there is no Service shop/nobody [not-found]" in result.stderr
    assert "`tulle get services -A`" in result.stderr


def test_a_resource_is_not_taken_for_another_whose_name_begins_like_it() -> None:
    refusal = Refusal(resource="HTTPRoute shop/web spec.rules[0], Service shop/cart")

    assert is_about(refusal, "HTTPRoute shop/web")
    assert is_about(refusal, "Service shop/cart")
    assert not is_about(refusal, "HTTPRoute shop/we")
