"""`tulle apply` against a real API."""

from pathlib import Path

import pytest
from tests.unit.cli.servers import Server
from tests.unit.reconcile.meshes import route, service, workload

MANIFEST = """apiVersion: v1
kind: Service
metadata: {name: a, namespace: shop}
spec: {selector: {app: a}, ports: [{port: 80, targetPort: 9080, appProtocol: http}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: shop}
data: {key: value}
"""


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    path = tmp_path / "m.yaml"
    path.write_text(MANIFEST)
    return str(path)


def test_it_says_what_happened_to_each_resource(server: Server, manifest: str) -> None:
    first = server.tulle("apply", "-f", manifest)
    Path(manifest).write_text(MANIFEST.replace("value", "other"))
    second = server.tulle("apply", "-f", manifest)

    assert first.stdout.splitlines() == ["Service shop/a created", "ConfigMap shop/a created"]
    assert second.stdout.splitlines() == ["Service shop/a unchanged", "ConfigMap shop/a configured"]
    assert (first.exit_code, second.exit_code) == (0, 0)


def test_standard_input_will_do(server: Server) -> None:
    assert "Service shop/a created" in server.tulle("apply", "-f", "-", stdin=MANIFEST).stdout


def test_a_dry_run_changes_nothing(server: Server, manifest: str) -> None:
    result = server.tulle("apply", "--dry-run", "-f", manifest)

    assert result.stdout.splitlines()[0] == "Service shop/a created (dry run)"
    assert server.tulle("get", "service", "a", "-n", "shop").exit_code == 1


def test_nothing_is_applied_if_anything_is_wrong(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(
        MANIFEST + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndta: {}\n"
    )

    result = server.tulle("apply", "-f", str(path))

    assert result.exit_code == 1
    assert f"{path}:14: error: ConfigMap default/b dta" in result.stderr
    assert server.tulle("get", "service", "a", "-n", "shop").exit_code == 1


def test_what_only_the_server_can_know_comes_back_with_file_and_line(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "mesh.yaml"
    path.write_text(
        "apiVersion: tulle.dev/v1\nkind: Mesh\nmetadata: {name: default}\n"
        "spec:\n  trustDomain: other.example\n"
    )

    result = server.tulle("apply", "-f", str(path))

    assert result.exit_code == 1
    assert f"{path}:5: error: Mesh default spec.trustDomain" in result.stderr
    assert "[trust-domain-fixed]" in result.stderr


def test_waiting_ends_when_every_affected_proxy_has_it(server: Server, manifest: str) -> None:
    server.store(workload("a"), workload("b", ["a"]))
    server.connect("a")
    server.connect("b")

    result = server.tulle("apply", "--wait", "-f", manifest)

    assert result.exit_code == 0
    assert "every affected proxy has it" in result.stderr


def test_waiting_in_vain_names_who_has_not_confirmed(server: Server, manifest: str) -> None:
    server.store(workload("a"), workload("b", ["a"]))
    server.connect("a")
    server.connect("b", confirms=False)

    result = server.tulle("apply", "--wait", "--timeout", "200ms", "-f", manifest)

    assert result.exit_code == 1
    assert "not every proxy has the change after 0.2 s: shop/b [not-settled]" in result.stderr


def test_a_refusal_is_told_with_its_resource_and_reason(server: Server, manifest: str) -> None:
    server.apply(service("a"))
    server.store(workload("a"), workload("b", ["a"]))
    server.apply(route("a", "a"))
    server.connect("a")
    server.connect("b", confirms=False)("no such regex")

    result = server.tulle("apply", "--wait", "-f", manifest)

    assert result.exit_code == 1
    assert "shop/b refused HTTPRoute shop/to-a spec.rules[0]: no such regex" in result.stderr
    assert "[refused-by-proxy]" in result.stderr
