"""What an agent tells whoever runs it: `tulle run` prints notices, `tulle up` draws a table and prefixes output."""

from collections.abc import Callable
from dataclasses import dataclass

from tulle.model.kinds.workload import BoundUpstream
from tulle.model.names import WorkloadRef


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should read now; one sentence without a full stop."""

    text: str


@dataclass(frozen=True, slots=True)
class Joined:
    """The control plane gave it a name and an identity, or it found its own from last time (`cached`)."""

    workload: WorkloadRef
    cached: bool


@dataclass(frozen=True, slots=True)
class ProxyReady:
    """Its Envoy has its configuration and listens."""

    upstreams: tuple[BoundUpstream, ...]
    http_proxy_port: int | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """The program runs."""

    pid: int


@dataclass(frozen=True, slots=True)
class HealthChanged:
    """The program can, or cannot, take traffic, and why."""

    healthy: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Output:
    """A line the program wrote to `stdout` or `stderr`; only when the runner asked for lines."""

    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class Exited:
    """The program ended with this code, as a shell would report it."""

    code: int


AgentEvent = Notice | Joined | ProxyReady | Started | HealthChanged | Output | Exited

Observer = Callable[[AgentEvent], None]
