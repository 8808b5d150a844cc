"""Workload: an address others reach, ports and upstreams that do not meet."""

import pytest
from tests.unit.codec.reading import errors, found, resource


def workload(spec: str) -> str:
    return resource("Workload", f"address: 10.0.0.6, {spec}")


def test_a_workload_as_the_design_writes_it_is_taken() -> None:
    spec = """
        serviceAccountName: reviews, ports: [{name: http, port: 9080, appProtocol: http}],
        upstreams: [{service: ratings, port: 80, localPort: 9000}, {service: ratings, port: 81},
                    {service: ratings, namespace: other, port: 80}],
        httpProxy: {port: 9001},
        locality: {region: eu, zone: a}
    """

    assert found(workload(spec)) == set()


@pytest.mark.parametrize("address", ["reviews.local", "0.0.0.0", "'::'", "224.0.0.1", "''"])
def test_its_address_is_one_others_can_reach(address: str) -> None:
    text = resource("Workload", f"address: {address}")

    assert errors(text) == {("spec.address", "bad-address")}


@pytest.mark.parametrize(
    ("spec", "path", "code"),
    [
        ("serviceAccountName: a/b", "spec.serviceAccountName", "bad-name"),
        ("ports: [{port: 80}, {port: 80}]", "spec.ports[1].port", "duplicate-port"),
        ("upstreams: [{service: a/b, port: 80}]", "spec.upstreams[0].service", "bad-name"),
        (
            "upstreams: [{service: a, namespace: A, port: 80}]",
            "spec.upstreams[0].namespace",
            "bad-name",
        ),
        (
            "upstreams: [{service: a, port: 80}, {service: a, namespace: default, port: 80}]",
            "spec.upstreams[1]",
            "duplicate-upstream",
        ),
        (
            "upstreams: [{service: a, port: 1, localPort: 9}, {service: b, port: 1, localPort: 9}]",
            "spec.upstreams[1].localPort",
            "port-conflict",
        ),
        (
            "ports: [{port: 9}], upstreams: [{service: a, port: 80, localPort: 9}]",
            "spec.upstreams[0].localPort",
            "port-conflict",
        ),
        ("ports: [{port: 9}], httpProxy: {port: 9}", "spec.httpProxy.port", "port-conflict"),
        (
            "upstreams: [{service: a, port: 80, localPort: 9}], httpProxy: {port: 9}",
            "spec.httpProxy.port",
            "port-conflict",
        ),
        ("httpProxy: {port: 0}", "spec.httpProxy.port", "out-of-range"),
    ],
)
def test_each_mistake_is_one_problem_at_its_field(spec: str, path: str, code: str) -> None:
    assert errors(workload(spec)) == {(path, code)}
