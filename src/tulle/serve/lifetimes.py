"""How long streams live: until their caller's certificate ends, or the door closes.

Agents come back with their next certificate, or to the next control plane; an end in good order tells them
sooner than a broken connection would.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager


class Lifetimes:
    """Of the streams of one service. `clock` counts Unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._running: set[asyncio.Timeout] = set()
        self.is_over = False
        """The door closes: what ends now ends for that reason."""

    @asynccontextmanager
    async def until(self, not_after: float) -> AsyncGenerator[None]:
        """Leave the block, without an error, when the certificate ends or all streams have to."""
        limit = asyncio.timeout(0 if self.is_over else max(0.0, not_after - self._clock()))
        try:
            async with limit:
                self._running.add(limit)
                yield
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            self._running.discard(limit)

    def end_all(self) -> None:
        """The door closes: every stream ends now, and so does every one to come."""
        self.is_over = True
        now = asyncio.get_running_loop().time()
        for limit in self._running:
            if not limit.expired():
                limit.reschedule(now)
