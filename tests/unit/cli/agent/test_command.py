"""`tulle agent`: what it says before there is one. (The rest: tests/unit/agent/host, tests/mesh/test_host.py.)"""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tulle.cli.agent.command import command


def test_elsewhere_than_on_linux_it_says_what_to_do_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    result = CliRunner().invoke(command, [])

    assert result.exit_code == 1
    assert "[needs-linux]" in result.stderr
    assert "tulle run" in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="it needs Linux")
def test_what_is_wrong_with_its_flags_is_told_and_nothing_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TULLE_ENVOY", str(tmp_path / "none"))
    result = CliRunner().invoke(command, ["--state-dir", str(tmp_path / "state")])

    assert result.exit_code == 1
    assert "[envoy-missing]" in result.stderr
    assert "nothing was started" in result.stderr
    assert not (tmp_path / "state").exists()


def test_its_commands_are_listed() -> None:
    result = CliRunner().invoke(command, ["--help"])

    assert "status" in result.stdout
    assert "end" in result.stdout
