"""The pages made from the sources are up to date."""

import os
from pathlib import Path

from tools import reference

from tulle.model.kinds import ALL

ROOT = Path(__file__).parents[2]


def test_the_reference_of_kinds_says_what_the_classes_say() -> None:
    page = ROOT / reference.PAGE
    if os.environ.get("GOLDEN") == "write":
        page.write_text(reference.page())

    assert page.read_text() == reference.page(), "run `make golden`"


def test_every_kind_has_its_section_and_every_row_four_cells() -> None:
    lines = reference.page().splitlines()

    assert {f"## {kind.KIND}" for kind in ALL} <= set(lines)
    assert {len(line.replace("\\|", "").split("|")) for line in lines if line.startswith("|")} == {
        6
    }
