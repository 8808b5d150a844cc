"""When to start work on changes: once they pause, and never much later than the first of them."""

import asyncio
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Window:
    """Wait for `quiet_s` without a change, but no longer than `longest_s` after the first one (seconds)."""

    quiet_s: float = 0.05
    longest_s: float = 1.0

    def remaining(self, first: float, last: float, now: float) -> float:
        """Seconds to wait yet, given when the first and the latest change came; 0 or less: start."""
        return min(last + self.quiet_s, first + self.longest_s) - now


class Coalescer(Generic[T]):
    """Gathers what happens until the window says it is time. One taker; anybody puts, on the same loop."""

    def __init__(self, window: Window | None = None) -> None:
        self._window = window or Window()
        self._items: list[T] = []
        self._first = 0.0
        self._last = 0.0
        self._arrived = asyncio.Event()

    @property
    def is_empty(self) -> bool:
        """Whether nothing has happened since the last taking."""
        return not self._items

    def put(self, item: T) -> None:
        """Something happened."""
        self._last = asyncio.get_running_loop().time()
        if not self._items:
            self._first = self._last
        self._items.append(item)
        self._arrived.set()

    async def take(self) -> tuple[T, ...]:
        """Everything since the last taking, in order, once the window has closed over it."""
        await self._arrived.wait()
        loop = asyncio.get_running_loop()
        while (delay := self._window.remaining(self._first, self._last, loop.time())) > 0:  # noqa: ASYNC110 - puts move the end
            await asyncio.sleep(delay)
        return self._drain()

    async def take_now(self) -> tuple[T, ...]:
        """Like `take` without the waiting for quiet: for who is in the middle of work and needs the rest."""
        await self._arrived.wait()
        return self._drain()

    def _drain(self) -> tuple[T, ...]:
        items, self._items = tuple(self._items), []
        self._arrived.clear()
        return items
