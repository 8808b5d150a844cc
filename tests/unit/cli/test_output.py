"""How answers look."""

import pytest

from tulle.cli import output


def test_columns_begin_at_the_same_place_and_lines_have_no_trailing_blanks() -> None:
    lines = output.aligned([("NAME", "AGE"), ("reviews", "2d"), ("a", "")])

    assert lines == ["NAME      AGE", "reviews   2d", "a"]


def test_a_pipe_gets_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(("A", "B"), [("1", "[red]2")])

    assert capsys.readouterr().out == "A   B\n1   [red]2\n"


def test_a_terminal_gets_a_table_and_cells_are_never_markup(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    output.print_table(("A", "B"), [("1", "[red]2")])

    assert "[red]2" in capsys.readouterr().out


def test_json_and_yaml_keep_the_order_given(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_as("yaml", {"b": 1, "a": [2]})
    output.print_as("json", {"b": 1, "a": [2]})

    assert capsys.readouterr().out == 'b: 1\na:\n- 2\n{\n  "b": 1,\n  "a": [\n    2\n  ]\n}\n'


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0s"), (12, "12s"), (119, "119s"), (120, "2m"), (7200, "2h"), (172800, "2d")],
)
def test_ages_use_the_largest_unit_that_says_something(seconds: float, text: str) -> None:
    assert output.age_text(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (0.123, "0.12"), (12.34, "12.3"), (1234.5, "1234")]
)
def test_milliseconds_keep_the_digits_that_mean_something(value: float | None, text: str) -> None:
    assert output.number_text(value) == text


def test_labels_are_written_as_selectors_are() -> None:
    assert output.mapping_text([("a", "b"), ("c", "d")]) == "a=b,c=d"
    assert output.mapping_text([]) == "-"
