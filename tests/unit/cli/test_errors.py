"""Errors: one screen, on stderr, with the way out."""

import pytest

from tulle.cli.errors import CliError, ProblemsFound, counted
from tulle.model.names import ResourceKey
from tulle.model.problems import Place, Problem, Severity


def test_an_error_says_what_happened_its_code_and_the_way_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    CliError("no server at /x", "start one", "no-server").show()

    assert capsys.readouterr().err == "Error: no server at /x [no-server]\n  start one\n"
    assert CliError("x").exit_code == 1


def test_a_code_stays_with_our_own_words_when_a_programs_follow(
    capsys: pytest.CaptureFixture[str],
) -> None:
    CliError("it did not start:\n  | oops", "look", "not-ready").show()

    assert capsys.readouterr().err == ("Error: it did not start: [not-ready]\n  | oops\n  look\n")


def test_a_problem_says_file_line_resource_field_code_and_way_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    problem = Problem(
        path="spec.port",
        code="port-taken",
        message="is taken",
        hint="choose another",
        resource=ResourceKey("Process", "shop", "web"),
        place=Place("mesh.yaml", 7),
    )

    ProblemsFound([problem]).show()

    assert capsys.readouterr().err.splitlines() == [
        "mesh.yaml:7: error: Process shop/web spec.port: is taken [port-taken]",
        "  choose another",
        "Error: 1 problem; nothing was changed",
    ]


def test_a_hundred_problems_stay_on_one_screen_errors_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINES", "24")
    warnings = [Problem("", "w", f"w{i}", severity=Severity.WARNING) for i in range(99)]

    ProblemsFound([*warnings, Problem("", "e", "the error")]).show()

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) <= 24
    assert lines[0] == "error: the error [e]"
    assert lines[-2:] == ["... and 90 more", "Error: 100 problems; nothing was changed"]


def test_counting_speaks_english() -> None:
    assert [counted(n, "error") for n in (0, 1, 2)] == ["0 errors", "1 error", "2 errors"]
