"""Rules for ExternalService: a host or addresses, never both, and a name TLS can verify."""

from collections.abc import Iterator

from tulle.codec.checks.forms import is_address, is_dns_name, is_host
from tulle.codec.checks.ports import check_ports
from tulle.codec.checks.repeats import repeats
from tulle.codec.checks.service import check_service_name
from tulle.model.kinds.external_service import ExternalService, ExternalServiceSpec, ExternalTls
from tulle.model.problems import Problem


def check(external: ExternalService) -> Iterator[Problem]:
    """The rules for an ExternalService."""
    spec = external.spec
    yield from check_service_name(external.metadata.name)
    yield from _targets(spec)
    yield from check_ports(spec.ports, "spec.ports")
    for index, port in enumerate(spec.ports):
        if port.tls is not None:
            yield from _tls(port.tls, bool(spec.host), f"spec.ports[{index}].tls")


def _targets(spec: ExternalServiceSpec) -> Iterator[Problem]:
    if spec.host and spec.addresses:
        message = "host and addresses exclude each other"
        yield Problem("spec.addresses", "conflict", message, "keep one of them")
    if not spec.host and not spec.addresses:
        message = "a host or addresses are required"
        yield Problem("spec.host", "missing-field", message)
    if spec.host and not is_host(spec.host):
        message = f"must be a host name, without scheme, port or wildcard, not {spec.host!r}"
        hint = "write it under addresses" if is_address(spec.host) else ""
        yield Problem("spec.host", "bad-host", message, hint)
    for index, address in enumerate(spec.addresses):
        if not is_address(address):
            message = f"must be an IP address, not {address!r}"
            yield Problem(f"spec.addresses[{index}]", "bad-address", message)
    for index, first in repeats(spec.addresses):
        message = f"is listed twice, first as spec.addresses[{first}]"
        yield Problem(
            f"spec.addresses[{index}]", "duplicate-address", message, "remove one of them"
        )


def _tls(tls: ExternalTls, has_host: bool, at: str) -> Iterator[Problem]:
    if not tls.sni and not has_host:
        message = "is required: without a host there is no name to verify the certificate against"
        yield Problem(f"{at}.sni", "missing-field", message)
    if tls.sni and not is_host(tls.sni):
        yield Problem(f"{at}.sni", "bad-host", f"must be a host name, not {tls.sni!r}")
    if tls.ca_certificates and not is_dns_name(tls.ca_certificates):
        message = f"must be the name of a ConfigMap, not {tls.ca_certificates!r}"
        yield Problem(f"{at}.caCertificates", "bad-name", message)
