"""Which versions are at work."""

import json
import platform
from pathlib import Path

from click.testing import CliRunner

from tulle import __version__
from tulle.cli.version import command


def test_it_says_its_own_version_without_asking_anybody() -> None:
    result = CliRunner().invoke(command, ["-o", "json"])

    assert json.loads(result.stdout) == {"tulle": __version__, "python": platform.python_version()}


def test_asked_for_a_servers_it_fails_where_there_is_none(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["--server", str(tmp_path / "api.sock")])

    assert result.exit_code == 1
    assert "[no-server]" in result.stderr
