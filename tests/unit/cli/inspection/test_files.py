"""Manifests compiled into the mesh they describe."""

from pathlib import Path

import pytest

from tulle.cli.errors import ProblemsFound
from tulle.cli.inspection.files import read_mesh
from tulle.model.names import WorkloadRef


def test_every_process_runs_in_it(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(
        "apiVersion: tulle.dev/v1\nkind: Process\nmetadata: {name: web}\nspec: {command: [web]}\n"
    )

    graph = read_mesh((str(path),)).compiled.graph

    assert list(graph.workloads) == [WorkloadRef("default", "web")]
    assert graph.workloads[WorkloadRef("default", "web")].mtls_port is not None


def test_errors_end_the_command(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("kind: Nothing\n")

    with pytest.raises(ProblemsFound):
        read_mesh((str(path),))


def test_warnings_of_the_compiler_are_shown_with_their_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
        "spec:\n  selector: {app: web}\n  ports: [{port: 80}]\n"
    )

    read_mesh((str(path),))

    assert f"{path}:5: warning: Service default/web spec.selector" in capsys.readouterr().err
