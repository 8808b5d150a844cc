"""What `tulle agent status` shows: the agent and each workload it carries, as values."""

from typing import Literal

import msgspec

Phase = Literal["joining", "starting", "serving", "leaving"]


class Carries(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One workload. `name` is NAMESPACE/NAME, "" before it joined; `owner` the process of its `tulle run`, if any.

    `source` is the file that declares it, "" for those that came through the door; times are Unix seconds.
    """

    name: str
    account: str
    uid: int
    phase: Phase
    healthy: bool = False
    reason: str = ""
    owner: int | None = None
    source: str = ""
    proxy_pid: int | None = None
    mtls_port: int | None = None
    certificate_ends: float | None = None
    capture: str = ""
    state_dir: str = ""
    error: str = ""


class HostReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The agent itself and all it carries, by name. Memory is what it shares with nobody, in bytes."""

    version: str
    pid: int
    uid: int
    socket: str
    since: float
    memory: int | None = None
    workloads: tuple[Carries, ...] = ()
