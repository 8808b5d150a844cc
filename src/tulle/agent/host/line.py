"""A connection on the agent's socket as frames: lines in, lines out, bounded on both sides."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Generic, TypeVar

from tulle.agent.host.frames import LONGEST, HostFrame, MalformedError, encode

FrameT = TypeVar("FrameT", bound=HostFrame)

_MOST_UNREAD = 1024 * 1024
"""Bytes somebody may leave unread before we hang up: a process that is stopped reads nothing."""


_FLUSH_S = 1.0


class Line(Generic[FrameT]):
    """Frames from and to one peer. `read` tells a frame from a line."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        read: Callable[[bytes], FrameT | None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._read = read

    def send(self, frame: HostFrame) -> None:
        """Say it; never waits. To who has hung up, nothing is said."""
        if self._writer.is_closing():
            return
        self._writer.write(encode(frame))
        if self._writer.transport.get_write_buffer_size() > _MOST_UNREAD:
            self._writer.transport.abort()

    async def receive(self) -> FrameT | None:
        """The next frame this version knows; None when the peer hung up, or said what is no frame."""
        while True:
            try:
                line = await self._reader.readuntil(b"\n")
                frame = self._read(line)
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
                return None
            except MalformedError:
                return None
            if frame is not None:
                return frame

    def close(self) -> None:
        """Hang up, once what was said is sent."""
        self._writer.close()

    async def closed(self) -> None:
        """Hang up, and return when that is done; who does not read is not waited for."""
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_FLUSH_S):
                await self._writer.wait_closed()


async def connect(path: str, read: Callable[[bytes], FrameT | None]) -> Line[FrameT]:
    """A line to who listens at a path. Raises OSError."""
    reader, writer = await asyncio.open_unix_connection(path, limit=LONGEST)
    return Line(reader, writer, read)
