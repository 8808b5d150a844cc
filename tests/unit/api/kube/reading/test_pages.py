"""Lists in pages: together they are the list."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.api.errors import ApiError
from tulle.api.kube.reading.pages import LATEST, cursor_of, page_of, place_of, token_of
from tulle.model.kinds.core import ConfigMap
from tulle.model.resources import Metadata, Resource

names = st.text("abc-.", min_size=1, max_size=4)
places = st.sets(st.tuples(names, names), max_size=20)


def made(where: set[tuple[str, str]]) -> list[Resource]:
    return [
        ConfigMap(metadata=Metadata(name=name, namespace=namespace))
        for namespace, name in sorted(where)
    ]


@given(places, st.integers(1, 7))
def test_pages_together_are_the_list_each_once_and_in_order(
    where: set[tuple[str, str]], limit: int
) -> None:
    items, found, start = made(where), [], ""
    while True:
        page = page_of(items, 5, limit, start, counts=True)
        found += page.items
        left = page.meta.remaining or 0
        assert len(page.items) <= limit
        assert left == len(items) - len(found)
        if not page.meta.continues:
            break
        start = cursor_of(page.meta.continues).start

    assert found == items


def test_a_page_may_begin_after_what_has_gone_since() -> None:
    items = made({("shop", "a"), ("shop", "c")})

    page = page_of(items, 5, 0, "shop/b", counts=True)

    assert [place_of(item) for item in page.items] == [("shop", "c")]


def test_how_many_are_left_is_not_told_where_a_selector_chose() -> None:
    page = page_of(made({("a", "a"), ("a", "b")}), 5, 1, "", counts=False)

    assert page.meta.remaining is None
    assert page.meta.continues


@given(st.integers(LATEST, 2**60), st.text(max_size=30))
def test_a_token_says_what_it_was_made_of(revision: int, start: str) -> None:
    cursor = cursor_of(token_of(revision, start))

    assert (cursor.revision, cursor.start) == (revision, start)


@given(st.text(max_size=60))
def test_what_is_no_token_is_refused(text: str) -> None:
    with suppress(ApiError):
        assert cursor_of(text).revision >= LATEST


@pytest.mark.parametrize(
    "token", ["e30", "bnVsbA", token_of(-2, "a"), "eyJ2IjoieCIsInJ2IjoxLCJzdGFydCI6IiJ9"]
)
def test_tokens_of_another_making_are_refused(token: str) -> None:
    with pytest.raises(ApiError):
        cursor_of(token)
