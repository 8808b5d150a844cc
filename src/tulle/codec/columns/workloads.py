"""Columns of what runs, of what is called outside, and of the mesh as a whole."""

from collections.abc import Mapping

from tulle.codec.columns.column import Cell, Column, condition_column, joined, pairs
from tulle.model.kinds.external_service import ExternalService
from tulle.model.kinds.mesh import Mesh
from tulle.model.kinds.process import Process
from tulle.model.kinds.workload import Workload
from tulle.model.resources import Resource


def _mtls_port(workload: Workload) -> Cell:
    proxy = workload.status.proxy
    return str(proxy.mtls_port) if proxy else "-"


def _capture(workload: Workload) -> Cell:
    proxy = workload.status.proxy
    if proxy is None:
        return "-"
    return proxy.capture.mode if proxy.capture else "none"


_ACCOUNT = Column(
    "Account",
    lambda r: r.spec.service_account_name,
    "The service account it runs as.",
    ".spec.serviceAccountName",
)

WORKLOADS: Mapping[type[Resource], tuple[Column, ...]] = {
    Workload: (
        condition_column("Ready", "Whether it can take traffic, and why not."),
        _ACCOUNT,
        Column("Address", lambda r: r.spec.address, "Where other hosts reach it.", ".spec.address"),
        Column(
            "Ports",
            lambda r: joined(f"{port.name or '-'}={port.port}" for port in r.spec.ports),
            "Where its program listens.",
        ),
        Column(
            "mTLS-Port",
            _mtls_port,
            "Where its proxy takes mutual TLS.",
            ".status.proxy.mtlsPort",
            wide=True,
        ),
        Column(
            "Proxy",
            lambda r: (r.status.proxy.version if r.status.proxy else "") or "-",
            "The version of its proxy.",
            ".status.proxy.version",
            wide=True,
        ),
        Column(
            "Capture",
            _capture,
            "How its traffic gets to its proxy: none is by upstreams alone.",
            ".status.proxy.capture.mode",
            wide=True,
        ),
        Column(
            "Labels",
            lambda r: pairs(r.metadata.labels.items()),
            "What Services select it by.",
            wide=True,
        ),
    ),
    Process: (
        Column(
            "Replicas",
            lambda r: r.spec.replicas,
            "How many run.",
            ".spec.replicas",
            type="integer",
        ),
        _ACCOUNT,
        Column(
            "Upstreams",
            lambda r: joined(f"{up.service}:{up.port}" for up in r.spec.upstreams),
            "The services it calls.",
        ),
        Column("Command", lambda r: " ".join(r.spec.command) or "-", "What is run.", wide=True),
    ),
    ExternalService: (
        Column(
            "Host",
            lambda r: r.spec.host or joined(r.spec.addresses),
            "Its name outside, or its addresses.",
            ".spec.host",
        ),
        Column(
            "Ports",
            lambda r: joined(f"{port.port}{'/tls' if port.tls else ''}" for port in r.spec.ports),
            "Its ports, and where the proxy speaks TLS.",
        ),
    ),
    Mesh: (
        Column(
            "Trust-Domain",
            lambda r: r.spec.trust_domain,
            "What its authority signs for.",
            ".spec.trustDomain",
        ),
        Column(
            "Certificates",
            lambda r: r.spec.certificates.lifetime,
            "How long a workload's certificate lives.",
            ".spec.certificates.lifetime",
        ),
    ),
}
