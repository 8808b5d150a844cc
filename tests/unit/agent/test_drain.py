import asyncio

from tulle.agent.deadline import Deadline
from tulle.agent.drain import wait_for_callers


async def counting(*counts: int):
    left = list(counts)

    async def count() -> int:
        return left.pop(0) if len(left) > 1 else left[0]

    return count


async def test_it_is_over_when_nobody_is_connected():
    notices = []
    await wait_for_callers(await counting(2, 1, 0), Deadline(60), notices.append)

    assert notices == []


async def test_at_the_deadline_who_is_left_is_told():
    notices = []
    await wait_for_callers(await counting(3), Deadline(0.05), notices.append)

    assert [notice.text for notice in notices] == [
        "3 connections are still open at the deadline and will be cut"
    ]


async def test_hurry_ends_the_wait_at_once():
    deadline = Deadline(60)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(wait_for_callers(await counting(1), deadline, lambda _: None))
        await asyncio.sleep(0)
        deadline.hurry()
        await asyncio.wait_for(waiting, 5)

    assert deadline.left_s == 0
