"""`/tulle/v1/store/…`: a backup of the running server, and a look at whether its store and keys are whole.

Both through the Unix socket alone: a backup holds everything, and who has a token of the API has not the keys.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import msgspec
from aiohttp import web

from tulle import __version__
from tulle.api.bodies import Request, read, reply
from tulle.api.checks import Check, Report
from tulle.api.doors.guards import BY_SOCKET, CALLER
from tulle.api.errors import ApiError
from tulle.reconcile.statuses import timestamp
from tulle.store.backups.archive import Contents, Lock
from tulle.store.backups.inspection import inspect
from tulle.store.backups.taking import Seal, packed
from tulle.store.keys import KeyFiles


class Imaged(Protocol):
    """A store that can show itself as a database file."""

    async def image(self) -> bytes:
        """The whole of it, now."""
        ...


class SealWith(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The key to seal a backup with, and how it came from a passphrase, which stays with the caller."""

    key: bytes
    lock: Lock

    def __repr__(self) -> str:
        return "SealWith(redacted)"


class Wanted(Request, frozen=True, kw_only=True):
    """What a backup should be. With keys it has to be sealed."""

    with_keys: bool = True
    seal: SealWith | None = None


@dataclass(frozen=True, slots=True)
class Custody:
    """The handlers. `clock` gives Unix seconds."""

    store: Imaged
    keys: KeyFiles
    clock: Callable[[], float]

    async def backup(self, request: web.Request) -> web.Response:
        """The file of a backup; the server goes on meanwhile."""
        _check_door(request)
        wanted = await read(request, Wanted)
        seal = Seal(wanted.seal.lock, wanted.seal.key) if wanted.seal else None
        contents = await self._contents(with_keys=wanted.with_keys)
        when = timestamp(self.clock())
        data = await asyncio.to_thread(packed, contents, __version__, when, seal)
        response = web.Response(body=data, content_type="application/octet-stream")
        response.headers["Cache-Control"] = "no-store"
        return response

    async def check(self, request: web.Request) -> web.Response:
        """Everything there is to say about store and keys."""
        _check_door(request)
        contents = await self._contents(with_keys=True)
        found = await asyncio.to_thread(inspect, contents, self.clock())
        checks = tuple(
            Check(name=f.name, status=f.status, message=f.message, hint=f.hint) for f in found
        )
        return reply(Report(checks=checks))

    async def _contents(self, *, with_keys: bool) -> Contents:
        image = await self.store.image()
        return Contents(image, self.keys.read_all() if with_keys else {})


def _check_door(request: web.Request) -> None:
    if request[CALLER] != BY_SOCKET:
        hint = "use `tulle store` on the machine of the server"
        raise ApiError(403, "socket-only", "this is told through the Unix socket alone", hint)
