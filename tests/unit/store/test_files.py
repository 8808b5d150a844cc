"""The store's file is made private, held by one, and refused with a reason."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tulle.store import files
from tulle.store.errors import (
    ConflictError,
    StoreCorrupt,
    StoreError,
    StoreExposed,
    StoreFull,
    StoreInUse,
    StoreReadOnly,
    StoreUnusable,
)

NOBODY = 65534


@contextmanager
def as_an_ordinary_user(*owned: Path) -> Iterator[None]:
    """Root may write everything, so as root the test borrows the rights of nobody."""
    if os.geteuid() != 0:
        yield
        return
    for path in owned:
        os.chown(path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder every user can reach, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="tulle-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_folder_and_file_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        lock = files.prepare(tmp_path / "state" / "x.db")
    finally:
        os.umask(before)

    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state" / "x.db").stat().st_mode & 0o777 == 0o600
    os.close(lock)


def test_one_holds_the_file_until_it_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    lock = files.prepare(path)
    with pytest.raises(StoreInUse, match=str(os.getpid())):
        files.prepare(path)
    os.close(lock)

    os.close(files.prepare(path))


def test_a_server_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    code = (
        "import os, signal, sys; from pathlib import Path; from tulle.store import files;"
        "files.prepare(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    )
    source = str(Path(files.__file__).parents[2])
    subprocess.run([sys.executable, "-c", code, path], env={"PYTHONPATH": source}, check=False)

    os.close(files.prepare(path))


@pytest.mark.parametrize("side", ["", "-wal"])
def test_a_file_others_may_read_is_refused(tmp_path: Path, side: str) -> None:
    path = tmp_path / "x.db"
    os.close(files.prepare(path))
    exposed = tmp_path / f"x.db{side}"
    exposed.touch()
    exposed.chmod(0o640)

    with pytest.raises(StoreExposed, match="640") as caught:
        files.prepare(path)
    assert caught.value.hint == f"chmod 600 {exposed}"
    exposed.chmod(0o600)
    os.close(files.prepare(path))


@pytest.mark.parametrize(("mode", "fine"), [(0o777, False), (0o1777, True), (0o755, True)])
def test_a_folder_in_which_everybody_may_replace_files_is_refused(
    tmp_path: Path, mode: int, fine: bool
) -> None:
    tmp_path.chmod(mode)
    if fine:
        os.close(files.prepare(tmp_path / "x.db"))
        return

    with pytest.raises(StoreExposed, match="every user") as caught:
        files.prepare(tmp_path / "x.db")
    assert caught.value.hint == f"chmod 700 {tmp_path}"


def test_a_file_we_may_not_write_is_refused(shared: Path) -> None:
    path = shared / "x.db"
    os.close(files.prepare(path))
    path.chmod(0o400)

    with (
        as_an_ordinary_user(shared, path, shared / "x.db.lock"),
        pytest.raises(StoreReadOnly, match="Permission denied") as caught,
        files.store_errors(path),
    ):
        files.prepare(path)
    assert str(path) in caught.value.message
    assert "--data-dir" in caught.value.hint


def test_a_folder_we_may_not_write_is_refused(shared: Path) -> None:
    folder = shared / "closed"
    folder.mkdir(mode=0o500)

    with (
        as_an_ordinary_user(folder),
        pytest.raises(StoreReadOnly),
        files.store_errors(folder / "x.db"),
    ):
        files.prepare(folder / "x.db")


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.db").mkdir()

    with pytest.raises(StoreUnusable, match="is a folder"), files.store_errors(tmp_path / "x.db"):
        files.prepare(tmp_path / "x.db")


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    path = tmp_path / "state" / "x.db"

    with pytest.raises(StoreUnusable, match="state"), files.store_errors(path):
        files.prepare(path)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_NOTADB, StoreCorrupt),
        (sqlite3.SQLITE_CORRUPT_INDEX, StoreCorrupt),
        (sqlite3.SQLITE_FULL, StoreFull),
        (sqlite3.SQLITE_READONLY_DBMOVED, StoreReadOnly),
        (sqlite3.SQLITE_CANTOPEN, StoreReadOnly),
        (sqlite3.SQLITE_IOERR_FSYNC, StoreUnusable),
    ],
)
def test_what_sqlite_says_is_translated_at_the_border(code: int, kind: type[StoreError]) -> None:
    foreign = sqlite3.OperationalError("foreign words")
    foreign.sqlite_errorcode = code

    with pytest.raises(kind) as caught, files.store_errors(Path("x.db")):
        raise foreign

    assert type(caught.value) is kind
    assert caught.value.__cause__ is foreign


def test_our_own_errors_pass_the_border_untouched() -> None:
    ours = ConflictError("x")

    with pytest.raises(ConflictError) as caught, files.store_errors(Path("x.db")):
        raise ours

    assert caught.value is ours


def test_a_store_that_is_held_is_refused_to_others_until_it_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "new" / "store.db"
    with files.held(path):
        with pytest.raises(StoreInUse), files.held(path):
            pass
        assert not path.exists()
    os.close(files.prepare(path))
