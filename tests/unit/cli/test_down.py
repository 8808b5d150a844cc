"""`tulle down`. (With a real run: tests/mesh/test_up.py.)"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tulle.cli.down import command
from tulle.cli.up import place

LIVE = """
import os, signal, sys
from pathlib import Path
from tulle.cli.up import place
place.MOST_CHARACTERS = 500
signals = []
signal.signal(signal.SIGTERM, lambda *_: signals.append(1))
with place.placed(Path(sys.argv[1]) / "tulle"):
    print("up", flush=True)
    while len(signals) < int(sys.argv[2]):
        signal.pause()
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(place, "MOST_CHARACTERS", 500)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def run(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A run that ends at its first signal."""
    with living(home, signals=1) as process:
        yield process


def living(home: Path, signals: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", LIVE, str(home), str(signals)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def down(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, arguments)
    return result.exit_code, result.output


def test_a_run_is_asked_to_end_and_waited_for(run: subprocess.Popen[str], home: Path) -> None:
    assert down() == (0, "ended 1 run\n")
    assert run.wait(10) == 0
    assert not (home / "tulle").exists()


def test_without_a_run_there_is_nothing_to_do(home: Path) -> None:
    assert down() == (0, "nothing runs\n")


def test_a_run_that_takes_its_time_is_named_and_can_be_hurried(home: Path) -> None:
    with living(home, signals=3) as process:
        code, output = down("--timeout", "200ms")
        assert code == 1
        assert f"process {process.pid}" in output
        assert "--force" in output

        assert down("--force") == (0, "ended 1 run\n")


def test_what_killed_runs_left_is_taken_away(run: subprocess.Popen[str], home: Path) -> None:
    os.kill(run.pid, signal.SIGKILL)
    run.wait(10)

    code, output = down()

    assert (code, output.splitlines()) == (
        0,
        ["took away what 1 killed run had left", "nothing runs"],
    )
    assert list((home / "tulle").iterdir()) == []
