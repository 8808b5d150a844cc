"""The order of a merged list."""

from hypothesis import given
from hypothesis import strategies as st

from tulle.codec.patches.orders import interleave

KEYS = st.lists(st.integers(0, 9), unique=True, max_size=8)


def test_what_others_have_stays_where_it_was() -> None:
    assert interleave([1, 4], [2, 3], [1, 2, 3, 4]) == [1, 2, 3, 4]
    assert interleave([2], [3, 1], [1, 2, 3]) == [2, 3, 1]
    assert interleave([1], [9], [1]) == [1, 9]


@given(KEYS, KEYS)
def test_nothing_is_lost_and_both_orders_are_kept(before: list[int], written: list[int]) -> None:
    others = [key for key in before if key not in written]
    merged = interleave(others, written, before)

    assert [key for key in merged if key in written] == written
    assert [key for key in merged if key not in written] == others
