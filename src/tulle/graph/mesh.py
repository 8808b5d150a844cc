"""The values of the resolved mesh. Nothing here is a reference by name that could dangle.

Units: seconds for times. Everything is ordered by key, so equal worlds give equal graphs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from tulle.model.directory import Entry
from tulle.model.names import AccountRef, ResourceKey, ServiceRef, SpiffeId, WorkloadRef
from tulle.model.problems import Problem
from tulle.model.resources import Condition


class Protocol(StrEnum):
    """What is spoken on a port. GRPC is HTTP/2 whose failures are counted by gRPC status too."""

    TCP = "tcp"
    HTTP = "http"
    HTTP2 = "http2"
    GRPC = "grpc"

    @property
    def is_http(self) -> bool:
        """Whether requests can be routed, not only connections."""
        return self is not Protocol.TCP


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """The user's resource and field something came from; `generation` tells its versions apart."""

    resource: ResourceKey
    field: str = ""
    generation: int = 0

    def __str__(self) -> str:
        return f"{self.resource} {self.field}".rstrip()


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """An address that takes traffic now. `secure` ones are mTLS ports of proxies (the port is the proxy's).

    A `last_resort` takes it only while no other endpoint of its service can.
    """

    address: str
    port: int
    secure: bool = True
    workload: WorkloadRef | None = None
    region: str = ""
    zone: str = ""
    last_resort: bool = False

    @property
    def place(self) -> str:
        """`10.0.0.6:15009` or `[fd00::6]:15009`."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ExternalTarget:
    """Outside the mesh: a host name the proxy resolves, or fixed endpoints (`Destination.endpoints`)."""

    host: str
    port: int
    tls: bool = False
    sni: str = ""
    ca_pem: str = ""


@dataclass(frozen=True, slots=True)
class Destination:
    """One port of one service, as callers see it: what a cluster is made of.

    `accounts` are the only identities a caller accepts behind it; `target_port` is the Service's, as
    written (number or name): SNI carries it, so that one port of the proxy serves all of the program's.
    """

    service: ServiceRef
    port: int
    protocol: Protocol
    target_port: str
    accounts: tuple[SpiffeId, ...]
    endpoints: tuple[Endpoint, ...]
    external: ExternalTarget | None
    origin: Origin
    instance: str = ""

    @property
    def ref(self) -> "DestinationRef":
        """What names it in the graph."""
        return DestinationRef(self.service, self.port, self.instance)


@dataclass(frozen=True, slots=True, order=True)
class DestinationRef:
    """Names a Destination of the same graph; with `instance`, an Endpoint's `place`, that one of it alone."""

    service: ServiceRef
    port: int
    instance: str = ""


@dataclass(frozen=True, slots=True)
class HeaderChanges:
    """In the order they apply: set, add, remove. Names are lower-case."""

    set: tuple[tuple[str, str], ...] = ()
    add: tuple[tuple[str, str], ...] = ()
    remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.set or self.add or self.remove)


@dataclass(frozen=True, slots=True)
class Share:
    """A weighted backend. `to` is None where the reference resolves to nothing: that share answers 500."""

    to: DestinationRef | None
    weight: int
    origin: Origin
    request_headers: HeaderChanges = HeaderChanges()
    response_headers: HeaderChanges = HeaderChanges()


@dataclass(frozen=True, slots=True)
class StringMatch:
    """A name (of a header, lower-case, or of a query parameter) and what its value must be."""

    name: str
    value: str
    regex: bool = False


