"""`tulle get` against a real API."""

import json

import yaml
from tests.unit.cli.servers import Server
from tests.unit.reconcile.meshes import service, workload

from tulle.codec import decode
from tulle.model.kinds.core import Secret
from tulle.model.resources import Metadata


def test_a_list_has_columns_for_its_kind(server: Server) -> None:
    server.apply(service("a"))
    server.store(workload("a"))

    lines = server.tulle("get", "workloads", "-n", "shop").stdout.splitlines()

    assert lines[0].split() == ["NAME", "READY", "ACCOUNT", "ADDRESS", "PORTS", "AGE"]
    assert lines[1].split() == ["a", "True", "default", "10.0.0.1", "http=9080", "0s"]


def test_all_namespaces_are_told_apart(server: Server) -> None:
    server.apply(service("a"))

    lines = server.tulle("get", "svc", "-A").stdout.splitlines()

    assert lines[0].startswith("NAMESPACE")
    assert lines[1].startswith("shop")


def test_wide_says_more(server: Server) -> None:
    server.store(workload("a"))

    assert "app=a" in server.tulle("get", "wl", "-A", "-o", "wide").stdout
    assert "app=a" not in server.tulle("get", "wl", "-A").stdout


def test_an_empty_list_says_where_it_looked(server: Server) -> None:
    result = server.tulle("get", "services")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "no services in namespace default" in result.stderr


def test_who_manages_which_fields_is_not_for_people(server: Server) -> None:
    server.apply(service("a"))

    assert "managedFields" not in server.tulle("get", "svc", "a", "-n", "shop", "-o", "yaml").stdout


def test_what_get_writes_apply_reads(server: Server) -> None:
    server.apply(service("a"))
    text = server.tulle("get", "service", "a", "-n", "shop", "-o", "yaml").stdout

    assert decode.read(text, "a.yaml").problems == ()
    assert "unchanged" in server.tulle("apply", "-f", "-", stdin=text).stdout


def test_json_is_one_object_or_a_list(server: Server) -> None:
    server.apply(service("a"), service("b"))

    one = json.loads(server.tulle("get", "service", "a", "-n", "shop", "-o", "json").stdout)
    several = yaml.safe_load(server.tulle("get", "service", "-n", "shop", "-o", "yaml").stdout)

    assert one["kind"] == "Service"
    assert several["kind"] == "List"
    assert [item["metadata"]["name"] for item in several["items"]] == ["a", "b"]


def test_names_can_be_piped(server: Server) -> None:
    server.apply(service("a"), service("b"))

    result = server.tulle("get", "services", "-n", "shop", "-o", "name")

    assert result.stdout.split() == ["service/a", "service/b"]


def test_mesh_wide_kinds_need_no_namespace(server: Server) -> None:
    lines = server.tulle("get", "meshes").stdout.splitlines()

    assert lines[1].split()[:2] == ["default", "mesh.local"]


def test_secrets_of_a_list_are_hidden(server: Server) -> None:
    server.apply(Secret(metadata=Metadata(name="s", namespace="shop"), data={"key": "c2VjcmV0"}))

    assert "c2VjcmV0" not in server.tulle("get", "secrets", "-A", "-o", "json").stdout


def test_what_is_not_there_is_an_error(server: Server) -> None:
    result = server.tulle("get", "service", "nobody")

    assert result.exit_code == 1
    assert "nobody" in result.stderr
    assert "[not-found]" in result.stderr


def test_a_name_in_all_namespaces_is_a_usage_error(server: Server) -> None:
    assert server.tulle("get", "service", "a", "-A").exit_code == 2


def test_labels_choose(server: Server) -> None:
    server.store(workload("a"), workload("b"))

    assert (
        server.tulle("get", "wl", "-A", "-l", "app in (b)", "-o", "name").stdout == "workload/b\n"
    )
    assert server.tulle("get", "wl", "a", "-l", "app=b").exit_code == 2
    refused = server.tulle("get", "wl", "-A", "-l", "a b")
    assert "selector-malformed" in refused.output


def test_lists_of_secrets_hide_what_they_hold(server: Server) -> None:
    server.apply(Secret(metadata=Metadata(name="s", namespace="shop"), data={"key": "c2VjcmV0"}))

    assert "c2VjcmV0" not in server.tulle("get", "secrets", "-A", "-o", "yaml").stdout
    assert "c2VjcmV0" in server.tulle("get", "secret", "s", "-n", "shop", "-o", "yaml").stdout
