"""The commands on folders and files; with a server that runs, tests/store has them."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.unit.store.backups.meshes import data_dir

from tulle.cli.main import cli
from tulle.store.backups.archive import read_head
from tulle.store.backups.taking import from_folder

PHRASE = "correct horse battery staple"


def tulle(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["store", *map(str, arguments)], env={"COLUMNS": "200"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return asyncio.run(data_dir(tmp_path / "data"))


@pytest.fixture
def phrase(tmp_path: Path) -> Path:
    file = tmp_path / "phrase"
    file.touch(mode=0o600)
    file.write_text(PHRASE + "\n")
    return file


def test_there_and_back_again(folder: Path, phrase: Path, tmp_path: Path) -> None:
    file, new = tmp_path / "mesh.backup", tmp_path / "new"

    made = tulle("backup", file, "--data-dir", folder, "--passphrase-file", phrase)
    done = tulle("restore", file, "--data-dir", new, "--passphrase-file", phrase)

    assert (made.exit_code, done.exit_code) == (0, 0), made.output + done.output
    assert "revision 7 of shop.example" in made.stderr
    assert "with 2 keys, sealed" in made.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    assert from_folder(new, with_keys=True).keys == from_folder(folder, with_keys=True).keys


def test_a_backup_never_overwrites(folder: Path, phrase: Path, tmp_path: Path) -> None:
    file = tmp_path / "mesh.backup"
    file.write_text("mine")

    made = tulle("backup", file, "--data-dir", folder, "--passphrase-file", phrase)

    assert made.exit_code == 1
    assert "[file-exists]" in made.stderr
    assert file.read_text() == "mine"


def test_a_backup_that_fails_leaves_no_file(phrase: Path, tmp_path: Path) -> None:
    file = tmp_path / "mesh.backup"

    made = tulle("backup", file, "--data-dir", tmp_path / "none", "--passphrase-file", phrase)

    assert made.exit_code == 1
    assert "[store-unusable]" in made.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["phrase"]


def test_without_a_way_to_ask_keys_need_a_passphrase_file(folder: Path, tmp_path: Path) -> None:
    made = tulle("backup", tmp_path / "b", "--data-dir", folder)

    assert made.exit_code == 1
    assert "[passphrase-needed]" in made.stderr
    assert not (tmp_path / "b").exists()


def test_without_keys_no_passphrase_is_needed_and_the_file_says_how_open_it_is(
    folder: Path, tmp_path: Path
) -> None:
    made = tulle("backup", tmp_path / "b", "--data-dir", folder, "--without-keys")

    assert made.exit_code == 0
    assert "not sealed: keep it as you keep your secrets" in made.stderr
    assert read_head((tmp_path / "b").read_bytes()).keys == ()


def test_another_passphrase_restores_nothing(folder: Path, phrase: Path, tmp_path: Path) -> None:
    tulle("backup", tmp_path / "b", "--data-dir", folder, "--passphrase-file", phrase)
    phrase.write_text("something else entirely")

    done = tulle(
        "restore", tmp_path / "b", "--data-dir", tmp_path / "new", "--passphrase-file", phrase
    )

    assert done.exit_code == 1
    assert "[passphrase-wrong]" in done.stderr
    assert not (tmp_path / "new").exists()


def test_what_is_there_is_replaced_only_when_asked(
    folder: Path, phrase: Path, tmp_path: Path
) -> None:
    tulle("backup", tmp_path / "b", "--data-dir", folder, "--passphrase-file", phrase)
    back = ("restore", tmp_path / "b", "--data-dir", folder, "--passphrase-file", phrase)

    refused, done = tulle(*back), tulle(*back, "--replace")

    assert "[restore-refused]" in refused.stderr
    assert done.exit_code == 0
    assert f"{folder}/replaced-1" in done.output


def test_folders_and_backups_are_looked_over(folder: Path, phrase: Path, tmp_path: Path) -> None:
    file = tmp_path / "b"
    tulle("backup", file, "--data-dir", folder, "--passphrase-file", phrase)

    here = tulle("check", "--data-dir", folder, "-o", "json")
    there = tulle("check", file, "--passphrase-file", phrase, "-o", "json")
    closed = tulle("check", file, "-o", "json")

    for result in (here, there, closed):
        assert result.exit_code == 0, result.output
    names = [check["name"] for check in json.loads(here.stdout)["checks"]]
    assert names == ["file", "resources", "revisions", "log", "tokens", "root", "intermediate"]
    assert [check["name"] for check in json.loads(there.stdout)["checks"]] == ["backup", *names]
    assert [check["name"] for check in json.loads(closed.stdout)["checks"]] == ["backup", "seal"]


def test_a_damaged_backup_is_told_and_is_a_failure(
    folder: Path, phrase: Path, tmp_path: Path
) -> None:
    file = tmp_path / "b"
    tulle("backup", file, "--data-dir", folder, "--passphrase-file", phrase)
    data = bytearray(file.read_bytes())
    data[300] ^= 1
    file.write_bytes(data)

    result = tulle("check", file, "--passphrase-file", phrase)

    assert result.exit_code == 1
    assert "[backup-damaged]" in result.stderr
