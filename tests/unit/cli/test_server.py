"""`tulle server`: what it says when it cannot start. That it runs is told by tests/unit/test_main.py."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tulle.cli.server import command


def started(folder: Path, *arguments: str) -> Result:
    defaults = ("--data-dir", str(folder / "data"), "--api-socket", str(folder / "api.sock"))
    anywhere = ("--join-address", "127.0.0.1:0", "--xds-address", "127.0.0.1:0")
    return CliRunner().invoke(command, [*defaults, *anywhere, *arguments], prog_name="tulle server")


def test_all_that_is_wrong_with_its_flags_is_told_at_once(tmp_path: Path) -> None:
    result = started(tmp_path, "--join-address", "a:b:c", "--log-level", "loud")

    assert result.exit_code == 1
    assert "--join-address" in result.output
    assert "--log-level" in result.output
    assert "nothing was started" in result.output
    assert not (tmp_path / "data").exists()


def test_a_taken_port_is_told_with_its_flag_and_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = started(tmp_path, "--join-address", f"127.0.0.1:{port}")

    assert result.exit_code == 1
    for word in (str(port), "--join-address", "[port-taken]", "choose another"):
        assert word in result.output


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_store_that_cannot_be_read_is_told_with_its_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    store = tmp_path / "data" / "store.db"
    store.write_bytes(content)
    store.chmod(0o600)
    result = started(tmp_path)

    assert result.exit_code == 1
    assert str(store) in result.output
    assert "restore a backup" in result.output
    assert store.read_bytes() == content


def test_keys_others_may_read_are_told_with_their_file(tmp_path: Path) -> None:
    (tmp_path / "data" / "pki").mkdir(parents=True, mode=0o700)
    (tmp_path / "data" / "pki" / "root.pem").write_text("key")
    (tmp_path / "data" / "pki" / "root.pem").chmod(0o644)
    result = started(tmp_path)

    assert result.exit_code == 1
    assert "[store-exposed]" in result.output
    assert "chmod 600" in result.output


def test_no_message_is_longer_than_a_screen(tmp_path: Path) -> None:
    result = started(tmp_path, "--api-socket", str(tmp_path / ("x" * 150)))

    assert result.exit_code == 1
    assert len(result.output.splitlines()) <= 20
    assert "Traceback" not in result.output
