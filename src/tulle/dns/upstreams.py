"""Which server is asked next: the first that is not known to be silent, the others after it."""

from dataclasses import dataclass, field

SILENT_S = 10.0
"""Seconds a server that did not answer stands behind the others."""

TRY_S = 1.5
"""Seconds one server gets."""

TOTAL_S = 4.5
"""Seconds all of them get: below the 5 s after which glibc asks again."""


@dataclass(frozen=True, slots=True, order=True)
class Server:
    """Where questions are sent."""

    address: str
    port: int = 53

    def __str__(self) -> str:
        return f"{self.address}#{self.port}"


@dataclass(slots=True)
class Standing:
    """What is known of servers' silence; `now` is a number of seconds that only grows."""

    silent_since: dict[Server, float] = field(default_factory=dict)

    def in_order(self, servers: tuple[Server, ...], now: float) -> tuple[Server, ...]:
        """As configured, but the silent ones last, the longest silent first: it may be back."""
        silent = {
            server: since
            for server, since in self.silent_since.items()
            if now - since < SILENT_S and server in servers
        }
        heard = [server for server in servers if server not in silent]
        return (*heard, *sorted(silent, key=lambda server: silent[server]))

    def heard(self, server: Server) -> None:
        """It answered."""
        self.silent_since.pop(server, None)

    def silent(self, server: Server, now: float) -> None:
        """It did not answer in time, or its host says that nobody listens."""
        self.silent_since[server] = now
