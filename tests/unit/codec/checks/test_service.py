"""Service: ports, addresses, and types that exclude each other."""

import pytest
from tests.unit.codec.reading import errors, found, resource, warnings


def service(spec: str, name: str = "reviews") -> str:
    return resource("Service", spec, f"name: {name}", "v1")


@pytest.mark.parametrize(
    "spec",
    [
        "ports: [{port: 80}]",
        "ports: [{port: 80, targetPort: http, nodePort: 30080}], type: NodePort",
        "clusterIP: None",
        "clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, 'fd00::1'], ports: [{port: 80}]",
        "type: ExternalName, externalName: example.com",
    ],
)
def test_what_kubernetes_takes_is_taken(spec: str) -> None:
    assert found(service(spec)) == set()


@pytest.mark.parametrize("name", ["1a", "a.b"])
def test_its_name_begins_with_a_letter_and_has_no_dots(name: str) -> None:
    assert errors(service("ports: [{port: 80}]", name)) == {("metadata.name", "bad-name")}


@pytest.mark.parametrize(
    ("spec", "path", "code"),
    [
        ("selector: {a: b}", "spec.ports", "missing-field"),
        (
            "ports: [{port: 80, name: a}, {port: 80, name: b}]",
            "spec.ports[1].port",
            "duplicate-port",
        ),
        (
            "ports: [{port: 80, name: a}, {port: 81, name: a}]",
            "spec.ports[1].name",
            "duplicate-name",
        ),
        ("ports: [{port: 80, name: a}, {port: 81}]", "spec.ports[1].name", "missing-field"),
        ("ports: [{port: 80, targetPort: '80'}]", "spec.ports[0].targetPort", "bad-name"),
        ("ports: [{port: 80, nodePort: 70000}]", "spec.ports[0].nodePort", "out-of-range"),
        ("ports: [{port: 80}], clusterIP: x", "spec.clusterIP", "bad-address"),
        ("clusterIP: None, type: NodePort, ports: [{port: 80}]", "spec.clusterIP", "conflict"),
        (
            "ports: [{port: 80}], clusterIP: 10.0.0.1, clusterIPs: [10.0.0.2]",
            "spec.clusterIPs",
            "conflict",
        ),
        (
            "ports: [{port: 80}], clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, 10.0.0.2]",
            "spec.clusterIPs",
            "conflict",
        ),
        ("ports: [{port: 80}], externalName: a.b", "spec.externalName", "conflict"),
        ("type: ExternalName", "spec.externalName", "missing-field"),
        ("type: ExternalName, externalName: 10.0.0.1", "spec.externalName", "bad-host"),
        (
            "type: ExternalName, externalName: a.b, clusterIP: 10.0.0.1",
            "spec.clusterIP",
            "conflict",
        ),
        ("type: ExternalName, externalName: a.b, selector: {a: b}", "spec.selector", "conflict"),
    ],
)
def test_each_mistake_is_one_problem_at_its_field(spec: str, path: str, code: str) -> None:
    assert errors(service(spec)) == {(path, code)}


def test_an_address_of_a_list_is_named_by_its_index() -> None:
    spec = "ports: [{port: 80}], clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, x]"

    assert errors(service(spec)) == {("spec.clusterIPs[1]", "bad-address")}


def test_one_number_may_serve_two_protocols_and_udp_is_left_alone() -> None:
    spec = "ports: [{port: 53, name: tcp}, {port: 53, name: udp, protocol: UDP}]"

    assert errors(service(spec)) == set()
    assert warnings(service(spec)) == {("spec.ports[1].protocol", "not-carried")}
