"""A client of watches: reads lines, and knows when there are none."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from tests.unit.api.servers import WAIT_S, Api


@dataclass
class Watch:
    """An answer that goes on."""

    response: aiohttp.ClientResponse
    seen: list[dict[str, Any]] = field(default_factory=list)

    async def next(self) -> dict[str, Any]:
        """The next line; fails if the watch has ended, or none comes."""
        async with asyncio.timeout(WAIT_S):
            line = await self.response.content.readline()
        assert line, "the watch has ended"
        event: dict[str, Any] = json.loads(line)
        self.seen.append(event)
        return event

    async def rest(self) -> list[dict[str, Any]]:
        """Everything until it ends."""
        async with asyncio.timeout(WAIT_S):
            return [json.loads(line) async for line in self.response.content]

    async def told(self, count: int) -> list[tuple[str, str]]:
        """Type and name of the next few."""
        events = [await self.next() for _ in range(count)]
        return [(e["type"], e["object"]["metadata"].get("name", "")) for e in events]


@asynccontextmanager
async def watching(api: Api, path: str, accept: str = "application/json") -> AsyncIterator[Watch]:
    """A watch; `path` comes with its query."""
    async with api.client.get(f"http://tulle{path}", headers={"Accept": accept}) as response:
        assert response.status == 200, await response.text()
        yield Watch(response)
