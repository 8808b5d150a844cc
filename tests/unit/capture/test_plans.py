import dataclasses

import pytest
from tests.golden.capture.plans import PLANS


def test_a_plan_is_a_value() -> None:
    plan = PLANS["program"]

    assert plan == dataclasses.replace(plan)
    assert hash(plan) == hash(dataclasses.replace(plan))
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.table = "other"  # type: ignore[misc]
