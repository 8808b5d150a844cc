"""Rules for Workload, and for the ports and upstreams it shares with Process."""

import ipaddress
from collections.abc import Iterator, Sequence

from tulle.codec.checks.forms import is_address, is_dns_label, is_dns_name, is_service_name
from tulle.codec.checks.metadata import bad_label
from tulle.codec.checks.ports import check_ports
from tulle.codec.checks.repeats import repeats
from tulle.model.kinds.workload import HttpProxy, Upstream, Workload, WorkloadPort
from tulle.model.problems import Problem


def check(workload: Workload) -> Iterator[Problem]:
    """The rules for a Workload."""
    spec = workload.spec
    yield from _address(spec.address)
    yield from check_account(spec.service_account_name, "spec.serviceAccountName")
    yield from check_ports(spec.ports, "spec.ports")
    yield from check_upstreams(spec.upstreams, spec.ports, workload.metadata.namespace)
    yield from check_http_proxy(spec.http_proxy, spec.upstreams, spec.ports)


def _address(address: str) -> Iterator[Problem]:
    if not is_address(address):
        message = f"must be the IP address of the workload, not {address!r}"
        yield Problem("spec.address", "bad-address", message)
        return
    read = ipaddress.ip_address(address)
    if read.is_unspecified or read.is_multicast:
        message = f"{address} is no address others can reach a workload at"
        yield Problem("spec.address", "bad-address", message)


def check_account(name: str, at: str) -> Iterator[Problem]:
    """Names of service accounts are parts of identities: nothing else than a DNS name may slip in."""
    if not is_dns_name(name):
        message = f"must be the name of a ServiceAccount, not {name!r}"
        yield Problem(at, "bad-name", message)


def check_upstreams(
    upstreams: Sequence[Upstream], ports: Sequence[WorkloadPort], namespace: str
) -> Iterator[Problem]:
    """Each service port once, each loopback port once, and none that the program itself listens on."""
    at = "spec.upstreams"
    for index, upstream in enumerate(upstreams):
        if not is_service_name(upstream.service):
            message = f"must be the name of a Service or ExternalService, not {upstream.service!r}"
            hint = "its namespace has a field of its own" if "/" in upstream.service else ""
            yield Problem(f"{at}[{index}].service", "bad-name", message, hint)
        if upstream.namespace and not is_dns_label(upstream.namespace):
            yield bad_label(f"{at}[{index}].namespace", upstream.namespace)
    named = ((up.namespace or namespace, up.service, up.port) for up in upstreams)
    for index, first in repeats(named):
        message = f"names the same service and port as {at}[{first}]"
        yield Problem(f"{at}[{index}]", "duplicate-upstream", message, "remove one of them")
    for index, first in repeats(upstream.local_port for upstream in upstreams):
        message = f"port {upstreams[index].local_port} is taken by {at}[{first}]"
        yield Problem(f"{at}[{index}].localPort", "port-conflict", message)
    own = {port.port: index for index, port in enumerate(ports)}
    for index, upstream in enumerate(upstreams):
        if upstream.local_port in own:
            message = f"the program itself listens on port {upstream.local_port}"
            hint = f"see spec.ports[{own[upstream.local_port]}]"
            yield Problem(f"{at}[{index}].localPort", "port-conflict", message, hint)


def check_http_proxy(
    proxy: HttpProxy | None, upstreams: Sequence[Upstream], ports: Sequence[WorkloadPort]
) -> Iterator[Problem]:
    """Its loopback port is nobody else's."""
    if proxy is None or proxy.port is None:
        return
    taken = {f"spec.ports[{index}]": port.port for index, port in enumerate(ports)}
    taken |= {f"spec.upstreams[{index}]": up.local_port or 0 for index, up in enumerate(upstreams)}
    for holder, number in taken.items():
        if number == proxy.port:
            message = f"port {number} is taken by {holder}"
            yield Problem("spec.httpProxy.port", "port-conflict", message)
