"""Hosts in URLs: which service of the mesh, and which of its ports, a caller means."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from tulle.graph.mesh import DestinationRef, MeshGraph, ServiceNode, WorkloadNode
from tulle.graph.notes import did_you_mean
from tulle.graph.notes import listing as in_words
from tulle.model.names import ServiceRef
from tulle.model.problems import Problem

MAX_URL = 8192
"""Characters of a URL we look at."""

DEFAULT_PORTS = {"http": 80, "ws": 80, "grpc": 80, "https": 443, "wss": 443}

SUFFIXES = (".svc.cluster.local", ".svc", ".mesh")
"""What may stand behind NAME.NAMESPACE."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads: a port of a service, and the path and query to ask for there."""

    to: DestinationRef
    path: str
    query: str


def resolve(graph: MeshGraph, caller: WorkloadNode, url: str) -> Place | Problem:
    """The port a URL means to a caller: by the service's name, its virtual address, or the caller's loopback."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        hint = "write it like http://reviews.shop:80/path"
        return Problem("url", "url-invalid", f"{url[:200]!r} is no URL: {error}", hint)
    if not host or len(url) > MAX_URL:
        message = f"{url[:200]!r} is no URL we can look at: it needs a host and at most {MAX_URL} characters"
        return Problem("url", "url-invalid", message, "write it like http://reviews.shop:80/path")
    to = _destination(graph, caller, parts, host, port)
    return to if isinstance(to, Problem) else Place(to, parts.path, parts.query)


def _destination(
    graph: MeshGraph, caller: WorkloadNode, parts: SplitResult, host: str, port: int | None
) -> DestinationRef | Problem:
    if _is_loopback(host):
        return _upstream(caller, host, port)
    node = _by_name(graph, caller.ref.namespace, host) or _by_address(graph, host)
    if node is None:
        return _unknown(graph, caller, host)
    return _port_of(node, parts.scheme, port)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _upstream(caller: WorkloadNode, host: str, port: int | None) -> DestinationRef | Problem:
    for outbound in caller.outbound:
        if outbound.local_port == port:
            return DestinationRef(outbound.service, outbound.port)
    bound = in_words(f"{o.local_port} ({o.service}:{o.port})" for o in caller.outbound)
    return Problem(
        "url",
        "host-unknown",
        f"no upstream of {caller.ref} listens on {host}:{port or 80}",
        f"its loopback ports are {bound}" if bound else "it has no upstreams",
    )


def _by_name(graph: MeshGraph, namespace: str, host: str) -> ServiceNode | None:
    return next(
        (graph.services[ref] for ref in _meanings(host, namespace) if ref in graph.services), None
    )


def _meanings(host: str, namespace: str) -> Iterator[ServiceRef]:
    """NAME in the caller's namespace, then NAME.NAMESPACE with or without a suffix."""
    yield ServiceRef(namespace, host)
    suffix = next((suffix for suffix in SUFFIXES if host.endswith(suffix)), "")
    name, _, other = host.removesuffix(suffix).rpartition(".")
    if name:
        yield ServiceRef(other, name)


def _by_address(graph: MeshGraph, host: str) -> ServiceNode | None:
    return next((node for node in graph.services.values() if host in node.addresses), None)


def _unknown(graph: MeshGraph, caller: WorkloadNode, host: str) -> Problem:
    near = [ref.name for ref in graph.services if ref.namespace == caller.ref.namespace]
    far = [f"{ref.name}.{ref.namespace}" for ref in graph.services]
    return Problem(
        "url",
        "host-unknown",
        f"{host!r} is no service {caller.ref} could mean",
        did_you_mean(host, [*near, *far])
        or "write NAME, NAME.NAMESPACE, or the loopback port of an upstream",
    )


def _port_of(node: ServiceNode, scheme: str, port: int | None) -> DestinationRef | Problem:
    """The port written, else the scheme's, else the only one there is."""
    numbers = [found.destination.port for found in node.ports]
    usual = port or DEFAULT_PORTS.get(scheme, 0)
    if usual in numbers:
        return DestinationRef(node.ref, usual)
    if port is None and len(numbers) == 1:
        return DestinationRef(node.ref, numbers[0])
    return Problem(
        "url",
        "unknown-port",
        f"{node.ref} has no port {usual}",
        f"its ports are {in_words(numbers)}" if numbers else "it has no ports",
    )
