"""Leaving without hurting anybody, by one deadline: first no new callers, then no callers, then the end.

The endpoint leaves everywhere before anything here stops: a request that is on its way arrives, one that is
being answered is answered. What is still open at the deadline is cut, and that is said.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

from tulle.agent.control.session import Session
from tulle.agent.events import Notice

T = TypeVar("T")

_LOOK_EVERY_S = 0.1


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


async def leave(session: Session, deadline: Deadline, tell: Callable[[Notice], None]) -> str:
    """Have the endpoint taken away everywhere; who could not be told is named.

    Returns the token to come back with, "" if the control plane gave none: then it still knows the workload.
    """
    left = await deadline.within(session.leave(deadline.left_s))
    if left is None:
        tell(Notice("the control plane is away: callers are not told that this workload leaves"))
    elif left.pending:
        tell(Notice(f"not known to have been told: {', '.join(left.pending)}"))
    return left.token if left else ""


async def wait_for_callers(
    open_connections: Callable[[], Awaitable[int]],
    deadline: Deadline,
    tell: Callable[[Notice], None],
) -> None:
    """Wait until nobody is connected, or the deadline.

    The server's side sees connections only. Callers' proxies close theirs to a workload that left as soon as
    no request is active on it, so for HTTP this means: until no request is active.
    """
    while (count := await open_connections()) and deadline.left_s:
        await deadline.pause(_LOOK_EVERY_S)
    if count:
        tell(Notice(f"{count} connections are still open at the deadline and will be cut"))
