"""The command; tests/mesh has it with a real mesh and secrets planted everywhere."""

import tarfile
from pathlib import Path

from click.testing import CliRunner
from tests.unit.cli.servers import Server

from tulle.cli.main import cli


def names(path: Path) -> set[str]:
    with tarfile.open(path) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def test_a_report_has_everything_and_says_what_it_takes(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "report.tar.gz"

    result = server.tulle("bug-report", "-o", str(path))

    assert result.exit_code == 0, result.output
    assert {"versions.json", "check.txt", "resources/meshes.json", "omitted.txt"} <= names(path)
    assert "resources …" in result.stderr
    assert "look through it" in result.stdout


def test_without_a_server_there_is_a_report_of_the_machine(tmp_path: Path) -> None:
    path, state = tmp_path / "report.tar.gz", tmp_path / "state"
    state.mkdir()
    (state / "envoy.log").write_text("password=hunter2\n")
    environment = {
        "TULLE_SERVER": str(tmp_path / "none.sock"),
        "XDG_STATE_HOME": str(tmp_path / "x"),
    }

    words = ["bug-report", "-o", str(path), "--state-dir", str(state)]
    result = CliRunner().invoke(cli, words, env=environment)

    assert result.exit_code == 0, result.output
    with tarfile.open(path) as archive:
        omitted = archive.extractfile("report/omitted.txt")
        assert omitted is not None
        assert b"no server" in omitted.read()
    assert any(name.endswith("envoy.log") for name in names(path))
