"""The collector's timetable."""

import asyncio
import gc
import weakref

from tulle.ops import garbage


class Loop:
    """Garbage only a collection finds."""

    def __init__(self) -> None:
        self.me = self


def test_full_collections_do_not_come_by_themselves_and_the_old_habit_returns() -> None:
    before = gc.get_threshold()

    with garbage.unhurried():
        assert gc.isenabled()
        assert gc.get_threshold()[2] > before[2] * 1000

    assert gc.get_threshold() == before


async def test_cycles_are_collected_on_the_timetable() -> None:
    with garbage.unhurried():
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            task = group.create_task(garbage.run(every_s=0.001))
            gc.collect()  # what is old already is not looked at by young collections
            loop = Loop()
            gc.collect()
            ghost = weakref.ref(loop)
            gone = asyncio.Event()
            weakref.finalize(loop, gone.set)
            del loop
            await gone.wait()
            task.cancel()

    assert ghost() is None
