"""Watches: answers that go on, a line for every event, until their time is up or the client is gone.

A client that does not read is not waited for: what is written is bounded by the connection's own buffer, and a
write that gets nowhere ends the watch. What a watch has missed meanwhile is in the history, or it is told with
410 to list again.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace

import msgspec
from aiohttp import web

from tulle.api.kube.reading.events import ADDED, Event, Scope, events_of
from tulle.api.kube.reading.forms import Form, bookmark, event
from tulle.api.kube.reading.history import History, Move
from tulle.api.kube.reading.queries import WatchQuery
from tulle.api.statuses import Status, failure
from tulle.model.worlds import World
from tulle.store.contract import Store

log = logging.getLogger(__name__)

DEFAULT_TIMEOUT_S = 2700.0
"""How long a watch lasts that does not say: clients begin the next one where it ended."""

BOOKMARK_S = 60.0
LOOK_S = 5.0
"""How often a quiet watch looks whether its client is still there."""

WRITE_S = 30.0
"""How long one write may take: a client that reads nothing for that long has gone, or should."""

_AT_ONCE = 64 * 1024
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Watching:
    """Writes watches. `clock` gives Unix seconds, for the ages in tables."""

    store: Store
    history: History
    clock: Callable[[], float]

    async def answer(
        self, request: web.Request, scope: Scope, query: WatchQuery, form: Form
    ) -> web.StreamResponse:
        """One watch, from its first line to its last."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        lines = _Lines(scope, query, form, self.clock)
        try:
            async with (
                asyncio.timeout(query.timeout_s or DEFAULT_TIMEOUT_S),
                aclosing(self._data(request, query, lines)) as chunks,
            ):
                async for data in chunks:
                    await _write(request, response, data)
        except TimeoutError:
            pass  # its time is up: that is how most watches end
        except ConnectionError:
            return response
        await _end(response)
        return response

    async def _data(
        self, request: web.Request, query: WatchQuery, lines: "_Lines"
    ) -> AsyncGenerator[bytes]:
        world = await self.store.world()
        if query.initial:
            for chunk in lines.initial(world):
                yield chunk
        revision = world.revision if query.initial or query.after is None else query.after
        if revision > world.revision:
            yield lines.expired(revision)
            return
        await self.history.reach(revision)
        while not self.history.closed and not _is_gone(request):
            moves = self.history.after(revision)
            if moves is None:
                yield lines.expired(revision)
                return
            for chunk in lines.of(moves):
                yield chunk
            revision += len(moves)
            if data := lines.mark(revision):
                yield data
            await self.history.wait(revision, LOOK_S)


class _Lines:
    """The lines of one watch, as bytes."""

    def __init__(
        self, scope: Scope, query: WatchQuery, form: Form, clock: Callable[[], float]
    ) -> None:
        self._scope = scope
        self._query = query
        self._form = form
        self._clock = clock
        self._first = True
        self._marked_at = clock()

    def initial(self, world: World) -> Iterator[bytes]:
        """What there is, and where asked for a bookmark that says that this was all."""
        found = (r for r in world.all(self._scope.kind) if self._scope.wants(r))
        yield from _chunks(self._line(Event(ADDED, resource)) for resource in found)
        if self._query.marked:
            yield self._bookmark(world.revision, initial_end=True)

    def of(self, moves: Iterable[Move]) -> Iterator[bytes]:
        """Everything about some revisions."""
        yield from _chunks(self._line(found) for found in events_of(moves, self._scope))

    def mark(self, revision: int) -> bytes:
        """A bookmark, where asked for and due; else nothing."""
        # A clock that was set back makes a bookmark due: better one too many than none for as long.
        quiet = 0 <= self._clock() - self._marked_at < BOOKMARK_S
        if quiet or not self._query.bookmarks:
            return b""
        return self._bookmark(revision, initial_end=False)

    def expired(self, revision: int) -> bytes:
        """The last line of a watch that cannot go on from a revision."""
        return _encode({"type": "ERROR", "object": expired(revision)}) + b"\n"

    def _bookmark(self, revision: int, *, initial_end: bool) -> bytes:
        self._marked_at = self._clock()
        line = bookmark(self._scope.kind, revision, self._form, initial_end=initial_end)
        return _encode(line) + b"\n"

    def _line(self, found: Event) -> bytes:
        form = replace(self._form, now=self._clock())
        line = event(found.type, found.resource, form, first=self._first)
        self._first = False
        return _encode(line) + b"\n"


def _chunks(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines in writes of some size: large sets must not lie in memory once for each watch."""
    gathered: list[bytes] = []
    size = 0
    for line in lines:
        gathered.append(line)
        size += len(line)
        if size > _AT_ONCE:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)


def expired(revision: int) -> Status:
    """That a revision is not remembered: Kubernetes' 410."""
    message = f"too old resource version: {revision} is not kept any more"
    return failure(410, message)


async def _write(request: web.Request, response: web.StreamResponse, data: bytes) -> None:
    try:
        async with asyncio.timeout(WRITE_S):
            await response.write(data)
    except TimeoutError:
        log.info("a watch was not read, so it was ended", extra={"path": request.path})
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("a watch was not read") from None


async def _end(response: web.StreamResponse) -> None:
    try:
        async with asyncio.timeout(WRITE_S):
            await response.write_eof()
    except (TimeoutError, ConnectionError):
        return


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()
