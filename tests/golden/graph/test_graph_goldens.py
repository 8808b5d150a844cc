"""Resources → graph and statuses, one folder a case. `GOLDEN=write` rewrites them; then read the diff."""

import os
from pathlib import Path

import pytest
import yaml

from tulle.codec.decode import read
from tulle.graph.compile import compile_mesh
from tulle.graph.text import graph_object, status_object
from tulle.model.worlds import World

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/in.yaml"))


def test_there_are_cases() -> None:
    assert len(CASES) > 15


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_graph_of_these_resources_is_as_written(case: Path) -> None:
    decoded = read((case / "in.yaml").read_text(), "in.yaml")
    assert decoded.items
    compiled = compile_mesh(World(decoded.resources))

    _check(case / "graph.yaml", graph_object(compiled.graph))
    _check(case / "status.yaml", status_object(compiled))


def _check(path: Path, value: object) -> None:
    text = yaml.safe_dump(value, sort_keys=False, width=110, allow_unicode=True)
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text)
    assert path.read_text() == text, f"{path} differs; GOLDEN=write rewrites it"
