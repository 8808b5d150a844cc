"""The only place where Envoy resources get their names: stats, logs and `explain` depend on them."""

from tulle.graph.mesh import DestinationRef, Protocol
from tulle.model.names import ServiceRef

IDENTITY = "identity"
"""The SDS secret with the workload's own key and certificates: the agent makes it, nobody else."""

SYSTEM_ROOTS = "system-roots"
"""The secret with the roots the proxy's own host trusts: it stands in the bootstrap, for hosts differ."""

NOWHERE = "00" * 32
"""The hash of a certificate nobody has: accepting it alone accepts nobody."""

MTLS_LISTENER = "inbound-mtls"


def cluster_name(to: DestinationRef) -> str:
    """`shop/reviews:80`: a service's port, as callers see it; `shop/db:5432@10.0.0.7:15009`: one instance of it."""
    instance = f"@{to.instance}" if to.instance else ""
    return f"{to.service.namespace}/{to.service.name}:{to.port}{instance}"


def inbound_cluster_name(port: int) -> str:
    """`inbound:9080`: the program behind this proxy."""
    return f"inbound:{port}"


def plaintext_listener_name(port: int) -> str:
    """`inbound-plaintext:9080`: where a permissive port takes callers outside the mesh."""
    return f"inbound-plaintext:{port}"


def outbound_listener_name(to: DestinationRef) -> str:
    """`outbound:shop/reviews:80`: the loopback listener of an upstream; its routes have the same name."""
    return f"outbound:{cluster_name(to)}"


def virtual_listener_name(to: DestinationRef, listens: int) -> str:
    """`virtual:shop/reviews:80`: where captured connections to a service's addresses go; routes are shared.

    `virtual:shop/mail:25@2525` where addresses of the same service are meant with another port.
    """
    at = "" if listens == to.port or to.instance else f"@{listens}"
    return f"virtual:{cluster_name(to)}{at}"


def virtual_listener_of(name: str) -> ServiceRef | None:
    """Whose listener for captured connections has this name; None for another kind of name."""
    kind, colon, rest = name.partition(":")
    namespace, slash, service = rest.partition(":")[0].partition("/")
    is_one = kind == "virtual" and colon and slash
    return ServiceRef(namespace, service) if is_one else None


CAPTURED_OUTBOUND = "captured-outbound"
"""The listener that all captured connections of a program enter by."""

CAPTURED_INBOUND = "inbound-captured"
"""The listener of connections from elsewhere to a captured program's own ports."""

PASSTHROUGH = "passthrough"
"""The cluster that leads where a captured connection wanted to go, when that is no service of the mesh."""

REFUSED = "inbound-refused"
"""How captured connections that nobody may make are counted."""


def probe_listener_name(port: int) -> str:
    """`probe:15021`: a plaintext port of the proxy for one path of the program."""
    return f"probe:{port}"


HTTP_PROXY = "http-proxy"
"""The loopback listener where upstreams are reached by name; its routes have the same name."""


def named_upstream(to: DestinationRef) -> str:
    """`http-proxy:shop/reviews:80`: the internal listener of an upstream reached by name, and its cluster."""
    return f"{HTTP_PROXY}:{cluster_name(to)}"


def peers_secret_name(to: DestinationRef) -> str:
    """`peers:shop/reviews:80`: whom a caller accepts behind a service's port."""
    return f"peers:{cluster_name(to)}"


def callers_secret_name(port: int) -> str:
    """`callers:9080`: whom a program's port accepts in the TLS handshake."""
    return f"callers:{port}"


def access_extension_name(port: int) -> str:
    """`access:9080`: the network RBAC of a program's port."""
    return f"access:{port}"


def sni_of(target_port: str) -> str:
    """What a caller asks for in SNI to reach a port, by number or by name: `9080.port.tulle`."""
    return f"{target_port}.port.tulle"


def edge_stat_name(to: DestinationRef, protocol: Protocol) -> str:
    """`shop/reviews/80/http/edge`: what a cluster's statistics are called; `stats` reads it back.

    The last word tells a cluster's own numbers apart from Envoy's copies of them (`….external.upstream_rq_time`).
    """
    return f"{to.service.namespace}/{to.service.name}/{to.port}/{protocol}/edge"


MISSING = "missing"
"""A cluster that never exists: a share without a destination is sent there, and so is refused."""


def chain_name(port: int, epoch: int) -> str:
    """`9080@2`: the filter chain of a program's port; a new epoch replaces it and drains the old one."""
    return f"{port}@{epoch}"
