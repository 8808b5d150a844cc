"""How long to wait before trying again: doubling, bounded, and never the same for a thousand agents at once."""

import random
from collections.abc import Callable


def luck() -> float:
    """A number from 0 to 1 that spreads agents over time; nothing secret hangs on it."""
    return random.random()  # noqa: S311


class Backoff:
    """Waits of at most `first_s`, then twice that, up to `most_s`; each drawn from its upper half."""

    __slots__ = ("_first_s", "_luck", "_most_s", "_next_s")

    def __init__(self, first_s: float, most_s: float, draw: Callable[[], float] = luck) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._next_s = first_s
        self._luck = draw

    def next_s(self) -> float:
        """The wait now due, in seconds; the one after it will be longer."""
        wait = self._next_s * (0.5 + self._luck() / 2)
        self._next_s = min(self._next_s * 2, self._most_s)
        return wait

    def reset(self) -> None:
        """It worked: the next trouble is a new one."""
        self._next_s = self._first_s
