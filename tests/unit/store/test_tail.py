from hypothesis import given
from hypothesis import strategies as st

from tulle.model.names import ResourceKey
from tulle.store.contract import Batch
from tulle.store.tail import MOST_RESOURCES, LogSizes, Tail


def batch(revision: int, removed: int = 1) -> Batch:
    return Batch(
        revision, removed=tuple(ResourceKey("Service", "shop", str(n)) for n in range(removed))
    )


@given(st.integers(0, 50), st.integers(1, 20), st.integers(0, 60))
def test_a_tail_gives_every_revision_after_one_or_says_it_cannot(
    start: int, most: int, added: int
) -> None:
    tail = Tail(start, most)
    batches = [batch(start + number + 1) for number in range(added)]
    for one in batches:
        tail.add(one)

    kept = min(added, most)
    for revision in range(start + added + 2):
        found = tail.after(revision)
        if start + added - kept <= revision <= start + added:
            assert found == tuple(one for one in batches if one.revision > revision)
        else:
            assert found is None


def test_a_tail_is_bounded_by_what_its_revisions_hold() -> None:
    tail = Tail(0)
    for number in range(1, 4):
        tail.add(batch(number, MOST_RESOURCES // 2))

    assert tail.after(0) is None
    assert tail.after(1) is not None


@given(
    st.lists(st.integers(0, 100), min_size=1, max_size=40), st.integers(1, 10), st.integers(1, 300)
)
def test_the_kept_revisions_are_within_both_bounds_and_not_fewer_than_needed(
    sizes: list[int], keep: int, keep_bytes: int
) -> None:
    kept = LogSizes((), keep, keep_bytes)
    last = 0
    for revision, size in enumerate(sizes, start=1):
        compacted = kept.compacted_with(revision, size)
        kept.add(revision, size, compacted)

        inside = sizes[compacted:revision]
        assert last <= compacted < revision
        assert len(inside) <= keep
        assert sum(inside) <= keep_bytes or len(inside) == 1
        if compacted > max(last, revision - keep):
            assert sum(sizes[compacted - 1 : revision]) > keep_bytes
        last = compacted


def test_what_an_earlier_run_kept_counts() -> None:
    kept = LogSizes([(7, 40), (8, 40)], keep=10, keep_bytes=100)

    assert kept.compacted_with(9, 20) == 0
    assert kept.compacted_with(9, 21) == 7
