"""`tulle delete` against a real API."""

import pytest
from tests.unit.cli.servers import Server
from tests.unit.reconcile.meshes import service

MANIFEST = "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: shop}\nspec: {ports: [{port: 80}]}\n"


def names(server: Server) -> list[str]:
    return server.tulle("get", "services", "-A", "-o", "name").stdout.split()


def test_by_kind_and_names(server: Server) -> None:
    server.apply(service("a"), service("b"), service("c"))

    result = server.tulle("delete", "service", "a", "b", "-n", "shop")

    assert result.stdout.splitlines() == ["Service shop/a deleted", "Service shop/b deleted"]
    assert names(server) == ["service/c"]


def test_by_manifest(server: Server) -> None:
    server.apply(service("a"), service("b"))

    assert server.tulle("delete", "-f", "-", stdin=MANIFEST).exit_code == 0
    assert names(server) == ["service/b"]


def test_what_finalizers_hold_is_only_marked_and_that_is_said(server: Server) -> None:
    held = MANIFEST.replace("namespace: shop", "namespace: shop, finalizers: [tulle.dev/test]")
    assert server.tulle("apply", "-f", "-", stdin=held).exit_code == 0

    result = server.tulle("delete", "service", "a", "-n", "shop")
    assert result.stdout == "Service shop/a deleting\n"
    assert "finalizers" in result.stderr
    assert names(server) == ["service/a"]


def test_nothing_goes_if_one_is_not_there(server: Server) -> None:
    server.apply(service("a"))

    result = server.tulle("delete", "service", "a", "nobody", "-n", "shop")

    assert result.exit_code == 1
    assert "nobody" in result.stderr
    assert names(server) == ["service/a"]


@pytest.mark.parametrize("arguments", [[], ["service"], ["service", "a", "-f", "-"]])
def test_it_has_to_be_clear_what_goes(server: Server, arguments: list[str]) -> None:
    assert server.tulle("delete", *arguments).exit_code == 2
