"""Visitors of the shop: an open loop, so a slow answer never slows the questions down."""

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp

from tulle.demo.environment import Address, address

MOST_AT_ONCE = 100
"""More than this in flight means the shop hangs: further visits are given up, and counted."""
LIMIT_S = 10.0
REPORT_EVERY_S = 10.0


@dataclass(slots=True)
class Tally:
    """How visits went, since the start."""

    answered: int = 0
    failed: int = 0
    given_up: int = 0

    def __str__(self) -> str:
        return f"{self.answered} answered, {self.failed} failed, {self.given_up} given up"


def due(started: float, now: float, rate: float) -> int:
    """How many visits should have begun by now, at `rate` per second."""
    return int((now - started) * rate)


async def visit(session: aiohttp.ClientSession, url: str, tally: Tally) -> None:
    """One visit; a failure is counted, never raised."""
    try:
        async with session.get(url) as response:
            await response.read()
            ok = response.status < 500
    except (aiohttp.ClientError, TimeoutError):
        ok = False
    if ok:
        tally.answered += 1
    else:
        tally.failed += 1


async def keep_visiting(
    shop: Address, rate: float, tally: Tally, say: Callable[[str], None]
) -> None:
    """Visit for ever, at a steady rate whatever the answers do."""
    loop = asyncio.get_running_loop()
    started, begun, reported = loop.time(), 0, loop.time()
    url = f"http://{shop}/"
    timeout = aiohttp.ClientTimeout(total=LIMIT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as group:
        running: set[asyncio.Task[None]] = set()
        while True:
            while begun < due(started, loop.time(), rate):
                begun += 1
                if len(running) >= MOST_AT_ONCE:
                    tally.given_up += 1
                    continue
                task = group.create_task(visit(session, url, tally), name="visit")
                running.add(task)
                task.add_done_callback(running.discard)
            if loop.time() - reported >= REPORT_EVERY_S:
                reported = loop.time()
                say(str(tally))
            await asyncio.sleep(max(0.0, started + (begun + 1) / rate - loop.time()))


async def run(shop: Address, rate: float) -> None:
    """Visit until SIGTERM or Ctrl-C."""
    tally = Tally()
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await keep_visiting(shop, rate, tally, lambda line: print(line, flush=True))
    except asyncio.CancelledError:
        print(tally, flush=True)


def main() -> None:
    """Visit `SHOP_ADDR`, `RATE` times a second (5)."""
    asyncio.run(run(address("SHOP_ADDR"), float(os.environ.get("RATE", "5"))))


if __name__ == "__main__":
    main()
