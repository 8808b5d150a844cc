"""What a carrier and who lives behind its proxy know of each other.

Both sides have several forms: the proxy may be carried in this process (`carrier`) or by the host's agent, the
tenant may be a child of ours (`programs.tenant`) or live elsewhere. Any fits any.
"""

from pathlib import Path
from typing import Protocol

import msgspec

from tulle.agent.deadline import Deadline
from tulle.agent.programs.children import Inside
from tulle.model.kinds.workload import BoundUpstream


class Given(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a proxy that is ready gives its tenant: where it finds its upstreams, and where it is to live.

    `cgroup` and `netns` are paths, "" where any place will do; so is `resolv_conf`, the file it is to see as
    /etc/resolv.conf. `mark` is what connections to the program bear that ask how it is, 0 for nothing. It crosses
    the socket of the host's agent, whose version may be another one: fields are only ever added.
    """

    upstreams: tuple[BoundUpstream, ...] = ()
    http_proxy_port: int | None = None
    cgroup: str = ""
    netns: str = ""
    mark: int = 0
    resolv_conf: str = ""

    @property
    def inside(self) -> Inside:
        """Where the program runs."""
        places = (self.cgroup, self.netns, self.resolv_conf)
        return Inside(*(Path(place) if place else None for place in places))


class Carried(Protocol):
    """A workload whose proxy is ready, as its tenant sees it."""

    @property
    def given(self) -> Given:
        """What the program is to know before it starts."""
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
