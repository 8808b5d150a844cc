"""The administrator's token: made once, private, compared whole."""

import stat
from pathlib import Path

import pytest

from tulle.api.doors.keys import FILE_NAME, PREFIX, AdminToken
from tulle.store.errors import StoreCorrupt, StoreExposed
from tulle.store.keys import KeyFiles


def test_it_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    files = KeyFiles(tmp_path / "pki")
    made, again = AdminToken.open(files), AdminToken.open(files)

    assert made.text == again.text
    assert made.text.startswith(PREFIX)
    assert stat.S_IMODE(files.path(FILE_NAME).stat().st_mode) == 0o600


def test_without_its_file_there_is_a_new_one(tmp_path: Path) -> None:
    files = KeyFiles(tmp_path)
    old = AdminToken.open(files)
    files.path(FILE_NAME).unlink()

    assert not AdminToken.open(files).matches(old.text)


def test_only_the_whole_token_matches(tmp_path: Path) -> None:
    token = AdminToken.open(KeyFiles(tmp_path))

    assert token.matches(token.text)
    for other in ("", token.text[:-1], f"{token.text}x", token.text.upper(), "é", "\udcff"):
        assert not token.matches(other)


def test_it_is_not_shown(tmp_path: Path) -> None:
    token = AdminToken.open(KeyFiles(tmp_path))

    assert token.text not in repr(token)


def test_a_file_that_holds_none_or_that_others_may_read_is_refused(tmp_path: Path) -> None:
    files = KeyFiles(tmp_path)
    files.write(FILE_NAME, b"short\n")
    with pytest.raises(StoreCorrupt, match="take it away"):
        AdminToken.open(files)

    files.path(FILE_NAME).chmod(0o644)
    with pytest.raises(StoreExposed):
        AdminToken.open(files)
