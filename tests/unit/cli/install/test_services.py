import subprocess
import sys

import pytest

from tulle.cli.install import services


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What was run, in place of running it: systemd is somebody else's."""
    commands: list[tuple[str, ...]] = []

    def run(command: tuple[str, ...], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1, "", "no bus\n")

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_services_are_started_with_the_units_there_are_now(
    asked: list[tuple[str, ...]],
) -> None:
    told = list(services.start(["a.service", "b.service"]))

    assert [command[2:] for command in asked] == [
        ("daemon-reload",),
        ("restart", "a.service"),
        ("restart", "b.service"),
    ]
    assert told[1] == "systemctl --no-pager restart a.service: failed (no bus)"


def test_where_systemd_does_not_run_it_is_said_what_to_do() -> None:
    told = "\n".join(services.by_hand(["a.service"]))

    assert "systemctl daemon-reload && systemctl restart a.service" in told


def test_nothing_is_left_in_the_kernel(
    asked: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(sys, "platform", "linux")

    list(services.stop(["a.service"]))

    assert asked[-1][3:] == ("capture", "clean", "--all")
