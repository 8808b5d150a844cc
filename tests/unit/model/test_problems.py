"""Problems as people read them."""

import errno
import os
from pathlib import Path

import pytest

from tulle.model.names import ResourceKey
from tulle.model.problems import Place, Problem, Severity, has_errors, system_words


def test_a_problem_says_where_what_why_and_the_way_out_on_one_line() -> None:
    problem = Problem(
        path="spec.ports[0].port",
        code="out-of-range",
        message="must be 1 or more, not 0",
        hint="choose a free one",
        resource=ResourceKey("Service", "shop", "web"),
        place=Place("web.yaml", 7),
    )

    assert str(problem) == (
        "web.yaml:7: Service shop/web: spec.ports[0].port: must be 1 or more, not 0 "
        "[out-of-range]; choose a free one"
    )


def test_what_is_not_known_is_left_out() -> None:
    assert str(Problem("", "store-closed", "the store is closed")) == (
        "the store is closed [store-closed]"
    )


def test_a_place_without_a_line_is_the_whole_file() -> None:
    assert str(Place("web.yaml")) == "web.yaml"


def test_warnings_alone_refuse_nothing() -> None:
    warning = Problem("", "a", "b", severity=Severity.WARNING)

    assert not has_errors([])
    assert not has_errors([warning])
    assert has_errors([warning, Problem("", "a", "b")])


def test_a_path_that_is_of_another_sort_is_told_so_and_not_as_the_system_says_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "file"
    file.touch()

    def said(path: Path, *, make: bool = False) -> str:
        with pytest.raises(OSError, match=str(path)) as caught:
            path.mkdir() if make else path.read_bytes()
        return system_words(caught.value)

    assert said(tmp_path) == f"{tmp_path}: is a folder, and has to be a file"
    assert said(file / "x") == f"{file}/x: lies below a file, as if that were a folder"
    assert said(file, make=True) == f"{file}: is a file, and has to be a folder"
    assert said(tmp_path / "none") == f"{tmp_path}/none: {os.strerror(errno.ENOENT)}"


def test_what_the_system_says_without_a_path_is_told_as_it_is() -> None:
    assert system_words(OSError(errno.ENOSPC, "full")) == "full"
    assert system_words(OSError("odd")) == "odd"
