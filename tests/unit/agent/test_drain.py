import asyncio

from tulle.agent.drain import Deadline, wait_for_callers


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


async def test_work_that_is_done_in_time_gives_its_result():
    async def work() -> str:
        return "done"

    assert await Deadline(60).within(work()) == "done"


async def test_work_is_given_up_at_the_deadline_or_when_somebody_is_in_a_hurry():
    assert await Deadline(0.01).within(asyncio.Event().wait()) is None

    deadline = Deadline(60)
    asyncio.get_running_loop().call_soon(deadline.hurry)
    assert await asyncio.wait_for(deadline.within(asyncio.Event().wait()), 5) is None


async def test_patience_lasts_until_the_deadline_but_a_while_in_any_case():
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await Deadline(0).patience(0.05)
    assert loop.time() - begun >= 0.05

    deadline = Deadline(60)
    loop.call_soon(deadline.hurry)
    await asyncio.wait_for(deadline.patience(0.0), 5)


async def test_a_deadline_never_has_less_than_nothing_left():
    assert Deadline(-1).left_s == 0
