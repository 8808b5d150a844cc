"""What agents and the control plane say to each other beside xDS: JSON frames inside gRPC.

`METHOD_*` name the gRPC methods. Joining needs a token and a TLS server; everything else the workload's own
certificate. The peer's certificate says who speaks: the account in its SPIFFE ID, the workload in its DNS name.
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from tulle.model.kinds.workload import (
    BoundCapture,
    BoundPort,
    BoundUpstream,
    HttpProxy,
    Locality,
    Upstream,
    UsedService,
    WorkloadPort,
)
from tulle.model.resources import PortNumber

METHOD_JOIN = "/tulle.v1.Agents/Join"
METHOD_RENEW = "/tulle.v1.Agents/Renew"
METHOD_SESSION = "/tulle.v1.Agents/Session"
METHOD_DELTA_ADS = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"

PING_EVERY_S = 10.0
PONG_WITHIN_S = 10.0
"""Both ends of a connection ask for a sign of life when nothing came for so long, and hang up without one.

A host that vanished, a cut network and a stopped process send no reset: streams would hang for hours. So either
end knows after 20 seconds at the latest; what agents and servers do then is back off and come back.
"""

CONTROL_PLANE_NAME = "control-plane.tulle"
"""The DNS name in the control plane's own certificate."""


WORKLOAD_UNKNOWN = "workload-unknown"
"""The code of a refusal: the certificate is good, but the mesh has forgotten the workload it names."""


AGENT_AWAY = "agent-away"
AGENT_TOO_OLD = "agent-too-old"
AGENT_SILENT = "agent-silent"
LEVEL_REFUSED = "log-level-refused"
"""Codes of what the control plane could not ask of an agent."""


def workload_dns_name(namespace: str, name: str) -> str:
    """The DNS name in a workload's certificate: it tells instances of one account apart."""
    return f"{name}.{namespace}.workload.tulle"


