"""Services without their health: accounts, target ports."""

from tests.unit.graph.meshes import codes, compiled, destination_of

from tulle.model.kinds.workload import WorkloadPort
from tulle.testing.builders import (
    is_ready,
    mesh,
    port,
    process,
    service,
    with_conditions,
    workload,
)


def test_callers_know_the_accounts_of_all_selected_workloads_ready_or_not() -> None:
    ready = workload("a", labels={"app": "api"}, account="one")
    sick = with_conditions(workload("b", labels={"app": "api"}, account="two"), is_ready("False"))

    found = destination_of(compiled(mesh(trust_domain="x.y"), service("api"), ready, sick), "api")

    assert found.accounts == ("spiffe://x.y/ns/shop/sa/one", "spiffe://x.y/ns/shop/sa/two")
    assert [str(endpoint.workload) for endpoint in found.endpoints] == ["shop/a"]


def test_a_service_reaches_only_ports_its_workloads_declare() -> None:
    declared = workload("a", labels={"app": "api"})
    other = workload("b", WorkloadPort(port=9999), labels={"app": "api"})

    found = compiled(service("api"), declared, other)

    assert [str(e.workload) for e in destination_of(found, "api").endpoints] == ["shop/a"]
    (problem,) = found.problems
    assert problem.code == "target-port-unknown"
    assert "shop/b" in problem.message


def test_a_process_that_lacks_the_port_is_told_before_it_runs() -> None:
    assert codes(compiled(service("api"), process("api", WorkloadPort(port=1)))) == [
        "target-port-unknown"
    ]


def test_names_of_ports_may_mean_different_numbers_at_different_workloads() -> None:
    workloads = [
        workload(f"w{number}", WorkloadPort(port=number, name="http"), labels={"app": "api"})
        for number in (9080, 9081)
    ]

    found = destination_of(compiled(service("api"), *workloads), "api")

    assert found.target_port == "http"
    assert len(found.endpoints) == 2


def test_virtual_addresses_are_part_of_the_service() -> None:
    found = compiled(mesh(ipv4="240.0.0.0/30"), service("api", port(80)), workload("api"))

    (node,) = found.graph.services.values()
    assert node.addresses[0] in {"240.0.0.1", "240.0.0.2"}
