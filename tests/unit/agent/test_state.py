import os
import stat

import pytest

from tulle.agent.errors import AgentError
from tulle.agent.state import StateDir


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_folder_and_files_are_for_their_owner_alone(tmp_path):
    umask = os.umask(0)
    try:
        with StateDir(tmp_path / "state") as state:
            state.write("key", b"secret")
    finally:
        os.umask(umask)

    assert mode(tmp_path / "state") == 0o700
    assert mode(tmp_path / "state" / "key") == 0o600
    assert mode(tmp_path / "state" / "lock") == 0o600


def test_a_folder_others_may_enter_is_closed_to_them(tmp_path):
    (tmp_path / "state").mkdir(mode=0o755)
    with StateDir(tmp_path / "state"):
        pass

    assert mode(tmp_path / "state") == 0o700


def test_a_file_is_replaced_whole(tmp_path):
    with StateDir(tmp_path) as state:
        state.write("file", b"a long first version")
        state.write("file", b"short")

        assert state.read("file") == b"short"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "lock"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    with StateDir(tmp_path) as state:
        state.write("file", b"old")
        (tmp_path / ".file.new").mkdir()

        with pytest.raises(AgentError) as caught:
            state.write("file", b"new")

        assert state.read("file") == b"old"
    assert caught.value.problem.code == "state-dir-unusable"


def test_what_was_never_written_reads_as_none(tmp_path):
    with StateDir(tmp_path) as state:
        assert state.read("nothing") is None


def test_a_second_agent_is_refused_until_the_first_is_done(tmp_path):
    with StateDir(tmp_path):
        with pytest.raises(AgentError) as caught:
            StateDir(tmp_path)
        assert caught.value.problem.code == "state-dir-in-use"
        assert str(tmp_path) in caught.value.problem.message
    with StateDir(tmp_path):
        pass


def test_a_place_that_is_no_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(AgentError) as caught:
        StateDir(tmp_path / "file" / "state")

    assert caught.value.problem.code == "state-dir-unusable"
    assert "--state-dir" in caught.value.problem.hint


def test_a_path_too_long_for_a_socket_is_refused_with_the_way_out(tmp_path):
    with StateDir(tmp_path / ("x" * 100)) as state, pytest.raises(AgentError) as caught:
        state.socket("agent.sock")

    assert caught.value.problem.code == "socket-path-too-long"
