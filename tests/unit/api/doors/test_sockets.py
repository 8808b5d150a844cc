"""The API's socket: private, taken over from the dead, never from the living."""

import os
import socket
import stat
from pathlib import Path

import pytest

from tulle.api.doors.sockets import listening
from tulle.api.errors import SocketError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "api.sock"


def test_it_is_private_whatever_the_umask_allows(path: Path) -> None:
    before = os.umask(0)
    try:
        with listening(path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    finally:
        assert os.umask(before) == 0


def test_it_is_gone_afterwards(path: Path) -> None:
    with listening(path):
        pass

    assert not path.exists()


def test_what_a_killed_server_left_is_replaced(path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    with listening(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_a_server_that_lives_keeps_its_socket(path: Path) -> None:
    with listening(path):
        with pytest.raises(SocketError, match="another server answers") as caught, listening(path):
            pass
        assert caught.value.problem.code == "socket-taken"
        assert path.exists()


def test_something_that_is_no_socket_is_never_taken_away(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("precious")

    with pytest.raises(SocketError, match="no socket"), listening(path):
        pass

    assert path.read_text() == "precious"


def test_a_successor_s_socket_is_left_alone(path: Path) -> None:
    with listening(path):
        path.unlink()
        with socket.socket(socket.AF_UNIX) as successor:
            successor.bind(str(path))

    assert path.exists()


def test_a_path_that_cannot_be_names_the_flag_and_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(SocketError) as caught, listening(tmp_path / ("x" * 120)):
        pass

    problem = caught.value.problem
    assert (problem.path, problem.code) == ("--api-socket", "socket-unusable")
    assert "short path" in problem.hint
