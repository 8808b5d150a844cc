"""The page of errors explains every code there is, each once in a table, and none there is not."""

import re
from pathlib import Path

from tools import error_codes

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / error_codes.PAGE).read_text()


def test_every_code_is_on_the_page_and_every_row_is_a_code() -> None:
    made = error_codes.find_codes(error_codes.read_sources(ROOT))

    assert list(error_codes.differences(made, PAGE)) == []


def test_every_row_says_what_it_means_and_what_to_do_in_the_order_of_the_alphabet() -> None:
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        rows = [line.strip("| ").split(" | ") for line in table.splitlines()]
        codes = [cells[0] for cells in rows[2:]]
        assert all(len(cells) == 3 and all(cells) for cells in rows), table
        assert codes == sorted(codes)


def test_other_pages_name_only_codes_there_are() -> None:
    known = set(error_codes.codes_on_page(PAGE))
    for page in sorted((ROOT / "docs").rglob("*.md")):
        named = re.findall(r"\[([a-z]+(?:-[a-z0-9]+)+)\](?!\()", page.read_text())
        assert set(named) <= known, page
