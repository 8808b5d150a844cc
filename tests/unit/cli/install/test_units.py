"""What systemd itself makes of our units, where it is installed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tulle.cli.install.units import AGENT, SERVER, agent_unit, server_unit

UNITS = {AGENT: agent_unit, SERVER: server_unit}

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def written(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text(UNITS[name](sys.executable))
    return path


@needs_systemd
@pytest.mark.parametrize("name", UNITS)
def test_systemd_has_nothing_against_a_unit(tmp_path: Path, name: str) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", written(tmp_path, name)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    # What it says of units that are not ours is not about ours.
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "tulle" in line]
    assert ours == []


@needs_systemd
@pytest.mark.parametrize(("name", "most"), [(SERVER, 15), (AGENT, 60)])
def test_a_unit_is_as_closed_as_its_work_allows(tmp_path: Path, name: str, most: int) -> None:
    """Exposure in tenths, as `systemd-analyze security` counts it: 0 is closed, 100 is open."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={most}", "--no-pager",
         written(tmp_path, name)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr


def test_proxies_outlive_their_agent_and_the_server_is_told_to_be_ready() -> None:
    assert "KillMode=process" in agent_unit("/x/python")
    assert "RuntimeDirectoryPreserve=yes" in agent_unit("/x/python")
    # Else systemd would bring back what `tulle agent end` ended, in the middle of an uninstall.
    assert "Restart=on-failure" in agent_unit("/x/python")
    for unit in UNITS.values():
        assert "Type=notify" in unit("/x/python")
        assert "ExecStart=/x/python -m tulle " in unit("/x/python")
        assert "NoNewPrivileges=yes" in unit("/x/python")


def test_the_server_has_no_right_at_all() -> None:
    assert "\nCapabilityBoundingSet=\n" in server_unit("/x/python")
    assert "DynamicUser=yes" in server_unit("/x/python")
