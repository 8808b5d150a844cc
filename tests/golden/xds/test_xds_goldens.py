"""Graph → xDS, one folder a case. `GOLDEN=write` rewrites them; then read the diff."""

import os
from pathlib import Path

import pytest
from tests.golden.xds.cases import CASES, view_of_case

from tulle.xds.build import build_snapshot
from tulle.xds.text import to_yaml


def test_there_are_cases() -> None:
    assert len(CASES) > 8


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_resources_of_this_view_are_as_written(case: Path) -> None:
    snapshot = build_snapshot(view_of_case(case))

    assert not list(snapshot.dangling())
    path, text = case / "xds.yaml", to_yaml(snapshot)
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text)
    assert path.read_text() == text, f"{path} differs; GOLDEN=write rewrites it"