class Frame(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """One message. What stands at its default is left out: a peer one version older does not know it."""


class JoinRequest(Frame, frozen=True, kw_only=True):
    """A token, what the agent claims to be (checked against the token), and a CSR (PEM)."""

    token: str
    namespace: str
    service_account: str
    labels: Mapping[str, str]
    csr: str

    def __repr__(self) -> str:
        return f"JoinRequest({self.namespace}/{self.service_account}, token redacted)"


class Credentials(Frame, frozen=True, kw_only=True):
    """What joining or renewing gives. `chain` is leaf first; `roots` whom to trust; times are Unix seconds.

    `connection_drain_s` is `Mesh.spec.connections.drain`, for the first Envoy; later ones see `ProxySettings`.
    `issued_at` is when it was made, None of a control plane that does not say: certificates begin earlier than that.
    """

    namespace: str
    workload: str
    service_account: str
    trust_domain: str
    chain: tuple[str, ...]
    roots: tuple[str, ...]
    not_before: float
    not_after: float
    xds_address: str
    connection_drain_s: float = 45.0
    issued_at: float | None = None


class RenewRequest(Frame, frozen=True, kw_only=True):
    """A CSR (PEM) for a new key; the current certificate says for whom."""

    csr: str


class Register(Frame, frozen=True, kw_only=True, tag="register"):
    """First frame of a session: the instance and where its proxy listens."""

    address: str
    ports: tuple[WorkloadPort, ...] = ()
    upstreams: tuple[Upstream, ...] = ()
    bound_upstreams: tuple[BoundUpstream, ...] = ()
    http_proxy: HttpProxy | None = None
    http_proxy_port: PortNumber | None = None
    dns_port: PortNumber | None = None
    used: tuple[UsedService, ...] = ()
    locality: Locality = Locality()
    mtls_port: PortNumber
    plaintext_ports: tuple[BoundPort, ...] = ()
    capture: BoundCapture | None = None
    proxy_version: str = ""
    healthy: bool = False


class HealthReport(Frame, frozen=True, kw_only=True, tag="health"):
    """The program can, or cannot, take traffic."""

    healthy: bool
    reason: str = ""


class Draining(Frame, frozen=True, kw_only=True, tag="draining"):
    """The workload leaves: take its endpoint away everywhere, then answer `Left`."""

    deadline_s: float


class Used(Frame, frozen=True, kw_only=True, tag="used"):
    """All services whose names the captured program has ever asked for: one more than before."""

    services: tuple[UsedService, ...]


class EdgeSample(Frame, frozen=True, kw_only=True):
    """What a proxy counted towards one service since it started; seconds and milliseconds as named.

    `handshakes` are TLS handshakes seen on its connections, `connections` all it opened.
    """

    service: str
    namespace: str
    port: int
    protocol: str
    requests: int
    failures: int
    connections: int
    handshakes: int
    connect_failures: int = 0
    p50_ms: float | None = None
    p99_ms: float | None = None


class EdgeReport(Frame, frozen=True, kw_only=True, tag="edges"):
    """All edges of a proxy, and what its mTLS listener saw: handshakes, and those without a certificate.

    Of a captured program: connections from elsewhere that nobody may make (`refused`), and those of its own that
    were for no service of the mesh and went on as they came (`passed_through`).
    """

    edges: tuple[EdgeSample, ...]
    inbound_handshakes: int = 0
    inbound_without_certificate: int = 0
    inbound_plaintext: int = 0
    denied: int = 0
    refused: int = 0
    passed_through: int = 0


class LogLevels(Frame, frozen=True, kw_only=True, tag="log-levels"):
    """The answer to `SetLogLevels` of this number: all levels now, by name; or why nothing was changed."""

    number: int
    levels: Mapping[str, str] = {}
    problem: str = ""


class ProxyState(Frame, frozen=True, kw_only=True, tag="proxy-state"):
    """Which Envoy serves, and why the last one that was wanted does not ("" if it does).

    `answers` is the number of the `ReplaceProxy` this is the answer to, 0 where it is to none.
    """

    version: str
    failure: str = ""
    answers: int = 0


class ProxySettings(Frame, frozen=True, kw_only=True, tag="proxy-settings"):
    """What Envoy is to be started with, of the mesh's: told when a session begins, and when it changes.

    `connection_drain_s` is `Mesh.spec.connections.drain`.
    """

    connection_drain_s: float


class ReplaceProxy(Frame, frozen=True, kw_only=True, tag="replace-proxy"):
    """Somebody wants a new Envoy in place of the one that runs. The number comes back in `ProxyState.answers`."""

    number: int


class Registered(Frame, frozen=True, kw_only=True, tag="registered"):
    """The control plane knows the workload; its configuration follows over ADS."""

    revision: int


class Left(Frame, frozen=True, kw_only=True, tag="left"):
    """No proxy sends to the workload any more; `pending` names those that had not confirmed in time.

    The mesh forgets the workload now. `token` lets it come back as what it was, once, for as long as its
    certificate would have lived: programs are stopped and started again.
    """

    pending: tuple[str, ...] = ()
    token: str = ""

    def __repr__(self) -> str:
        return f"Left(pending={self.pending!r}, token redacted)"


class SetLogLevels(Frame, frozen=True, kw_only=True, tag="set-log-levels"):
    """Change log levels until the process they are of ends: `agent`, `envoy`, `envoy.COMPONENT`. None: only tell."""

    number: int
    levels: Mapping[str, str] = {}


class Refused(Frame, frozen=True, kw_only=True, tag="refused"):
    """The control plane does not accept what was said; the session ends."""

    code: Annotated[str, msgspec.Meta(description="Stable, kebab-case.")]
    message: str
    hint: str = ""


FromAgent = Register | HealthReport | Draining | Used | EdgeReport | LogLevels | ProxyState
FromServer = Registered | Left | SetLogLevels | ProxySettings | ReplaceProxy | Refused

decode_from_agent = msgspec.json.Decoder(FromAgent).decode
decode_from_server = msgspec.json.Decoder(FromServer).decode
encode = msgspec.json.Encoder().encode
