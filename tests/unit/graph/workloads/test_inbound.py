"""What a port of a program speaks, seen from its services."""

from tests.unit.graph.meshes import compiled

from tulle.graph.mesh import InboundPort, Protocol
from tulle.model.kinds.workload import WorkloadPort
from tulle.model.resources import Resource
from tulle.testing.builders import port, service, workload

PROGRAM = workload("api", WorkloadPort(port=9080, name="web"))


def _inbound(*resources: Resource) -> InboundPort:
    (node,) = compiled(*resources).graph.workloads.values()
    return node.inbound[0]


def test_the_protocol_of_a_port_is_what_its_services_say() -> None:
    assert _inbound(PROGRAM).protocol is Protocol.TCP
    assert (
        _inbound(PROGRAM, service("api", port(80, "grpc", target="web"))).protocol is Protocol.GRPC
    )


def test_where_services_differ_nothing_is_assumed_so_that_no_banner_slips_out() -> None:
    one = service("api", port(80, "http", target="web"))
    two = service("raw", port(80, "tcp", target=9080), selector={"app": "api"})

    assert _inbound(PROGRAM, one, two).protocol is Protocol.TCP


def test_without_a_service_the_program_speaks_for_itself() -> None:
    assert (
        _inbound(workload("api", WorkloadPort(port=1, app_protocol="http2"))).protocol
        is Protocol.HTTP2
    )


def test_a_port_has_its_number_and_its_name_as_targets() -> None:
    assert _inbound(PROGRAM).targets == ("9080", "web")
    assert _inbound(PROGRAM).origin.field == "spec.ports[0]"
    assert not _inbound(PROGRAM).parse_http
