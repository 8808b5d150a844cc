"""ExternalService: a host or addresses, and a name TLS can verify."""

import pytest
from tests.unit.codec.reading import errors, found, resource


def external(spec: str, name: str = "payments") -> str:
    return resource("ExternalService", spec, f"name: {name}")


@pytest.mark.parametrize(
    "spec",
    [
        "host: api.example.com, ports: [{port: 443, tls: {}}]",
        "addresses: [192.0.2.1, '2001:db8::1'], ports: [{port: 5432, targetPort: 6432}]",
        "addresses: [192.0.2.1], ports: [{port: 443, tls: {sni: a.b, caCertificates: roots}}]",
    ],
)
def test_a_host_or_addresses_are_taken(spec: str) -> None:
    assert found(external(spec)) == set()


@pytest.mark.parametrize(
    ("spec", "path", "code"),
    [
        ("ports: [{port: 80}]", "spec.host", "missing-field"),
        ("host: a.b, addresses: [192.0.2.1], ports: [{port: 80}]", "spec.addresses", "conflict"),
        ("host: 192.0.2.1, ports: [{port: 80}]", "spec.host", "bad-host"),
        ("host: 'https://a.b', ports: [{port: 80}]", "spec.host", "bad-host"),
        ("addresses: [a.b], ports: [{port: 80}]", "spec.addresses[0]", "bad-address"),
        (
            "addresses: [192.0.2.1, 192.0.2.1], ports: [{port: 80}]",
            "spec.addresses[1]",
            "duplicate-address",
        ),
        ("host: a.b, ports: [{port: 80}, {port: 80}]", "spec.ports[1].port", "duplicate-port"),
        (
            "addresses: [192.0.2.1], ports: [{port: 443, tls: {}}]",
            "spec.ports[0].tls.sni",
            "missing-field",
        ),
        (
            "host: a.b, ports: [{port: 443, tls: {sni: 'a:b'}}]",
            "spec.ports[0].tls.sni",
            "bad-host",
        ),
        (
            "host: a.b, ports: [{port: 443, tls: {caCertificates: a/b}}]",
            "spec.ports[0].tls.caCertificates",
            "bad-name",
        ),
    ],
)
def test_each_mistake_is_one_problem_at_its_field(spec: str, path: str, code: str) -> None:
    assert errors(external(spec)) == {(path, code)}


def test_its_name_is_that_of_a_service() -> None:
    assert errors(external("host: a.b, ports: [{port: 80}]", "a.b")) == {
        ("metadata.name", "bad-name")
    }
