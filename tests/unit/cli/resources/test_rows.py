"""A resource as a line."""

from datetime import UTC, datetime

import pytest
from tests.unit.reconcile.meshes import workload

from tulle.cli.resources.rows import age_of, row_of


def test_wide_columns_are_left_out_unless_asked_for() -> None:
    now = datetime(2026, 1, 3, tzinfo=UTC)
    narrow, wide = (row_of(workload("a"), now, wide=wide) for wide in (False, True))

    assert (narrow["NAME"], narrow["NAMESPACE"]) == ("a", "shop")
    assert narrow.items() < wide.items()


@pytest.mark.parametrize(
    ("created", "age"), [("", "-"), ("2026-01-01T00:00:00Z", "2d"), ("2026-01-03T00:00:00Z", "0s")]
)
def test_ages_count_from_creation(created: str, age: str) -> None:
    assert age_of(created, datetime(2026, 1, 3, tzinfo=UTC)) == age
