"""The user's file is never lost."""

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tulle.agent.errors import AgentError
from tulle.agent.resolver.takeover import Restored, restore, saved, taken
from tulle.dns.resolv_conf import ResolvConf, render

THEIRS = "nameserver 192.0.2.1\n"
OURS = render("127.53.0.1", "shop", ResolvConf())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "resolv.conf"
    path.write_text(THEIRS)
    path.chmod(0o640)
    return path


def left_by_a_kill(file: Path) -> None:
    """What an agent that was killed leaves."""
    code = (
        "import sys, time; from pathlib import Path; from tulle.agent.resolver.takeover import taken\n"
        "with taken(Path(sys.argv[1]), sys.argv[2]):\n"
        "    print('taken', flush=True)\n"
        "    time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(file), OURS], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    with child:
        assert child.stdout.readline() == "taken\n"
        child.send_signal(signal.SIGKILL)


def leftovers(file: Path) -> list[str]:
    return sorted(one.name for one in file.parent.iterdir() if one != file)


def test_it_says_ours_meanwhile_and_is_the_very_same_file_afterwards(file: Path) -> None:
    before = file.stat()
    with taken(file, OURS):
        assert file.read_text() == OURS
        assert stat.S_IMODE(file.stat().st_mode) == 0o644
        assert saved(file).read_text() == THEIRS
    after = file.stat()
    assert file.read_text() == THEIRS
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert leftovers(file) == []


def test_a_symbolic_link_is_one_again(tmp_path: Path) -> None:
    target, file = tmp_path / "stub", tmp_path / "resolv.conf"
    target.write_text(THEIRS)
    file.symlink_to("stub")
    with taken(file, OURS):
        assert not file.is_symlink()
        assert target.read_text() == THEIRS
    assert file.is_symlink()
    assert file.read_text() == THEIRS


def test_where_there_was_none_there_is_none_again(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    with taken(file, OURS):
        assert file.read_text() == OURS
    assert list(tmp_path.iterdir()) == []


def test_after_a_kill_it_is_put_back_by_hand(file: Path) -> None:
    left_by_a_kill(file)
    assert file.read_text() == OURS
    assert restore(file) is Restored.RESTORED
    assert file.read_text() == THEIRS
    assert leftovers(file) == []
    assert restore(file) is Restored.NOT_OURS


def test_after_a_kill_the_next_one_starts_from_the_users_file(file: Path) -> None:
    left_by_a_kill(file)
    with taken(file, OURS):
        assert saved(file).read_text() == THEIRS
    assert file.read_text() == THEIRS


def test_what_others_wrote_meanwhile_stays(file: Path) -> None:
    with taken(file, OURS):
        file.write_text("nameserver 192.0.2.99\n")
    assert file.read_text() == "nameserver 192.0.2.99\n"
    assert leftovers(file) == []


def test_two_agents_cannot_have_it_and_neither_can_it_be_put_back_meanwhile(file: Path) -> None:
    with taken(file, OURS):
        with pytest.raises(AgentError) as raised, taken(file, OURS):
            pass
        assert raised.value.problem.code == "resolv-conf-in-use"
        assert restore(file) is Restored.IN_USE
        assert file.read_text() == OURS
    assert file.read_text() == THEIRS


def test_a_folder_nobody_may_write_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(AgentError) as raised, taken(tmp_path / "none" / "resolv.conf", OURS):
        pass
    assert raised.value.problem.code == "resolv-conf-unusable"


def test_a_failure_meanwhile_puts_it_back_too(file: Path) -> None:
    with pytest.raises(RuntimeError), taken(file, OURS):
        raise RuntimeError
    assert file.read_text() == THEIRS
