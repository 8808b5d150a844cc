import asyncio
import signal

from tulle.agent.deadline import Deadline, Stop


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


async def test_who_was_asked_to_end_does_not_finish_the_work():
    stop = Stop()
    asyncio.get_running_loop().call_soon(stop.ask, signal.SIGINT)

    assert not await asyncio.wait_for(stop.before(asyncio.Event().wait()), 5)
    assert stop.code == 128 + signal.SIGINT


async def test_work_done_before_anybody_asked_for_the_end_counts():
    assert await Stop().before(asyncio.sleep(0))


async def test_asked_twice_the_deadline_is_over():
    stop = Stop()
    stop.ask()
    deadline = stop.by(60)
    assert deadline.left_s > 0
    stop.ask(signal.SIGINT)

    assert deadline.left_s == 0
    assert stop.signum == signal.SIGINT
