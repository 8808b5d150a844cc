from pathlib import Path

import pytest

from tulle.cli.errors import CliError
from tulle.cli.install.manifest import Manifest, place, read, text


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = Manifest(tulle="1", files={"/a": "x"}, links={"/l": "/a"}, folders=("/f",))
    place(tmp_path).parent.mkdir(parents=True)
    place(tmp_path).write_text(text(found))

    assert read(tmp_path) == found


def test_where_nothing_is_installed_there_is_none(tmp_path: Path) -> None:
    assert read(tmp_path) is None


def test_one_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    place(tmp_path).parent.mkdir(parents=True)
    place(tmp_path).write_text("nonsense")

    with pytest.raises(CliError) as caught:
        read(tmp_path)
    assert caught.value.code == "manifest-unreadable"


def test_two_installs_are_undone_together() -> None:
    first = Manifest(files={"/a": "1", "/b": "1"}, folders=("/f",))
    second = Manifest(files={"/a": "2"}, folders=("/f", "/g"))

    assert second.with_earlier(first) == Manifest(
        files={"/a": "2", "/b": "1"}, folders=("/f", "/g")
    )
