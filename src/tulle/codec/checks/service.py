"""Rules for Service: its ports, its address, and the types that exclude each other."""

from collections.abc import Iterator

from tulle.codec.checks.forms import is_address, is_host, is_service_name, version_of
from tulle.codec.checks.ports import check_port_names
from tulle.codec.checks.repeats import repeats
from tulle.model.kinds.service import Service, ServiceSpec
from tulle.model.problems import Problem, Severity

HEADLESS = "None"


def check(service: Service) -> Iterator[Problem]:
    """The rules for a Service."""
    yield from check_service_name(service.metadata.name)
    yield from _ports(service.spec)
    yield from _addresses(service.spec)
    if service.spec.type == "ExternalName":
        yield from _external_name(service.spec)
    elif service.spec.external_name:
        message = f"has no meaning for type {service.spec.type}"
        yield Problem("spec.externalName", "conflict", message, "write type: ExternalName")


def check_service_name(name: str) -> Iterator[Problem]:
    """Names of services are one DNS label that begins with a letter: environment variables are made of them."""
    if not is_service_name(name):
        message = (
            f"{name!r} must begin with a letter and have only lower-case letters, digits and dashes"
        )
        yield Problem("metadata.name", "bad-name", message, "at most 63 characters, no dots")


def _ports(spec: ServiceSpec) -> Iterator[Problem]:
    if not spec.ports and spec.type != "ExternalName" and spec.cluster_ip != HEADLESS:
        yield Problem("spec.ports", "missing-field", "at least one port is required")
    for index, first in repeats((port.port, port.protocol) for port in spec.ports):
        message = f"port {spec.ports[index].port} is listed twice, first as spec.ports[{first}]"
        yield Problem(f"spec.ports[{index}].port", "duplicate-port", message, "remove one of them")
    yield from check_port_names(spec.ports, "spec.ports")
    yield from _each_port(spec)


def _each_port(spec: ServiceSpec) -> Iterator[Problem]:
    for index, port in enumerate(spec.ports):
        if len(spec.ports) > 1 and not port.name:
            message = "is required where a Service has several ports"
            yield Problem(f"spec.ports[{index}].name", "missing-field", message)
        if isinstance(port.target_port, str) and port.target_port.isdigit():
            message = f"{port.target_port!r} is a number, not the name of a port"
            at = f"spec.ports[{index}].targetPort"
            yield Problem(at, "bad-name", message, "write it without quotes")
        if not 0 <= port.node_port <= 65535:
            message = f"must be 1 to 65535, not {port.node_port}"
            yield Problem(f"spec.ports[{index}].nodePort", "out-of-range", message)
        if port.protocol != "TCP":
            yield Problem(
                f"spec.ports[{index}].protocol",
                "not-carried",
                f"{port.protocol} is not carried by the mesh: this port is left alone",
                severity=Severity.WARNING,
            )


def _addresses(spec: ServiceSpec) -> Iterator[Problem]:
    if spec.cluster_ip and spec.cluster_ip != HEADLESS and not is_address(spec.cluster_ip):
        message = f'must be an IP address, "" or "None", not {spec.cluster_ip!r}'
        yield Problem("spec.clusterIP", "bad-address", message)
    for index, address in enumerate(spec.cluster_ips):
        if address != HEADLESS and not is_address(address):
            message = f"must be an IP address, not {address!r}"
            yield Problem(f"spec.clusterIPs[{index}]", "bad-address", message)
    if spec.cluster_ips and spec.cluster_ips[0] != spec.cluster_ip:
        message = f"must begin with spec.clusterIP, {spec.cluster_ip!r}"
        yield Problem("spec.clusterIPs", "conflict", message)
    families = [version_of(address) for address in spec.cluster_ips]
    if len(families) > 2 or len(set(families)) < len(families):
        message = "holds at most one IPv4 and one IPv6 address"
        yield Problem("spec.clusterIPs", "conflict", message)
    if spec.cluster_ip == HEADLESS and spec.type in {"NodePort", "LoadBalancer"}:
        message = f"a headless Service cannot be of type {spec.type}"
        yield Problem("spec.clusterIP", "conflict", message)


def _external_name(spec: ServiceSpec) -> Iterator[Problem]:
    if not spec.external_name:
        message = "is required for type ExternalName"
        yield Problem("spec.externalName", "missing-field", message)
    elif not is_host(spec.external_name):
        message = f"must be a host name, not {spec.external_name!r}"
        hint = "for addresses write an ExternalService" if is_address(spec.external_name) else ""
        yield Problem("spec.externalName", "bad-host", message, hint)
    if spec.cluster_ip:
        message = "a Service of type ExternalName has no address of its own"
        yield Problem("spec.clusterIP", "conflict", message, "remove it")
    if spec.selector:
        message = "a Service of type ExternalName selects nothing"
        yield Problem("spec.selector", "conflict", message, "remove it")
