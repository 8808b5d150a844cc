"""Resources as rows under columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.reconcile.meshes import service

from tulle.api.kube.reading.tables import age_of, age_text, definitions, row_of, table_of
from tulle.codec.columns import columns_of
from tulle.model.kinds import ALL
from tulle.model.kinds.workload import Workload
from tulle.model.resources import Resource


@pytest.mark.parametrize("kind", ALL)
def test_columns_begin_with_the_name_and_end_with_the_age(kind: type[Resource]) -> None:
    names = [column["name"] for column in definitions(kind)]

    assert (names[0], names[-1]) == ("Name", "Age")
    assert len(names) == len(columns_of(kind)) + 2


def test_wide_columns_have_a_lower_priority() -> None:
    priorities = {column["name"]: column["priority"] for column in definitions(Workload)}

    assert priorities["Ready"] == priorities["Age"] == 0
    assert priorities["Labels"] == 1


def test_a_row_has_a_cell_for_every_column() -> None:
    resource = service("a")
    table = table_of(type(resource), [row_of(resource, None, 0)], {}, "v1")

    (row,) = table["rows"]  # type: ignore[misc,attr-defined]
    assert len(row["cells"]) == len(table["columnDefinitions"])  # type: ignore[arg-type]
    assert row["cells"][0] == "a"
    assert "object" not in row


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 60, "3h1m"),
        (8 * 3600 + 60, "8h"),
        (48 * 3600, "2d"),
        (49 * 3600, "2d1h"),
        (8 * 86400 + 3600, "8d"),
        (730 * 86400, "2y"),
        (731 * 86400, "2y1d"),
        (8 * 365 * 86400 + 86400, "8y"),
    ],
)
def test_durations_are_worded_as_kubectl_does(seconds: float, text: str) -> None:
    assert age_text(seconds) == text


@given(st.integers(0, 10**9))
def test_an_age_never_has_more_than_two_units(seconds: int) -> None:
    assert sum(c.isalpha() for c in age_text(seconds)) <= 2


def test_what_was_never_made_has_no_age() -> None:
    assert age_of("", 0) == "<unknown>"
    assert age_of("1970-01-01T00:00:10Z", 15) == "5s"
