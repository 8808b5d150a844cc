"""Plan → nftables, one file a plan. `GOLDEN=write` rewrites them; then read the diff."""

import os
from pathlib import Path

import pytest
from tests.golden.capture.plans import PLANS

from tulle.capture.rulesets import ruleset

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", PLANS)
def test_the_rules_of_this_plan_are_as_written(name: str) -> None:
    path, text = HERE / f"{name}.nft", ruleset(PLANS[name])
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text)
    assert path.read_text() == text, f"{path} differs; GOLDEN=write rewrites it"


def test_every_file_has_its_plan() -> None:
    assert {path.stem for path in HERE.glob("*.nft")} == set(PLANS)
