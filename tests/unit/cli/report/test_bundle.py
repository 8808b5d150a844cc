import os
import tarfile
from pathlib import Path

import pytest

from tulle.cli.errors import CliError
from tulle.cli.report import bundle
from tulle.cli.report.bundle import new_bundle
from tulle.cli.report.redaction import Redactor

NOW = 1_800_000_000.0


def read(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        members = {m.name: archive.extractfile(m) for m in archive.getmembers()}
        return {name: file.read() for name, file in members.items() if file}


def test_a_report_is_its_owners_alone_and_in_a_folder_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "r.tar.gz"
    before = os.umask(0)
    try:
        with new_bundle(path, Redactor(), NOW) as report:
            report.add("a/b.txt", "text")
            report.add("c", b"\xff")
    finally:
        os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o600
    assert read(path) == {"r/a/b.txt": b"text", "r/c": "\ufffd".encode()}


def test_names_and_contents_are_redacted(tmp_path: Path) -> None:
    path = tmp_path / "r.tar.gz"
    with new_bundle(path, Redactor.of([b"hunter2"]), NOW) as report:
        report.add("hunter2.log", "it is hunter2")

    assert b"hunter2" not in b"".join(read(path).values())
    assert not any("hunter2" in name for name in read(path))


def test_of_what_is_too_large_the_end_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "MOST_OF_ONE", 4)
    path = tmp_path / "r.tar.gz"
    with new_bundle(path, Redactor(), NOW) as report:
        report.add("log", "0123456789")

    assert read(path)["r/log"] == b"6789"
    assert report.omitted == ["log: the first 6 bytes"]


def test_a_secret_at_the_cut_is_gone_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MOST_OF_ONE", 4)
    path = tmp_path / "r.tar.gz"
    with new_bundle(path, Redactor.of([b"hunter2"]), NOW) as report:
        report.add("log", "xx hunter2")

    assert b"ter2" not in read(path)["r/log"]


def test_a_full_report_takes_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MOST_OF_ALL", 5)
    path = tmp_path / "r.tar.gz"
    with new_bundle(path, Redactor(), NOW) as report:
        for name in ("a", "b", "c"):
            report.add(name, "123")

    assert list(read(path)) == ["r/a"]
    assert report.omitted == ["b: the report is full", "c: the report is full"]


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "r.tar.gz"
    path.write_text("mine")

    with pytest.raises(CliError), new_bundle(path, Redactor(), NOW):
        pass
    assert path.read_text() == "mine"


def test_a_report_that_fails_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyError), new_bundle(tmp_path / "r.tar.gz", Redactor(), NOW):
        raise KeyError

    assert list(tmp_path.iterdir()) == []
