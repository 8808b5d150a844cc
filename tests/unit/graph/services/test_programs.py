"""Workloads and Processes, read."""

import msgspec

from tulle.graph.mesh import Endpoint, Protocol
from tulle.graph.services.programs import accepts_traffic, ports_of, read_process, read_workload
from tulle.model.kinds.workload import Workload, WorkloadPort
from tulle.model.names import AccountRef, WorkloadRef
from tulle.model.resources import Condition
from tulle.testing.builders import is_ready, process, with_conditions, workload

DRAINING = Condition(type="Draining", status="True", reason="Draining")


def test_a_flip_of_health_leaves_the_program_as_it_was() -> None:
    ready = workload("api")
    sick = with_conditions(ready, is_ready("False"))

    assert read_workload(ready).program == read_workload(sick).program
    assert read_workload(ready).endpoint == Endpoint(
        "10.0.0.1", 15009, workload=WorkloadRef("shop", "api")
    )
    assert read_workload(sick).endpoint is None


def test_a_workload_takes_traffic_only_when_reported_ready_and_staying() -> None:
    ready = workload("api")

    assert accepts_traffic(ready)
    assert not accepts_traffic(workload("api", mtls_port=None))
    assert not accepts_traffic(with_conditions(ready))
    assert not accepts_traffic(with_conditions(ready, is_ready("Unknown")))
    assert not accepts_traffic(with_conditions(ready, is_ready(), DRAINING))
    assert accepts_traffic(
        with_conditions(ready, is_ready(), msgspec.structs.replace(DRAINING, status="False"))
    )


def being_deleted(found: Workload) -> Workload:
    metadata = msgspec.structs.replace(
        found.metadata, deletion_timestamp="2027-01-15T08:00:00Z", finalizers=("tulle.dev/x",)
    )
    return msgspec.structs.replace(found, metadata=metadata)


def test_a_workload_that_is_being_deleted_gets_nothing_new() -> None:
    ready = workload("api")

    assert read_workload(being_deleted(ready)).endpoint is None
    assert read_workload(being_deleted(with_conditions(ready, LOST))).endpoint is None
    assert read_workload(being_deleted(ready)).program == read_workload(ready).program


LOST = Condition(type="Ready", status="Unknown", reason="AgentLost")


def test_a_workload_whose_agent_was_lost_while_it_took_traffic_is_the_last_resort() -> None:
    lost = with_conditions(workload("api"), LOST)

    found = read_workload(lost).endpoint
    assert found is not None
    assert found.last_resort
    assert not accepts_traffic(lost)
    assert read_workload(with_conditions(lost, LOST, DRAINING)).endpoint is None
    never_ready = msgspec.structs.replace(LOST, status="False")
    assert read_workload(with_conditions(lost, never_ready)).endpoint is None


def test_every_spelling_reaches_one_port_numbers_before_names() -> None:
    ports = ports_of(
        (
            WorkloadPort(port=9090, name="80"),
            WorkloadPort(port=80, name="web"),
            WorkloadPort(port=81, name="web"),
            WorkloadPort(port=80, name="again"),
        )
    )

    assert [(port.number, port.targets, port.index) for port in ports] == [
        (80, ("80", "web"), 1),
        (81, ("81",), 2),
        (9090, ("9090",), 0),
    ]


def test_a_process_declares_its_program_before_it_runs() -> None:
    program = read_process(process("job", WorkloadPort(port=9080, name="grpc")))

    assert program.account == AccountRef("shop", "default")
    assert program.labels == {"app": "job"}
    found = program.port_at("grpc")
    assert found is not None
    assert found.declared is Protocol.GRPC
    assert program.port_at("9081") is None
