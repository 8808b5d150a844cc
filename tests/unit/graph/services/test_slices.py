"""Endpoints by hand."""

import msgspec
from tests.unit.graph.meshes import codes, compiled, destination_of

from tulle.graph.mesh import Endpoint
from tulle.model.kinds.endpoint_slice import EndpointConditions, EndpointSlice, SlicePort
from tulle.model.kinds.workload import WorkloadPort
from tulle.model.names import WorkloadRef
from tulle.testing.builders import is_ready, port, service, slice_of, with_conditions, workload

BY_HAND = service("db", port(80, "http", name="http"), selector={})
VM = workload("vm", WorkloadPort(port=80), account="vm")


def _with(slice_: EndpointSlice, **conditions: bool) -> EndpointSlice:
    endpoints = tuple(
        msgspec.structs.replace(one, conditions=EndpointConditions(**conditions))
        for one in slice_.endpoints
    )
    return msgspec.structs.replace(slice_, endpoints=endpoints)


def test_plain_endpoints_are_taken_as_listed() -> None:
    found = compiled(BY_HAND, slice_of("db", "10.5.0.2", "10.5.0.1", number=5432))

    assert destination_of(found, "db").endpoints == (
        Endpoint("10.5.0.1", 5432, secure=False),
        Endpoint("10.5.0.2", 5432, secure=False),
    )


def test_a_workload_is_reached_through_its_proxy_and_its_account_is_pinned() -> None:
    destination = destination_of(compiled(BY_HAND, VM, slice_of("db", workloads=["vm"])), "db")

    assert destination.endpoints == (
        Endpoint("10.0.0.1", 15009, workload=WorkloadRef("shop", "vm")),
    )
    assert destination.accounts == ("spiffe://mesh.local/ns/shop/sa/vm",)
    assert destination.target_port == "80"


def test_a_workload_that_cannot_be_reached_securely_is_not_reached_in_plaintext() -> None:
    sick = with_conditions(VM, is_ready("False"))
    for workloads in ([sick], [workload("vm", WorkloadPort(port=80), mtls_port=None)], []):
        found = compiled(BY_HAND, *workloads, slice_of("db", workloads=["vm"]))

        assert destination_of(found, "db").endpoints == ()


def test_an_unknown_workload_is_told() -> None:
    assert codes(compiled(BY_HAND, slice_of("db", workloads=["nobody"]))) == [
        "endpoint-target-unknown"
    ]


def test_a_port_the_workload_does_not_declare_is_told_and_not_used() -> None:
    found = compiled(BY_HAND, VM, slice_of("db", workloads=["vm"], number=81))

    assert codes(found) == ["target-port-unknown"]
    assert destination_of(found, "db").endpoints == ()


def test_endpoints_that_are_not_ready_or_are_leaving_get_nothing() -> None:
    for conditions in ({"ready": False}, {"terminating": True}):
        for slice_ in (slice_of("db", "10.5.0.1"), slice_of("db", workloads=["vm"])):
            found = compiled(BY_HAND, VM, _with(slice_, **conditions))

            assert destination_of(found, "db").endpoints == ()


def test_ports_are_paired_by_name() -> None:
    found = compiled(BY_HAND, slice_of("db", "10.5.0.1", port_name="other"))

    assert destination_of(found, "db").endpoints == ()


def test_a_slice_nobody_uses_is_told() -> None:
    assert codes(compiled(slice_of("db", "10.5.0.1"))) == ["endpoint-slice-unused"]
    selecting = compiled(service("db"), workload("db"), slice_of("db", "10.5.0.1"))
    assert codes(selecting) == ["endpoint-slice-unused"]


def test_workloads_with_different_ports_behind_one_are_told() -> None:
    other = workload("other", WorkloadPort(port=81), mtls_port=15010)
    two = msgspec.structs.replace(
        slice_of("db", workloads=["other"], number=81),
        metadata=msgspec.structs.replace(slice_of("db").metadata, name="db-2"),
    )

    found = compiled(BY_HAND, VM, other, slice_of("db", workloads=["vm"]), two)

    assert codes(found) == ["endpoint-port-mismatch"]
    assert [str(e.workload) for e in destination_of(found, "db").endpoints] == ["shop/vm"]


def test_only_tcp_ports_of_a_slice_count() -> None:
    slice_ = msgspec.structs.replace(
        slice_of("db", "10.5.0.1"), ports=(SlicePort(port=80, name="http", protocol="UDP"),)
    )

    assert destination_of(compiled(BY_HAND, slice_), "db").endpoints == ()
