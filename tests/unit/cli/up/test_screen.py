"""What a person sees of a run."""

import io

import pytest

from tulle.cli.answers import Edge
from tulle.cli.up import screen as screens
from tulle.cli.up.screen import LogStream, screen, table_lines

EDGE = Edge(
    source="shop/web",
    to="shop/cart:80",
    protocol="http",
    requests=10,
    connections=2,
    failures=0,
    p50_ms=1.5,
    p99_ms=None,
    mtls=True,
)


def test_the_table_names_both_ends_and_what_was_seen() -> None:
    header, row = table_lines([EDGE])

    assert header.split("   ")[0] == "FROM"
    assert row.split() == ["shop/web", "shop/cart:80", "http", "10", "2", "0", "1.50", "-", "yes"]


def test_with_json_nothing_but_json_may_be_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with screen("json") as shown:
        shown.say("hello")
        shown.output("web", "a line")
        shown.edges([EDGE])

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == ["hello", "web | a line"]


def test_in_a_pipe_the_table_comes_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with screen("table") as shown:
        shown.edges([EDGE])
        monkeypatch.setattr(screens, "TABLE_EVERY_S", 0.0)
        shown.edges([EDGE])
        shown.edges([])

    assert capsys.readouterr().out.splitlines() == table_lines([EDGE])


def test_on_a_terminal_the_table_is_live_and_output_is_never_markup(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")

    with screen("table") as shown:
        shown.say("[bold]hello")
        shown.output("web", "[red]line")
        shown.edges([EDGE])

    printed = capsys.readouterr().out
    assert "[bold]hello" in printed
    assert "web | [red]line" in printed
    assert "shop/cart:80" in printed


def test_log_lines_go_to_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    with screen("table") as shown:
        LogStream(shown).write("one\ntwo\n")

    assert capsys.readouterr().out == "one\ntwo\n"


class Closed(io.StringIO):
    """A terminal that is gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_terminal_that_is_gone_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with screen("table") as shown:
        monkeypatch.setattr("sys.stdout", Closed())
        shown.say("hello")
        shown.output("web", "line")
        monkeypatch.undo()
