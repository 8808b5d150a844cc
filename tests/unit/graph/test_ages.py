"""Who was first."""

from tulle.graph.ages import age_of
from tulle.testing.builders import metadata


def test_older_resources_come_first_then_names_and_those_without_a_time_last() -> None:
    in_order = [
        metadata("z", created="2026-01-01T00:00:00Z"),
        metadata("a", created="2026-01-02T00:00:00Z"),
        metadata("b", created="2026-01-02T00:00:00Z"),
        metadata("a"),
        metadata("b"),
        metadata("a", "shopping"),
    ]

    assert sorted(in_order, key=age_of) == in_order
