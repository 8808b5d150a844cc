"""Where the protocol of a service port is declared."""

from tests.unit.graph.meshes import backends, codes, compiled, to

from tulle.graph.mesh import Protocol
from tulle.model.kinds.process import Process
from tulle.model.kinds.service import Service
from tulle.model.kinds.workload import Workload, WorkloadPort
from tulle.testing.builders import port, process, service, workload

BARE = service("api", port(80, target=9080))


def _declared(*resources: Service | Workload | Process) -> Protocol | None:
    return backends(*resources).declarations.protocols[to("api")]


def test_the_service_speaks_before_its_workloads() -> None:
    grpc = workload("api", WorkloadPort(port=9080, app_protocol="grpc"))

    assert _declared(service("api", port(80, "http", target=9080)), grpc) is Protocol.HTTP
    assert _declared(BARE, grpc) is Protocol.GRPC


def test_a_process_speaks_before_its_workloads_exist() -> None:
    assert _declared(BARE, process("api", WorkloadPort(port=9080, name="http"))) is Protocol.HTTP


def test_where_nobody_says_anything_nothing_is_declared() -> None:
    assert _declared(BARE, workload("api", WorkloadPort(port=9080))) is None


def test_workloads_that_disagree_are_told_and_the_least_is_taken() -> None:
    mixed = (
        workload("a", WorkloadPort(port=9080, name="grpc"), labels={"app": "api"}),
        workload("b", WorkloadPort(port=9080, name="tcp"), labels={"app": "api"}),
    )

    assert _declared(BARE, *mixed) is Protocol.TCP
    assert codes(compiled(BARE, *mixed)) == ["protocol-disagreement"]


def test_a_service_that_selects_nothing_is_told_unless_a_process_will_be_there() -> None:
    assert "service-selects-nothing" in codes(compiled(BARE))
    assert codes(compiled(BARE, process("api", WorkloadPort(port=9080)))) == []
    assert codes(compiled(service("api", selector={}))) == []
