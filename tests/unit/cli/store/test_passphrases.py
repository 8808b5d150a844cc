from pathlib import Path

import pytest

from tulle.cli.errors import CliError
from tulle.cli.store.passphrases import known_passphrase, new_passphrase

PHRASE = "correct horse battery staple"


def written(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_end_of_its_line_is_no_part_of_a_passphrase(tmp_path: Path, end: bytes) -> None:
    file = written(tmp_path / "p", PHRASE.encode() + end)

    assert new_passphrase(file) == known_passphrase(file) == PHRASE


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = written(tmp_path / "p", PHRASE.encode(), mode)

    with pytest.raises(CliError) as caught:
        known_passphrase(file)
    assert caught.value.code == "passphrase-exposed"
    assert PHRASE not in caught.value.message


def test_a_short_one_seals_nothing_but_may_open_an_old_backup(tmp_path: Path) -> None:
    file = written(tmp_path / "p", b"short")

    with pytest.raises(CliError) as caught:
        new_passphrase(file)
    assert caught.value.code == "passphrase-short"
    assert known_passphrase(file) == "short"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\xff"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "p"
    if content is not None:
        written(file, content)

    with pytest.raises(CliError, match=str(file)):
        known_passphrase(file)


def test_without_terminal_and_file_it_is_said_how_to_give_one() -> None:
    with pytest.raises(CliError) as caught:
        known_passphrase(None)
    assert "--passphrase-file" in caught.value.hint
