"""Envoy's admin interface over its Unix socket: is it ready, what does it count, leave."""

import asyncio
import enum
from pathlib import Path

from tulle.agent.proxy import http1

_TIMEOUT_S = 5.0
_LARGEST_ANSWER = 32 * 1024 * 1024


class AdminError(Exception):
    """Envoy did not answer, or not with 200. It may be restarting: callers ask again."""


class AdminSilentError(AdminError):
    """Envoy is there and says nothing: it hangs, or its host does."""


class Pulse(enum.Enum):
    """How an Envoy is: it serves; it waits for configuration; nobody listens; somebody listens and says nothing."""

    READY = enum.auto()
    WAITING = enum.auto()
    AWAY = enum.auto()
    SILENT = enum.auto()


class Admin:
    """Questions to one Envoy. Each is a connection of its own: there are few, and none may hang another."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def is_ready(self) -> bool:
        """Whether it has its first configuration and serves."""
        return await self.pulse() is Pulse.READY

    async def pulse(self, patience_s: float = _TIMEOUT_S) -> Pulse:
        """How it is, as far as it says so in that time."""
        try:
            answer = await self._ask("GET", "/ready", patience_s)
        except AdminSilentError:
            return Pulse.SILENT
        except AdminError:
            return Pulse.AWAY
        return Pulse.READY if answer.status == 200 else Pulse.WAITING

    async def stats(self, query: str) -> bytes:
        """`/stats` with a query such as `format=json&usedonly`."""
        return await self._ok("GET", f"/stats?{query}")

    async def config_dump(self) -> bytes:
        """Everything it was told, as JSON; secrets redacted by Envoy."""
        return await self._ok("GET", "/config_dump?include_eds")

    async def log_levels(self, query: str = "") -> str:
        """`/logging`, with a change such as `level=debug` or `http=trace`: every logger's level, one a line."""
        return (await self._ok("POST", f"/logging?{query}" if query else "/logging")).decode()

    async def quit(self) -> None:
        """Ask it to exit at once."""
        await self._ok("POST", "/quitquitquit")

    async def _ok(self, method: str, target: str) -> bytes:
        answer = await self._ask(method, target)
        if answer.status != 200:
            raise AdminError(f"{target}: Envoy answered {answer.status}")
        return answer.body

    async def _ask(self, method: str, target: str, timeout_s: float = _TIMEOUT_S) -> http1.Answer:
        try:
            async with asyncio.timeout(timeout_s):
                reader, writer = await asyncio.open_unix_connection(str(self._socket))
                return await http1.ask(
                    reader, writer, method, target, host="envoy", limit=_LARGEST_ANSWER
                )
        except TimeoutError as error:
            raise AdminSilentError(f"{target}: no answer in {timeout_s:g} s") from error
        except (OSError, http1.BadAnswerError) as error:
            raise AdminError(f"{target}: {error}") from error
