"""When Python's cycle collector runs in a control plane.

A mesh in memory is a million immutable values without cycles: reference counts free them the moment they are
replaced. A full collection looks at each of them nevertheless and stops everything meanwhile, at 1,000 proxies
for 0.4 s and once in two changes. So it runs on a timetable instead, for what dead streams leave behind; young
objects are collected as always, in larger lots.
"""

import asyncio
import gc
from collections.abc import Generator
from contextlib import contextmanager

EVERY_S = 600.0
"""Time from one full collection to the next."""

_YOUNG, _LOTS = 50_000, 5
"""Objects that make a young collection due, and how many of those a middle one."""

_NEVER = 1_000_000
"""Middle collections that make a full one due, if nobody asks for it earlier."""


@contextmanager
def unhurried() -> Generator[None]:
    """No full collection inside the block but those `run` makes."""
    before = gc.get_threshold()
    gc.set_threshold(_YOUNG, _LOTS, _NEVER)
    try:
        yield
    finally:
        gc.set_threshold(*before)


async def run(every_s: float = EVERY_S) -> None:
    """Collect everything now and then, until cancelled."""
    while True:
        await asyncio.sleep(every_s)
        gc.collect()
