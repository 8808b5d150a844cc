"""EndpointSlice: addresses of the family it says, and a Service it belongs to."""

import pytest
from tests.unit.codec.reading import errors, found, warnings


def piece(body: str, labels: str = "kubernetes.io/service-name: web") -> str:
    return f"""
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: x, labels: {{{labels}}}}}
{body}
"""


def test_a_slice_as_kubernetes_writes_it_is_taken() -> None:
    body = """
addressType: IPv4
endpoints:
- addresses: [10.0.0.1]
  conditions: {ready: true, serving: true, terminating: false}
  nodeName: a
  targetRef: {kind: Pod, name: web-1, namespace: default}
ports:
- {name: "", port: 80, protocol: TCP}
"""
    assert found(piece(body)) == set()


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ("addressType: FQDN", "addressType", "not-supported"),
        ("endpoints: [{addresses: []}]", "endpoints[0].addresses", "missing-field"),
        ("endpoints: [{addresses: [a.b]}]", "endpoints[0].addresses[0]", "bad-address"),
        ("endpoints: [{addresses: ['::1']}]", "endpoints[0].addresses[0]", "bad-address"),
        (
            "endpoints: [{addresses: [10.0.0.1]}, {addresses: [10.0.0.1]}]",
            "endpoints[1].addresses[0]",
            "duplicate-address",
        ),
        ("ports: [{port: 80, name: a}, {port: 81, name: a}]", "ports[1].name", "duplicate-name"),
    ],
)
def test_each_mistake_is_one_problem_at_its_field(body: str, path: str, code: str) -> None:
    assert errors(piece(body)) == {(path, code)}


def test_a_slice_of_no_service_is_a_warning() -> None:
    assert warnings(piece("endpoints: []", labels="")) == {("metadata.labels", "no-service")}
