"""Process: one machine runs all of it, so ports must not meet and variables must exist."""

import pytest
from tests.unit.codec.reading import errors, found, read, resource, warnings

from tulle.codec.checks.process import told_ports, variables_given
from tulle.model.kinds.process import ProcessSpec
from tulle.model.kinds.workload import Upstream, WorkloadPort


def process(spec: str, name: str = "shop") -> str:
    return resource("Process", spec, f"name: {name}")


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "command: [a], ports: [{port: 80, name: http}], health: {http: {path: /ok}}",
        "command: [a], ports: [{port: 80, name: http}], health: {tcp: {port: http}}",
        "command: [a], health: {tcp: {port: 81}, interval: 100ms}",
        "command: [a], health: {exec: {command: ['true']}}, replicas: 3",
        "command: [a, $(PORT), $(A)], env: [{name: A, value: $(PORT_H)}], ports: [{port: 8, name: h}]",
        "command: [a, $(PORT), $(PORT_H)], ports: [{port: 8}, {port: 9, name: h}], replicas: 2",
        "command: [a, $(PORT)], ports: [{port: 80}], replicas: 3",
        "env: [{name: A, value: $(PORT_X)}], ports: [{port: 80, name: x}], replicas: 3",
        "command: [$$(X), $(B_C_ADDR), $(B_C_80_HOST)], upstreams: [{service: b-c, port: 80}]",
        "command: [a, $(HTTP_PROXY), $(no_proxy)], httpProxy: {}, replicas: 2",
    ],
)
def test_what_can_run_is_taken(spec: str) -> None:
    assert found(process(spec)) == set()


@pytest.mark.parametrize(
    ("spec", "path", "code"),
    [
        ("command: ['']", "spec.command[0]", "bad-value"),
        ("serviceAccountName: a_b", "spec.serviceAccountName", "bad-name"),
        ("ports: [{port: 80}, {port: 80}]", "spec.ports[1].port", "duplicate-port"),
        ("ports: [{port: 80}], replicas: 2", "spec.replicas", "port-conflict"),
        (
            "command: [$(PORT)], ports: [{port: 8}, {port: 9, name: h}], replicas: 2",
            "spec.replicas",
            "port-conflict",
        ),
        (
            "replicas: 2, upstreams: [{service: a, port: 80, localPort: 9}]",
            "spec.upstreams[0].localPort",
            "port-conflict",
        ),
        (
            "ports: [{port: 9}], upstreams: [{service: a, port: 80, localPort: 9}]",
            "spec.upstreams[0].localPort",
            "port-conflict",
        ),
        ("replicas: 2, httpProxy: {port: 9}", "spec.httpProxy.port", "port-conflict"),
        ("ports: [{port: 9}], httpProxy: {port: 9}", "spec.httpProxy.port", "port-conflict"),
        ("capture: cgroup", "spec.capture", "capture-without-program"),
        ("health: {}", "spec.health", "missing-field"),
        ("health: {tcp: {port: 1}, exec: {command: [a]}}", "spec.health", "conflict"),
        ("health: {http: {port: 1, path: ok}}", "spec.health.http.path", "bad-path"),
        ("health: {tcp: {}}", "spec.health.tcp.port", "missing-field"),
        ("health: {tcp: {port: 70000}}", "spec.health.tcp.port", "out-of-range"),
        ("health: {http: {port: http}}", "spec.health.http.port", "unknown-port"),
        ("health: {tcp: {port: 1}, interval: 0s}", "spec.health.interval", "out-of-range"),
        ("health: {tcp: {port: 1}, timeout: 0ms}", "spec.health.timeout", "out-of-range"),
        ("env: [{name: A}, {name: A}]", "spec.env[1].name", "duplicate-name"),
        ("env: [{name: A, value: $(A)}]", "spec.env[0].value", "variable-cycle"),
    ],
)
def test_each_mistake_is_one_problem_at_its_field(spec: str, path: str, code: str) -> None:
    assert errors(process(spec)) == {(path, code)}


def test_its_name_is_one_dns_label() -> None:
    assert errors(process("", "a.b")) == {("metadata.name", "bad-name")}


def test_variables_that_need_each_other_are_all_named() -> None:
    env = "{name: A, value: $(B)}, {name: B, value: $(C)}, {name: C, value: $(B)}, {name: D, value: x}"

    assert errors(process(f"env: [{env}]")) == {
        ("spec.env[1].value", "variable-cycle"),
        ("spec.env[2].value", "variable-cycle"),
    }


def test_a_variable_nobody_sets_is_a_warning_that_lists_those_that_are_set() -> None:
    text = process("command: [a, $(PROT)], ports: [{port: 80}], env: [{name: RATE, value: '5'}]")

    [problem] = read(text).problems

    assert warnings(text) == {("spec.command[1]", "unknown-variable")}
    assert "PORT, RATE" in problem.hint


def test_the_ports_a_program_is_told_are_those_whose_variables_it_uses() -> None:
    ports = (WorkloadPort(port=80), WorkloadPort(port=81, name="admin"), WorkloadPort(port=82))

    assert told_ports(ProcessSpec(ports=ports)) == frozenset()
    assert told_ports(ProcessSpec(ports=ports, command=("a", "$$(PORT)"))) == frozenset()
    assert told_ports(ProcessSpec(ports=ports, command=("a", "-p=$(PORT)"))) == {0}
    assert told_ports(ProcessSpec(ports=ports, command=("$(PORT)", "$(PORT_ADMIN)"))) == {0, 1}
    assert told_ports(ProcessSpec(command=("$(PORT)",))) == frozenset()


def test_the_variables_of_ports_and_upstreams_are_those_the_agent_sets() -> None:
    spec = ProcessSpec(
        ports=(WorkloadPort(port=80, name="http-web"),),
        upstreams=(Upstream(service="ratings-v1", port=81),),
    )

    assert variables_given(spec) == {
        *{"PORT", "PORT_HTTP_WEB"},
        *{"RATINGS_V1_HOST", "RATINGS_V1_PORT", "RATINGS_V1_ADDR"},
        *{"RATINGS_V1_81_HOST", "RATINGS_V1_81_PORT", "RATINGS_V1_81_ADDR"},
    }
