import asyncio
import contextlib

import pytest

from tulle.serve.lifetimes import Lifetimes


def lifetimes() -> Lifetimes:
    return Lifetimes(lambda: 1000.0)


async def test_a_stream_ends_without_an_error_when_its_certificate_does() -> None:
    async with lifetimes().until(1000.05):
        await asyncio.Event().wait()


async def test_a_certificate_that_has_ended_already_ends_the_stream_at_once() -> None:
    async with lifetimes().until(1.0):
        await asyncio.Event().wait()


async def test_all_end_when_the_door_closes_and_so_do_those_to_come() -> None:
    both = lifetimes()
    began = asyncio.Barrier(3)

    async def live() -> None:
        async with both.until(9999.0):
            await began.wait()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(live())
        group.create_task(live())
        await began.wait()
        assert not both.is_over
        both.end_all()
        both.end_all()
    async with both.until(9999.0):
        await asyncio.Event().wait()
    assert both.is_over


async def test_what_ends_by_itself_is_left_alone() -> None:
    both = lifetimes()
    async with both.until(9999.0):
        pass
    both.end_all()


async def test_a_timeout_of_the_stream_itself_is_not_swallowed() -> None:
    with pytest.raises(TimeoutError):
        async with lifetimes().until(9999.0):
            raise TimeoutError


async def test_cancelling_a_stream_is_not_swallowed() -> None:
    async def live() -> None:
        async with lifetimes().until(9999.0):
            await asyncio.Event().wait()

    task = asyncio.get_running_loop().create_task(live())
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()
