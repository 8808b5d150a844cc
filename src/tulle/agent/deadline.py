"""The wish that something ends, and how long that may take: made by who asks, heeded by `carrier` and tenants."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


class Deadline:
    """A moment by which it must be over. `hurry` moves it to now."""

    def __init__(self, seconds: float) -> None:
        self._hurried = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._ends = self._loop.time() + seconds

    @property
    def left_s(self) -> float:
        """Seconds, never below 0."""
        return 0.0 if self._hurried.is_set() else max(0.0, self._ends - self._loop.time())

    def hurry(self) -> None:
        """Somebody does not want to wait."""
        self._hurried.set()

    async def pause(self, seconds: float) -> None:
        """Wait, but not past the deadline."""
        try:
            async with asyncio.timeout(min(seconds, self.left_s)):
                await self._hurried.wait()
        except TimeoutError:
            return

    async def patience(self, least_s: float) -> None:
        """Wait until the deadline, but `least_s` in any case."""
        begun = self._loop.time()
        await self.pause(self.left_s)
        await asyncio.sleep(max(0.0, begun + least_s - self._loop.time()))

    async def within(self, work: Coroutine[None, None, T]) -> T | None:
        """The work's result; None, and it is given up, if it is not there by the deadline."""
        async with asyncio.TaskGroup() as group:
            working = group.create_task(work)
            waiting = group.create_task(self.pause(self.left_s))
            await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
            finished = working.done()
            working.cancel()
            waiting.cancel()
        return working.result() if finished else None


class Stop:
    """Whether a workload shall end, and by which signal. One per workload, asked for from anywhere."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.signum: int = signal.SIGTERM
        """What ends the program."""
        self._deadline: Deadline | None = None

    @property
    def code(self) -> int:
        """The exit code of who ends before it began, as a shell would say it."""
        return 128 + self.signum

    def ask(self, signum: int = signal.SIGTERM) -> None:
        """End. Asked again: do not wait for callers."""
        if self.asked.is_set() and self._deadline:
            self._deadline.hurry()
        self.signum = signum
        self.asked.set()

    def by(self, seconds: float) -> Deadline:
        """The ending has begun and has so long; who asks again from now on cuts it short."""
        self._deadline = Deadline(seconds)
        return self._deadline

    async def before(self, work: Coroutine[None, None, None]) -> bool:
        """Do the work; False if it was asked for the end before that was done."""
        async with asyncio.TaskGroup() as group:
            working = group.create_task(work)
            stopping = group.create_task(self.asked.wait())
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            finished = working.done()
            working.cancel()
            stopping.cancel()
        return finished
