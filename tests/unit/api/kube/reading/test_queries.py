"""What lists and watches may ask for, by Kubernetes' rules."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.api.errors import ApiError
from tulle.api.kube.reading.queries import (
    MAX_TIMEOUT_S,
    check_one,
    include_of,
    is_watch,
    list_query,
    revision_of,
    watch_query,
)


def test_without_anything_everything_is_wanted_as_it_is_now() -> None:
    query = list_query({})

    assert (query.limit, query.token, query.revision, query.exact) == (0, "", None, False)
    assert not is_watch({})
    assert is_watch({"watch": "1"})


@pytest.mark.parametrize(
    ("query", "exact"),
    [
        ({"resourceVersion": "7"}, False),
        ({"resourceVersion": "7", "resourceVersionMatch": "NotOlderThan"}, False),
        ({"resourceVersion": "7", "resourceVersionMatch": "Exact"}, True),
        ({"resourceVersion": "7", "limit": "5"}, True),
        ({"resourceVersion": "0", "limit": "5"}, False),
    ],
)
def test_a_revision_is_a_lower_bound_unless_it_is_meant_exactly(
    query: dict[str, str], exact: bool
) -> None:
    assert list_query(query).exact is exact


@pytest.mark.parametrize(
    "query",
    [
        {"resourceVersion": "x"},
        {"resourceVersion": "-1"},
        {"resourceVersion": "9" * 30},
        {"resourceVersionMatch": "Exact"},
        {"resourceVersion": "0", "resourceVersionMatch": "Exact"},
        {"resourceVersion": "7", "resourceVersionMatch": "Sometimes"},
        {"resourceVersion": "7", "continue": "x"},
        {"resourceVersionMatch": "NotOlderThan", "continue": "x"},
        {"limit": "-1"},
        {"limit": "many"},
        {"sendInitialEvents": "true"},
        {"labelSelector": "a b"},
        {"fieldSelector": "spec.x=1"},
        {"shape": "round"},
    ],
)
def test_what_contradicts_itself_or_means_nothing_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(ApiError) as error:
        list_query(query)
    assert error.value.status == 400


def test_a_watch_from_a_revision_tells_only_what_comes_after_it() -> None:
    query = watch_query({"resourceVersion": "7", "timeoutSeconds": "30"})

    assert (query.after, query.initial, query.timeout_s) == (7, False, 30.0)
    assert watch_query({"timeoutSeconds": "9999999999"}).timeout_s == MAX_TIMEOUT_S


@pytest.mark.parametrize("query", [{}, {"resourceVersion": "0"}])
def test_a_watch_from_nowhere_tells_first_what_there_is(query: dict[str, str]) -> None:
    found = watch_query(query)

    assert (found.initial, found.marked) == (True, False)


def test_a_watch_list_marks_where_what_there_was_ends() -> None:
    query = {
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
    }
    assert watch_query(query).initial
    assert watch_query(query).marked
    assert not watch_query({**query, "sendInitialEvents": "false"}).initial


@pytest.mark.parametrize(
    "query",
    [
        {"continue": "x"},
        {"resourceVersionMatch": "NotOlderThan", "resourceVersion": "7"},
        {"sendInitialEvents": "true"},
        {"sendInitialEvents": "true", "resourceVersionMatch": "Exact", "resourceVersion": "7"},
        {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"},
        {"sendInitialEvents": "maybe"},
        {"allowWatchBookmarks": "2"},
        {"timeoutSeconds": "-1"},
    ],
)
def test_watches_have_rules_of_their_own(query: dict[str, str]) -> None:
    with pytest.raises(ApiError) as error:
        watch_query(query)
    assert error.value.status == 400


def test_one_resource_takes_no_selector() -> None:
    check_one({"resourceVersion": "0", "timeout": "5s"})
    with pytest.raises(ApiError):
        check_one({"labelSelector": "a"})


def test_rows_carry_metadata_unless_asked_otherwise() -> None:
    assert include_of({}) == "Metadata"
    assert include_of({"includeObject": "Object"}) == "Object"
    with pytest.raises(ApiError):
        include_of({"includeObject": "Half"})


@given(
    st.dictionaries(
        st.sampled_from(
            ["resourceVersion", "resourceVersionMatch", "limit", "continue", "labelSelector"]
        ),
        st.text(max_size=5),
    )
)
def test_no_query_breaks_them(query: dict[str, str]) -> None:
    for read in (list_query, watch_query, revision_of):
        with suppress(ApiError):
            assert read(query) is not Ellipsis
