"""Connections whose caller has not shown yet that it may come in: few, and not for long.

Anybody may connect to a TCP door and say nothing, or say it very slowly. What they hold is bounded here, in number
and time; who has shown the token is no stranger any more.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

MOST = 256
"""How many there may be; more are turned away."""

PATIENCE_S = 10.0
"""How long one may take, from connecting to a request that is let in."""


class Connection(Protocol):
    """A connection of a server. `transport` is None before and after."""

    @property
    def transport(self) -> asyncio.Transport | None:
        """What carries it."""
        ...


class Strangers:
    """All of one door. `later` calls a function after some seconds: a loop's `call_later`."""

    def __init__(self, later: Callable[[float, Callable[[], None]], object]) -> None:
        self._later = later
        self._waiting: set[Connection] = set()

    def arrived(self, connection: Connection) -> None:
        """Somebody connects. Where there is a crowd already, it goes at once, or after its TLS handshake."""
        if len(self._waiting) >= MOST:
            self._later(0.0, lambda: self._give_up(connection))
        self._waiting.add(connection)
        self._later(PATIENCE_S, lambda: self._forget(connection))

    def let_in(self, connection: object) -> None:
        """Somebody has shown that it may come in."""
        self._waiting.discard(connection)

    def _give_up(self, connection: Connection) -> None:
        # Before its TLS handshake is over it has no transport to cut; that has a shorter bound of its own.
        if connection in self._waiting and connection.transport is not None:
            self._waiting.discard(connection)
            connection.transport.abort()

    def _forget(self, connection: Connection) -> None:
        self._give_up(connection)
        self._waiting.discard(connection)
