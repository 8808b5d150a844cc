"""Files with keys: private from their first moment, replaced whole."""

import errno
import os
import stat
from pathlib import Path

import pytest

from tulle.store.errors import StoreExposed, StoreFull, StoreReadOnly, StoreUnusable
from tulle.store.keys import KeyFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "pki"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_was_written_is_read_back(folder: Path) -> None:
    KeyFiles(folder).write("root.pem", b"one")
    KeyFiles(folder).write("root.pem", b"two")

    assert KeyFiles(folder).read("root.pem") == b"two"
    assert [path.name for path in folder.iterdir()] == ["root.pem"]


def test_what_is_not_there_is_none(folder: Path) -> None:
    assert KeyFiles(folder).read("root.pem") is None


def test_nobody_else_may_read_whatever_the_umask_allows(folder: Path) -> None:
    before = os.umask(0)
    try:
        KeyFiles(folder).write("root.pem", b"key")
    finally:
        os.umask(before)

    assert mode(folder / "root.pem") == 0o600
    assert mode(folder) == 0o700


def test_a_file_others_may_read_is_refused_with_the_way_out(folder: Path) -> None:
    KeyFiles(folder).write("root.pem", b"key")
    (folder / "root.pem").chmod(0o640)

    with pytest.raises(StoreExposed, match="chmod 600"):
        KeyFiles(folder).read("root.pem")


def test_a_half_written_file_of_a_killed_server_is_in_nobodys_way(folder: Path) -> None:
    KeyFiles(folder).write("root.pem", b"old")
    (folder / ".root.pem.new").write_bytes(b"hal")

    KeyFiles(folder).write("root.pem", b"new")

    assert KeyFiles(folder).read("root.pem") == b"new"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")

    with pytest.raises(StoreUnusable, match="data/pki: lies below a file") as caught:
        KeyFiles(tmp_path / "data" / "pki").write("root.pem", b"key")
    assert "--data-dir" in caught.value.hint


def test_a_folder_in_place_of_a_key_is_named(tmp_path: Path) -> None:
    files = KeyFiles(tmp_path)
    files.path("root.pem").mkdir()

    with pytest.raises(StoreUnusable, match=f"{tmp_path}/root.pem: is a folder"):
        files.read("root.pem")


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.EROFS, StoreReadOnly), (errno.EACCES, StoreReadOnly), (errno.ENOSPC, StoreFull)],
)
def test_who_is_to_mend_what_is_told_by_the_reason(
    tmp_path: Path, number: int, kind: type[StoreUnusable], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(kind) as caught:
        KeyFiles(tmp_path).write("root.pem", b"key")
    assert caught.value.hint


def test_all_files_are_read_but_those_half_written(tmp_path: Path) -> None:
    files = KeyFiles(tmp_path / "pki")
    assert files.read_all() == {}
    files.write("root.pem", b"key")
    files.write("api-token", b"token")
    files.path(".root.pem.new").write_bytes(b"half")

    assert files.read_all() == {"api-token": b"token", "root.pem": b"key"}
