"""Counts visits in Redis over one long connection: the little of its protocol that takes."""

import asyncio

from tulle.demo.environment import Address

LIMIT_S = 5.0
"""How long one command may take, connecting included."""


class VisitsError(Exception):
    """Redis was not reachable, or answered something else than a number."""


class Visits:
    """A counter. One command at a time; a connection somebody closed is opened anew, once."""

    def __init__(self, redis: Address) -> None:
        self._redis = redis
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()

    async def count(self) -> int:
        """One visit more; the number so far."""
        async with self._turn:
            try:
                return await self._increment()
            except (OSError, EOFError):
                # Connections end when proxies drain. Counting twice is no harm here: try once again.
                self.close()
            try:
                return await self._increment()
            except (OSError, EOFError) as exc:
                self.close()
                raise VisitsError(f"redis at {self._redis}: {exc}") from exc

    def close(self) -> None:
        """Let go of the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _increment(self) -> int:
        async with asyncio.timeout(LIMIT_S):
            if self._streams is None:
                self._streams = await asyncio.open_connection(*self._redis)
            reader, writer = self._streams
            writer.write(b"*2\r\n$4\r\nINCR\r\n$6\r\nvisits\r\n")
            await writer.drain()
            return integer_reply(await reader.readuntil(b"\r\n"))


def integer_reply(line: bytes) -> int:
    """The number in a RESP integer reply, such as `:42`."""
    if not line.startswith(b":"):
        raise VisitsError(f"redis answered {line.decode(errors='replace').strip()!r}")
    return int(line[1:])