@dataclass(frozen=True, slots=True)
class HttpMatch:
    """All parts must hold. `path` has no trailing slash for prefixes, except "/" itself."""

    path: str = "/"
    path_type: Literal["exact", "prefix", "regex"] = "prefix"
    method: str = ""
    headers: tuple[StringMatch, ...] = ()
    query_params: tuple[StringMatch, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpRule:
    """One match of one rule of one route. Rules stand in the order they are tried: first match wins.

    `timeout_s` bounds the whole request, None where the user set none (and 0 where they switched it off).
    """

    match: HttpMatch
    shares: tuple[Share, ...]
    origin: Origin
    name: str = ""
    request_headers: HeaderChanges = HeaderChanges()
    response_headers: HeaderChanges = HeaderChanges()
    timeout_s: float | None = None
    backend_timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class HttpRouting:
    """Requests to one port of one service. No rules, no routes attached: everything goes to the service itself.

    Where rules exist, a request none of them takes is answered 404 (GAMMA).
    """

    rules: tuple[HttpRule, ...] = ()


@dataclass(frozen=True, slots=True)
class TcpRouting:
    """Connections to one port of one service; no shares, no route: all of them go to the service itself."""

    shares: tuple[Share, ...] = ()
    origin: Origin | None = None


Routing = HttpRouting | TcpRouting


@dataclass(frozen=True, slots=True)
class ServicePort:
    """A port of a service: its destination, and how what is sent to it is routed.

    `routing` is the producer's (routes of the service's own namespace); `consumer_routing` replaces it for
    callers of a namespace whose own routes attach here (GAMMA).
    """

    destination: Destination
    routing: Routing
    consumer_routing: Mapping[str, Routing]
    name: str = ""

    def routing_for(self, namespace: str) -> Routing:
        """What applies to callers of a namespace."""
        return self.consumer_routing.get(namespace, self.routing)


@dataclass(frozen=True, slots=True)
class ServiceNode:
    """A Service or ExternalService, resolved. `addresses` are its virtual ones; `entry` is what DNS says of it."""

    ref: ServiceRef
    addresses: tuple[str, ...]
    ports: tuple[ServicePort, ...]
    workloads: tuple[WorkloadRef, ...]
    origin: Origin
    entry: Entry


@dataclass(frozen=True, slots=True, order=True)
class Principal:
    """Who a permission speaks of: one account, a whole namespace, or any identity of the mesh."""

    kind: Literal["account", "namespace", "any"]
    namespace: str = ""
    account: str = ""

    def matches(self, caller: AccountRef) -> bool:
        """Whether the caller is one of them."""
        match self.kind:
            case "any":
                return True
            case "namespace":
                return caller.namespace == self.namespace
            case "account":
                return caller == AccountRef(self.namespace, self.account)


@dataclass(frozen=True, slots=True)
class Grant:
    """A principal some rule of some policy allows."""

    principal: Principal
    origin: Origin


@dataclass(frozen=True, slots=True)
class Permission:
    """Who may connect to a port. `guarded` is False where no policy covers it: then every identity may.

    `policies` are all that cover it, also those that grant nothing. `epoch` grows whenever callers are taken
    away: connections older than the last narrowing are drained within the mesh's bound.
    """

    guarded: bool = False
    grants: tuple[Grant, ...] = ()
    policies: tuple[Origin, ...] = ()
    epoch: int = 0

    def decide(self, caller: AccountRef) -> tuple[bool, Origin | None]:
        """Whether the caller may connect, and the rule that says so (None: no policy, or none that allows)."""
        if not self.guarded:
            return True, None
        for grant in self.grants:
            if grant.principal.matches(caller):
                return True, grant.origin
        return False, None


@dataclass(frozen=True, slots=True)
class InboundPort:
    """A port of a workload's program. `targets` are the spellings SNI may use for it: its number, its name.

    `plaintext_port` is the proxy's port for it where plaintext is allowed, None where it is not. `parse_http`
    is set where a policy has to see requests at the server; everything else passes there as bytes.
    """

    port: int
    name: str
    protocol: Protocol
    targets: tuple[str, ...]
    permission: Permission
    origin: Origin
    plaintext_port: int | None = None
    parse_http: bool = False


@dataclass(frozen=True, slots=True)
class OutboundPort:
    """A service a workload calls, on a loopback port of its proxy."""

    service: ServiceRef
    port: int
    local_port: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class VirtualPort:
    """A service a captured workload may call, at the addresses its program knows it by.

    `listens` is the port at these addresses. Of a service without an address of its own it is the port of the
    program that answers there, and `instance` the one endpoint that is meant.
    """

    service: ServiceRef
    port: int
    addresses: tuple[str, ...]
    listens: int
    origin: Origin
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """A plaintext port of the proxy, for one path of a port of the program."""

    port: int
    program_port: int
    path: str


@dataclass(frozen=True, slots=True)
class Capture:
    """Where a proxy takes the connections that the kernel sends to it, over which address families."""

    mode: str
    outbound_port: int
    inbound_port: int
    ipv6: bool
    origin: Origin
    probes: tuple[Probe, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpProxyPort:
    """The loopback port where a program's requests to upstreams arrive by name."""

    local_port: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class WorkloadNode:
    """A workload with its proxy's ports. Without `mtls_port` its proxy has not reported yet.

    `resolves_names` says that its agent answers DNS, and so has to be told the mesh's names. `used` are services
    whose names its program has asked for.
    """

    ref: WorkloadRef
    account: AccountRef
    identity: SpiffeId
    address: str
    mtls_port: int | None
    inbound: tuple[InboundPort, ...]
    outbound: tuple[OutboundPort, ...]
    services: tuple[ServiceRef, ...]
    accepts_traffic: bool
    origin: Origin
    http_proxy: HttpProxyPort | None = None
    capture: Capture | None = None
    resolves_names: bool = False
    used: tuple[ServiceRef, ...] = ()


@dataclass(frozen=True, slots=True)
class MeshSettings:
    """The Mesh resource, read: durations in seconds, roots as PEM texts.

    `passes_strangers`: captured connections that are for no service go on to where they were going.
    """

    trust_domain: str = "mesh.local"
    trust_bundle: tuple[str, ...] = ()
    certificate_lifetime_s: float = 86400.0
    connect_timeout_s: float = 5.0
    upstream_idle_timeout_s: float = 1.0
    connection_max_age_s: float = 30.0
    drain_s: float = 45.0
    knows_used_only: bool = False
    passes_strangers: bool = True


@dataclass(frozen=True, slots=True)
class MeshGraph:
    """The resolved mesh."""

    settings: MeshSettings
    services: Mapping[ServiceRef, ServiceNode]
    workloads: Mapping[WorkloadRef, WorkloadNode]
    names: Mapping[ServiceRef, Entry] = field(default_factory=lambda: MappingProxyType({}))

    def destination(self, ref: DestinationRef) -> Destination:
        """The destination a reference of this graph names."""
        found = self.port(ref).destination
        if not ref.instance:
            return found
        ends = tuple(end for end in found.endpoints if end.place == ref.instance)
        return replace(found, endpoints=ends, instance=ref.instance)

    def port(self, ref: DestinationRef) -> ServicePort:
        """The service port a reference of this graph names."""
        for port in self.services[ref.service].ports:
            if port.destination.port == ref.port:
                return port
        raise KeyError(ref)


@dataclass(frozen=True, slots=True)
class ResourceStatus:
    """What the compiler found out about one resource: conditions, and for routes one set per parent.

    `parents` follows the order of `spec.parentRefs`; kinds without parents use `conditions` alone.
    """

    key: ResourceKey
    conditions: tuple[Condition, ...] = ()
    parents: tuple[tuple[Condition, ...], ...] = ()
    virtual_addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compiled:
    """What compiling gives: the graph, the statuses to write, and every problem found on the way."""

    graph: MeshGraph
    statuses: tuple[ResourceStatus, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class OutboundView:
    """One way into the mesh: where a program calls a service, and how what arrives there is routed."""

    port: OutboundPort | VirtualPort
    protocol: Protocol
    routing: Routing
    default: DestinationRef


@dataclass(frozen=True, slots=True)
class View:
    """What one proxy needs, and nothing else: its own ports, its upstreams, and the destinations they reach.

    `names` are all of the mesh where its agent answers DNS, and none otherwise; one object for all who have them.
    """

    workload: WorkloadNode
    settings: MeshSettings
    outbound: tuple[OutboundView, ...] = ()
    destinations: tuple[Destination, ...] = field(default=())
    names: Mapping[ServiceRef, Entry] = field(default_factory=lambda: MappingProxyType({}))
