"""The folder of a run: locked while it lives, gone afterwards, swept up if the run was killed."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tulle.cli.errors import CliError
from tulle.cli.up import place


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    monkeypatch.delenv("TULLE_SERVER", raising=False)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Path:
    # Short, as a home has to be: sockets lie in it.
    monkeypatch.setattr(place, "MOST_CHARACTERS", 500)
    return Path(os.environ["XDG_RUNTIME_DIR"]) / "tulle"


def test_a_place_is_private_and_gone_afterwards(home: Path) -> None:
    with place.placed(home) as here:
        assert here.folder.stat().st_mode & 0o777 == 0o700
        assert here.folder.parent == home
        assert [pid for pid, _ in place.running(home)] == [os.getpid()]

    assert not home.exists()


def test_a_home_that_cannot_be_made_is_named_with_the_way_out(home: Path) -> None:
    home.parent.mkdir(exist_ok=True)
    home.touch()

    with pytest.raises(CliError, match=r"tulle: File exists") as caught, place.placed(home):
        pass

    assert "$XDG_STATE_HOME" in caught.value.hint


def test_a_home_others_use_stays(home: Path) -> None:
    home.mkdir()
    (home / "store.db").touch()

    with place.placed(home):
        pass

    assert [path.name for path in home.iterdir()] == ["store.db"]


def test_a_run_that_lives_is_never_swept(home: Path) -> None:
    with place.placed(home) as first, place.placed(home) as second:
        assert first.folder.exists()
        assert second.folder.exists()
        assert len(list(place.running(home))) == 2


def test_what_a_killed_run_left_is_swept_by_the_next(home: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from tulle.cli.up import place\n"
        "place.MOST_CHARACTERS = 500\n"
        "with place.placed(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(home)], check=False, timeout=30)
    (left,) = home.iterdir()

    with place.placed(home) as here:
        assert not left.exists()
        assert list(home.iterdir()) == [here.folder]


def test_a_folder_that_was_never_locked_is_left_alone(home: Path) -> None:
    (home / f"{place.prefix_of(home)}new").mkdir(parents=True)

    assert place.sweep(home) == 0


def test_a_home_with_a_long_path_is_not_used_for_sockets(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 20)

    with place.placed(home) as here:
        assert len(str(here.of_workload(100) / "agent.sock")) < 104
        assert not home.exists()


def test_commands_in_other_terminals_find_the_first_run_only(home: Path) -> None:
    with place.placed(home) as first:
        assert first.is_default
        first.api_socket.parent.mkdir(exist_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(first.api_socket))
            listener.listen()
            with place.placed(home) as second:
                assert not second.is_default
                assert second.api_socket.parent == second.folder


def test_a_terminal_that_looks_elsewhere_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TULLE_SERVER", "/somewhere/else.sock")

    with place.placed(home) as here:
        assert not here.is_default
