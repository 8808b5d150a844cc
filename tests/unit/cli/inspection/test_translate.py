"""Manifests to what Envoys get."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from tulle.cli.inspection.translate import command

MESH = """
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 9000}]}
---
apiVersion: tulle.dev/v1
kind: Process
metadata: {name: cart, namespace: shop}
spec: {command: [cart], labels: {app: cart}, ports: [{port: 9000}]}
---
apiVersion: tulle.dev/v1
kind: Process
metadata: {name: web, namespace: shop}
spec: {command: [web], upstreams: [{service: cart, port: 80}]}
"""


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    path = tmp_path / "mesh.yaml"
    path.write_text(MESH)
    return str(path)


def translate(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_a_proxy_gets_what_it_calls_and_nothing_else(manifest: str) -> None:
    resources = yaml.safe_load(translate("-f", manifest, "--proxy", "web").stdout)

    assert list(resources["Cluster"]) == ["shop/cart:80"]
    assert list(resources["Listener"]) == ["outbound:shop/cart:80"]
    assert resources["ClusterLoadAssignment"]["shop/cart:80"]


def test_json_holds_the_same_as_yaml(manifest: str) -> None:
    as_yaml = yaml.safe_load(translate("-f", manifest, "--proxy", "shop/cart").stdout)
    as_json = json.loads(translate("-f", manifest, "--proxy", "shop/cart", "-o", "json").stdout)

    assert as_json == as_yaml


def test_equal_manifests_give_equal_bytes(manifest: str) -> None:
    first, second = (translate("-f", manifest, "--proxy", "web").stdout for _ in range(2))

    assert first == second


def test_the_graph_stands_between_both(manifest: str) -> None:
    whole = yaml.safe_load(translate("-f", manifest, "--graph").stdout)
    view = yaml.safe_load(translate("-f", manifest, "--graph", "--proxy", "web").stdout)

    # A door is added, as `up` would: here to the first HTTP service.
    assert list(whole["workloads"]) == ["shop/cart", "shop/entry", "shop/web"]
    assert view["workload"]["ref"] == "shop/web"
    assert [d["service"] for d in view["destinations"]] == ["shop/cart"]


def test_without_a_proxy_it_is_a_usage_error(manifest: str) -> None:
    assert translate("-f", manifest).exit_code == 2


def test_an_unknown_proxy_is_refused_and_the_known_are_named(manifest: str) -> None:
    result = translate("-f", manifest, "--proxy", "nobody")

    assert result.exit_code == 1
    assert "shop/cart, shop/entry, shop/web" in result.stderr


def test_problems_end_it_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(MESH.replace("command: [web]", "comand: [web]"))

    result = translate("-f", str(path), "--proxy", "web")

    assert result.exit_code == 1
    assert f"{path}:15: error: Process shop/web" in result.stderr
    assert result.stdout == ""
