from tests.faults.page import Measured, in_terminal, page, rows_of
from tests.faults.table import ROWS
from tests.faults.words import promise
from tests.unit.tests.faults.test_verdicts import WELL


def test_a_page_gives_back_the_rows_it_shows() -> None:
    text = page([Measured(row, WELL) for row in ROWS], "this machine")

    assert rows_of(text) == [(row.name, promise(row.holds)) for row in ROWS]
    assert "Measured on this machine." in text


def test_the_terminal_shows_a_line_for_each_row_below_a_head() -> None:
    lines = list(in_terminal([Measured(row, WELL) for row in ROWS]))

    assert len(lines) == 1 + len(ROWS)
    assert "0 of 1,000" in lines[1]
    assert lines[1].endswith("3.0 s")


def test_nothing_measured_shows_nothing() -> None:
    assert list(in_terminal([])) == []


def test_no_two_rows_are_one() -> None:
    names = [(row.setting, row.name) for row in ROWS]

    assert len(set(names)) == len(names)
