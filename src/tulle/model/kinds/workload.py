"""Workload: one running instance with its proxy, on any machine. tulle.dev/v1."""

from typing import Annotated, ClassVar, Literal

import msgspec

from tulle.model.lists import keyed
from tulle.model.resources import Conditions, PortName, PortNumber, Resource, Value


class WorkloadPort(Value, frozen=True, kw_only=True):
    """A port the program listens on. `app_protocol` may come from the Service instead."""

    port: PortNumber
    name: PortName = ""
    app_protocol: str = ""


class Locality(Value, frozen=True, kw_only=True):
    """Where it runs, from large to small."""

    region: str = ""
    zone: str = ""


class Upstream(Value, frozen=True, kw_only=True):
    """A service this workload calls, on a loopback listener of its proxy (capture mode `none`)."""

    service: Annotated[str, msgspec.Meta(description="Name of a Service or ExternalService.")]
    port: PortNumber
    namespace: Annotated[str, msgspec.Meta(description="The workload's own by default.")] = ""
    local_port: Annotated[
        PortNumber | None,
        msgspec.Meta(description="Loopback port to listen on; a free one by default."),
    ] = None


class HttpProxy(Value, frozen=True, kw_only=True):
    """One loopback port that reaches every upstream by its name, as programs that know HTTP_PROXY ask for it."""

    port: Annotated[
        PortNumber | None,
        msgspec.Meta(description="Loopback port to listen on; a free one by default."),
    ] = None


class WorkloadSpec(Value, frozen=True, kw_only=True):
    """What it is, where it listens, whom it calls."""

    address: Annotated[str, msgspec.Meta(description="Where other hosts reach its proxy.")]
    service_account_name: str = "default"
    ports: Annotated[tuple[WorkloadPort, ...], keyed("port")] = ()
    upstreams: tuple[Upstream, ...] = ()
    http_proxy: HttpProxy | None = None
    locality: Locality = Locality()


class BoundUpstream(Value, frozen=True, kw_only=True):
    """An upstream with the loopback port its proxy really listens on."""

    service: str
    namespace: str
    port: PortNumber
    local_port: PortNumber


class BoundPort(Value, frozen=True, kw_only=True):
    """A port of the program, and the port of its proxy that takes plaintext for it where that is allowed."""

    port: PortNumber
    proxy_port: PortNumber


class ProbePort(Value, frozen=True, kw_only=True):
    """A port of the proxy that answers GET of one path with what the program says to it: for plaintext probes."""

    port: PortNumber
    program_port: PortNumber
    path: Annotated[str, msgspec.Meta(pattern=r"^/", max_length=1024)] = "/"


class BoundCapture(Value, frozen=True, kw_only=True):
    """How the program's traffic is captured, and where at its proxy captured connections arrive.

    `cgroup` captures one program of a host, `netns` everything in a network namespace.
    """

    mode: Literal["cgroup", "netns"]
    outbound_port: PortNumber
    inbound_port: PortNumber
    ipv6: bool = True
    probes: tuple[ProbePort, ...] = ()


class UsedService(Value, frozen=True, kw_only=True):
    """A service whose name a captured program has asked for."""

    service: str
    namespace: str


class AccessEpoch(Value, frozen=True, kw_only=True):
    """How often the callers of a port were narrowed: each time, connections older than that are drained.

    `callers` is a digest of who was let in when this was written ("" everyone): a control plane that was
    killed between a narrowing and its epoch finds the two apart when it starts again.
    """

    port: PortNumber
    epoch: int
    callers: str = ""


class ProxyStatus(Value, frozen=True, kw_only=True):
    """What its agent reported: ports are allocated per workload and recorded here."""

    mtls_port: PortNumber
    plaintext_ports: tuple[BoundPort, ...] = ()
    upstreams: tuple[BoundUpstream, ...] = ()
    http_proxy_port: PortNumber | None = None
    capture: BoundCapture | None = None
    used: Annotated[
        tuple[UsedService, ...],
        msgspec.Meta(description="Services whose names its program has asked for."),
    ] = ()
    dns_port: Annotated[
        PortNumber | None,
        msgspec.Meta(
            description="Where its agent answers DNS for the program; none if it does not."
        ),
    ] = None
    version: str = ""


class WorkloadStatus(Value, frozen=True, kw_only=True):
    """Conditions: Ready (the program's health), Draining, Programmed (its proxy has the configuration),
    ProxyCurrent (its Envoy is the one that is wanted; there once one was not)."""

    proxy: ProxyStatus | None = None
    access_epochs: tuple[AccessEpoch, ...] = ()
    conditions: Conditions = ()


class Workload(Resource, frozen=True, kw_only=True):
    """An instance of a program. Services select workloads by label, as they select pods."""

    KIND: ClassVar[str] = "Workload"
    API_VERSION: ClassVar[str] = "tulle.dev/v1"
    PLURAL: ClassVar[str] = "workloads"
    SHORT_NAMES: ClassVar[tuple[str, ...]] = ("wl",)

    spec: WorkloadSpec
    status: WorkloadStatus = WorkloadStatus()
