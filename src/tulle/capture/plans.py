"""What shall be captured, of whom, and where it goes: all that a set of rules is made of.

Two scopes. `ProgramScope` is one program among others on a host: its processes are told apart by their control
group. `NamespaceScope` is a whole network namespace: everything in it but the proxy.
"""

import ipaddress
from dataclasses import dataclass

from tulle.model.names import WorkloadRef

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Cgroup:
    """A control group of version 2, as `nft` names it: its path below /sys/fs/cgroup.

    `level` counts from the root of the version 2 tree, which may be mounted below that folder: with the tree in
    `unified`, `unified/tulle/a/app` has level 3.
    """

    path: str
    level: int


@dataclass(frozen=True, slots=True)
class Exclusions:
    """What passes by the proxy. Users and groups are numbers; an empty field excludes nothing."""

    outbound_ports: tuple[int, ...] = ()
    outbound_networks: tuple[Network, ...] = ()
    users: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    inbound_ports: tuple[int, ...] = ()
    inbound_networks: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class ProgramScope:
    """One program of a host: the processes in `cgroup`, which listen on `ports` at `address`."""

    cgroup: Cgroup
    ports: tuple[int, ...]
    address: Address


@dataclass(frozen=True, slots=True)
class NamespaceScope:
    """Everything in a network namespace. `open_ports` are the proxy's own, for callers from elsewhere."""

    open_ports: tuple[int, ...]


Scope = ProgramScope | NamespaceScope


@dataclass(frozen=True, slots=True)
class Plan:
    """The capture of one workload.

    `table` names the nftables table, which is this workload's alone. `proxy` is the control group its Envoy runs
    in: what comes from there is never captured. `outbound_port` and `inbound_port` are the proxy's, entered by
    redirection only. `token` marks connections that may reach the program past its proxy: random, and nobody's
    to guess. With `dns_port`, questions to any name server go to that port of loopback.
    """

    table: str
    workload: WorkloadRef
    scope: Scope
    proxy: Cgroup
    outbound_port: int
    inbound_port: int
    token: int
    exclusions: Exclusions = Exclusions()
    dns_port: int | None = None
