"""When work on changes starts: `looptime` makes the loop's clock jump, so nothing really waits."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.reconcile.coalesce import Coalescer, Window

WINDOW = Window(quiet_s=0.05, longest_s=1.0)


async def taken_after(coalescer: Coalescer[int]) -> tuple[float, tuple[int, ...]]:
    loop = asyncio.get_running_loop()
    start = loop.time()
    items = await coalescer.take()
    return loop.time() - start, items


def test_a_single_change_starts_after_the_quiet_time() -> None:
    assert WINDOW.remaining(first=10.0, last=10.0, now=10.0) == pytest.approx(0.05)
    assert WINDOW.remaining(first=10.0, last=10.0, now=10.05) == pytest.approx(0.0)


def test_changes_that_never_pause_wait_no_longer_than_the_limit() -> None:
    assert WINDOW.remaining(first=10.0, last=10.99, now=10.99) == pytest.approx(0.01)
    assert WINDOW.remaining(first=10.0, last=11.5, now=11.5) < 0


@given(st.lists(st.floats(0, 0.2), min_size=1, max_size=50))
def test_work_starts_within_the_limit_and_never_before_a_quiet_time(gaps: Sequence[float]) -> None:
    times = [sum(gaps[: index + 1]) for index in range(len(gaps))]
    first, last = times[0], times[-1]
    start = last + WINDOW.remaining(first, last, last)

    assert start <= first + WINDOW.longest_s + 1e-9
    assert start == pytest.approx(min(last + WINDOW.quiet_s, first + WINDOW.longest_s))


@pytest.mark.looptime
async def test_changes_close_together_are_taken_at_once_and_in_order() -> None:
    coalescer: Coalescer[int] = Coalescer(WINDOW)
    for number in range(3):
        coalescer.put(number)

    waited, items = await taken_after(coalescer)

    assert items == (0, 1, 2)
    assert waited == pytest.approx(0.05, abs=0.02)


@pytest.mark.looptime
async def test_each_change_prolongs_the_wait_up_to_the_limit() -> None:
    coalescer: Coalescer[int] = Coalescer(WINDOW)

    async def babble() -> None:
        for number in range(100):
            coalescer.put(number)
            await asyncio.sleep(0.04)

    async with asyncio.TaskGroup() as group:
        babbling = group.create_task(babble())
        waited, items = await taken_after(coalescer)
        babbling.cancel()

    assert waited == pytest.approx(1.0, abs=0.05)
    assert 20 <= len(items) <= 30


@pytest.mark.looptime
async def test_what_comes_after_a_taking_is_taken_next_time() -> None:
    coalescer: Coalescer[int] = Coalescer(WINDOW)
    coalescer.put(1)
    assert await coalescer.take() == (1,)
    coalescer.put(2)

    assert await coalescer.take() == (2,)


@pytest.mark.looptime
async def test_who_is_in_the_middle_of_work_need_not_wait_for_quiet() -> None:
    coalescer: Coalescer[int] = Coalescer(WINDOW)
    loop = asyncio.get_running_loop()
    coalescer.put(1)
    start = loop.time()

    assert await coalescer.take_now() == (1,)
    assert loop.time() == start
