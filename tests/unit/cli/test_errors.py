"""Errors: one screen, on stderr, with the way out."""

import pytest

from tulle.cli.errors import DEBUG, CliError, ProblemsFound, counted, error_of, show_bug
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

    ProblemsFound([problem], "nothing was changed").show()

    assert capsys.readouterr().err.splitlines() == [
        "mesh.yaml:7: error: Process shop/web spec.port: is taken [port-taken]",
        "  choose another",
        "Error: 1 error; nothing was changed",
    ]


def test_a_hundred_problems_stay_on_one_screen_errors_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINES", "24")
    warnings = [Problem("", "w", f"w{i}", severity=Severity.WARNING) for i in range(99)]

    ProblemsFound([*warnings, Problem("", "e", "the error")], "nothing was changed").show()

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) <= 24
    assert lines[0] == "error: the error [e]"
    assert lines[-2:] == ["... and 90 more", "Error: 1 error; nothing was changed"]


@pytest.mark.parametrize(
    ("path", "resource", "message"),
    [
        ("--api-socket", None, "--api-socket: is taken"),
        ("spec.x", ResourceKey("Mesh", "", "default"), "Mesh default spec.x: is taken"),
        ("", None, "is taken"),
    ],
)
def test_a_problem_that_ends_a_command_keeps_its_subject(
    path: str, resource: ResourceKey | None, message: str
) -> None:
    error = error_of(Problem(path, "taken", "is taken", "wait", resource))

    assert (error.message, error.hint, error.code) == (message, "wait", "taken")


def test_one_problem_of_a_command_that_only_reads_speaks_for_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ProblemsFound([Problem("url", "url-invalid", "is none", "write one")]).show()

    assert capsys.readouterr().err == "error: url: is none [url-invalid]\n  write one\n"


def test_what_nobody_foresaw_is_our_mistake_on_one_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(DEBUG, raising=False)
    inner = ValueError("first\nsecond, with tulle1.secret")

    show_bug(ExceptionGroup("unhandled errors in a TaskGroup", [ExceptionGroup("", [inner])]))

    first, second = capsys.readouterr().err.splitlines()
    assert "ValueError: first\\nsecond, with (redacted) [internal-error]" in first
    assert "TULLE_DEBUG=1" in second


def test_its_traceback_is_there_for_who_asks_and_shows_no_secrets_either(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DEBUG, "1")
    with pytest.raises(ValueError, match="tulle1") as caught:
        int("tulle1.secret")
    show_bug(caught.value)

    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert "test_errors.py" in shown
    assert "tulle1" not in shown


def test_counting_speaks_english() -> None:
    assert [counted(n, "error") for n in (0, 1, 2)] == ["0 errors", "1 error", "2 errors"]
