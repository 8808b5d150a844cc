"""Reading manifests."""

import io
import os
from pathlib import Path

import pytest

from tulle.cli import manifests
from tulle.cli.errors import CliError, ProblemsFound
from tulle.model.names import ResourceKey
from tulle.model.problems import Place, Problem

ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: %s}\n"


def test_a_folder_is_read_whole_in_order_and_without_what_is_hidden(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(ACCOUNT % "b")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "a.yml").write_text(ACCOUNT % "a")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "c.yaml").write_text(ACCOUNT % "c")
    (tmp_path / "notes.txt").write_text("nothing")

    found = manifests.read_valid([str(tmp_path)])

    assert [resource.metadata.name for resource in found.resources] == ["a", "b"]


def test_standard_input_is_a_file_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(ACCOUNT % "a"))

    assert manifests.read_valid(["-"]).items[0].place() == Place("<stdin>", 1)


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(ACCOUNT % name + "sepc: {}\n")

    with pytest.raises(ProblemsFound) as caught:
        manifests.read_valid([str(tmp_path)])

    assert [str(problem.place) for problem in caught.value.problems] == [
        f"{tmp_path}/a.yaml:4",
        f"{tmp_path}/b.yaml:4",
    ]


def test_an_empty_folder_is_no_silent_success(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="no manifest"):
        manifests.read_all([str(tmp_path)])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CliError, match=r"nothing\.yaml: No such file") as caught:
        manifests.read_all([str(tmp_path / "nothing.yaml")])

    assert "name a file" in caught.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").touch(mode=0)

    with pytest.raises(CliError, match=r"a\.yaml: Permission denied"):
        manifests.read_all([str(tmp_path / "a.yaml")])


def test_bytes_that_are_no_text_are_refused_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"kind: \xff")

    with pytest.raises(CliError, match="not UTF-8 at byte 6"):
        manifests.read_all([str(tmp_path / "a.yaml")])


def test_problems_found_later_get_the_line_of_their_field(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports:\n    - {port: 80}\n"
    )
    decoded = manifests.read_valid([str(file)])
    key = ResourceKey("Service", "default", "a")

    (problem,) = manifests.placed(decoded, [Problem("spec.ports[0].port", "c", "m", resource=key)])

    assert problem.place == Place(str(file), 6)
