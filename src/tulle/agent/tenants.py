"""What a carrier and who lives behind its proxy know of each other.

Both sides have several forms: the proxy may be carried in this process (`carrier`) or by the host's agent, the
tenant may be a child of ours (`programs.tenant`) or live elsewhere. Any fits any.
"""

from typing import Protocol

from tulle.agent.deadline import Deadline
from tulle.model.wire import Register


class Carried(Protocol):
    """A workload whose proxy is ready, as its tenant sees it."""

    @property
    def register(self) -> Register:
        """Where the proxy listens."""
        ...

    @property
    def proxy_runs(self) -> bool:
        """Whether the proxy serves right now: it may be starting again."""
        ...

    def report_health(self, healthy: bool, reason: str) -> None:
        """The program can take traffic from now on, or cannot."""
        ...

    async def leave(self, deadline: Deadline) -> None:
        """Have callers told not to come any more."""
        ...

    async def drain(self, deadline: Deadline) -> None:
        """Leave, then wait for callers; what is left of the deadline is the program's."""
        ...


class Tenant(Protocol):
    """Who lives behind a proxy."""

    def check(self) -> None:
        """What would fail later and can be known now. Raises AgentError."""
        ...

    async def live(self, carried: Carried) -> int:
        """From a proxy that is ready to one that may end: an exit code, as a shell would say it."""
        ...
